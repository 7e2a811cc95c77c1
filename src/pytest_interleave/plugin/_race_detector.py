"""What the fixture `race_detector` gives."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from .._warnings import InterleaveWarning
from ..control import current_task
from ..detect import Race, Watchlist

if TYPE_CHECKING:
    from ._outcomes import Outcomes

Thing = TypeVar("Thing")


class RaceDetector:
    """Finds accesses of different threads to the same thing that nothing orders; the fixture `race_detector`.

    A data race on what is watched fails the test, in whichever execution it happens.
    """

    def __init__(self, watchlist: Watchlist, *, marked: bool, seed: int) -> None:
        self._watchlist = watchlist
        self._marked = marked
        self._seed = seed
        self._explores = False
        #: Where something was watched that nothing accesses under control, so far.
        self._idle_since: tuple[str, int] | None = None

    def watch(self, obj: Thing, *names: str) -> Thing:
        """Report data races on `obj`, and give it back: an instance, a dict, list or set, a module, a class.

        Of a class that is its own attributes, and every instance of it, those made later included. With `names`, only
        these attributes, or keys, count. What an attribute refers to is not watched: a list has to be named itself.

        Raises `TypeError` for what cannot have races (a number, a string, a lock), or names that are no strings.
        """
        task = current_task()
        self._watchlist.watch(obj, names, 0 if task is None else len(task.log))
        if task is None and not self._marked and not self._explores and self._idle_since is None:
            frame = sys._getframe(1)
            self._idle_since = (frame.f_code.co_filename, frame.f_lineno)
        return obj

    def _warn_if_idle(self) -> None:
        """At the end of a test without the marker: `explore` may always have followed."""
        if self._idle_since is not None:
            warnings.warn_explicit(
                "race_detector.watch watches nothing, because the test is not under control: mark it with "
                "@pytest.mark.concurrency, or let race_detector.explore() call what accesses the object",
                InterleaveWarning,
                *self._idle_since,
            )

    def allow(self, *what: str) -> None:
        """Do not report races that are known to do no harm.

        Each is the name of an attribute or variable (`"hits"`), an attribute with its class (`"Stats.hits"`), or the
        place of one of the two accesses (`"stats.py:12"`).

        Raises `TypeError` without arguments or for what is no string, `ValueError` for a string that is none of these.
        """
        self._watchlist.allow(what)

    @property
    def races(self) -> list[Race]:
        """The data races of the present execution so far.

        Values are not recorded in them. Not among them are those on containers and closure variables that only
        `races=True` looks at: for them, the end of the execution comes first.
        """
        task = current_task()
        return [] if task is None else self._watchlist.races(list(task.log))

    def explore(
        self,
        func: Callable[..., object],
        *,
        workers: int = 2,
        schedules: int = 100,
        setup: Callable[[], object] | None = None,
    ) -> Outcomes:
        """Call `func` in `workers` threads at once, under `schedules` schedules, and count the distinct outcomes.

        An outcome is what the workers returned, as a tuple in their order; with `workers=1`, what `func` returned,
        which can start threads itself. A worker that raised counts as `("raised", type, message)`, and so does a
        deadlock. The answer maps each distinct outcome to how many schedules had it.

        State that is made outside of `func` lasts from one schedule to the next. So `func` must make its own; or
        `setup` makes what the workers share, is called before each schedule, and `func` is given what it returns.

        Raises `TypeError` for what a call does not run, such as a coroutine function; `RuntimeError` in a test with the
        marker, which is explored itself; `DataRace` for a race on what is watched: by `func`, by `setup`, or before.
        """
        __tracebackhide__ = True
        if self._marked or current_task() is not None:
            raise RuntimeError(
                "race_detector.explore() is for tests without the marker: this test runs under control already, and "
                "is itself explored"
            )
        from ._outcomes import explore

        self._idle_since = None
        self._explores = True
        try:
            return explore(func, workers, schedules, self._seed, self._watchlist, setup)
        finally:
            self._explores = False
