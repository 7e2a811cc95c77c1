"""Runs the body of one item many times under control, each time with fresh function-scoped fixtures."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest

from ....control import LONGEST, Control, FixturesBeingMade, Outcome, Recorder, records_read
from ....control.interpreter import real_seconds
from ....explore import NonPreemptive
from ...items._fixtures_within import FixturesWithin, watch_set_up
from ...items._plain_fixtures import PlainFixtures, plain_fixtures
from ...items._raised import came_by_signal, request_to_stop
from ...items._records import Records
from ...items._repeated_hooks import alone_with_call, alone_with_fixtures, hooks_found_once
from ...items._subtests import with_gathered_subtests
from ...items._temporary_directory import directory_of, remove_directory
from ...items._unittest import UnittestBody
from ...items._worker_fixtures import WorkerFixtures
from ...items._workers import in_workers, nothing
from ...settings._settings import Settings
from ._explained_assertions import explained_aside
from ._first_run import FirstRun, Undisturbed
from ._kept_state import Changed, KeptState, changed, code_of, state_now

#: A body runs in one worker alone, in all of them one after another, or in all at once.
Way = Literal["alone", "one by one", "at once"]

#: An execution of a test without a time limit is ended after this many seconds of processor time.
_LONGEST_WITHOUT_LIMIT = 600.0
#: Fixtures of these modules have nothing to do with threads of tests, but refer to all objects of pytest.
_NOT_THE_TESTS = ("_pytest.", "pytest_interleave.")

#: At most this many executions are run to see which threads of fixtures can be controlled; others stay uncontrolled.
_LEARNING = 5


class Executions:
    """Runs the executions of one item. Its context is entered once, in the thread that runs the test."""

    def __init__(self, item: pytest.Function, settings: Settings, own_fixtures: WorkerFixtures | None = None) -> None:
        self.item = item
        self.settings = settings
        self._own_fixtures = own_fixtures
        self.count = 0
        #: Seconds of real time that the last execution took.
        self.took = 0.0
        #: An execution is ended after this many seconds of processor time.
        self._longest = _LONGEST_WITHOUT_LIMIT if math.isinf(settings.seconds) else max(LONGEST, settings.seconds)
        #: The time that the strategy may let pass, as a position in `LEAPS`; None if it may not.
        self.leap: int | None = None
        #: What the first execution has shown; None before it.
        self.first: FirstRun | None = None
        #: Whether no execution so far has preempted a thread.
        self.always_plain = True
        #: What outlives executions, before the first one and before the second one.
        self._states: list[KeptState] = []
        #: The way in which several workers run the body.
        self.way: Way = "at once"
        #: The number of the worker that runs the body alone.
        self.only = 0
        #: Whether the fixtures of the last execution are being ended.
        self.tearing_down = False
        #: Whether a finding is known. Then errors of fixtures that end are ignored, except in the last execution, where
        #: pytest reports them.
        self.found = False
        #: None if the item is not a test of a `unittest.TestCase`.
        self.unittest = UnittestBody(item) if hasattr(item, "_addexcinfo") else None
        self._fresh = True
        self._within = FixturesWithin(item, self._tear_down)
        #: Notes whether pytest starts threads when it sets up the test, and then when the test is ended.
        self._starts = watch_set_up()
        self._knows_ends = False
        #: Whether the next execution is prepared.
        self._prepared = False
        self._records = Records(item)
        self._control: Control
        self._resources = contextlib.ExitStack()
        #: Functions to be called when control of the last execution has been taken away, each once.
        self._at_end: dict[Callable[[], object], None] = {}
        self._runtest = item.runtest
        self._function = item.obj
        self._in_class = isinstance(item.parent, pytest.Class)
        self._alone_with_fixtures = alone_with_fixtures(item) and self.unittest is None
        self._plain: PlainFixtures | None = None
        self._pytest_calls = alone_with_call(item)
        self._arguments = item._fixtureinfo.argnames
        self._benchmarked = "benchmark" in item.fixturenames

    def __enter__(self) -> Executions:
        self._resources.enter_context(hooks_found_once(self.item))
        self._resources.enter_context(explained_aside())
        self._control = self._resources.enter_context(Control(self._outliving, self._values))
        caplog_handler = self._records.caplog_handler
        if caplog_handler is not None:
            self._resources.enter_context(records_read(caplog_handler))
        return self

    def __exit__(self, *exception: Any) -> None:
        self._resources.__exit__(*exception)
        benchmark: Any = self.item.funcargs.get("benchmark") if self._benchmarked else None
        if getattr(benchmark, "_mode", "") is None:
            # What was set up last was not run; pytest-benchmark would warn that it was not used.
            benchmark(nothing)
        for function in self._at_end:
            function()

    def call_at_end(self, function: Callable[[], object]) -> None:
        """Have `function` called once, when nothing is under control any more."""
        self._at_end[function] = None

    @contextlib.contextmanager
    def set_up_by_pytest(self) -> Iterator[None]:
        """Note whether fixtures start threads, as long as the context is entered: pytest sets up the test in it."""
        with FixturesBeingMade(), self._starts:
            yield

    def learn_from_set_up(self) -> Outcome | None:
        """Make fixtures a part of each execution if they have started threads when pytest set up the test.

        Those threads are not under control, but the fixtures cannot be ended before the test: they may wait for what
        it does. So it is run once with them, and nothing is concluded from that. A second execution shows which
        threads of fixtures cannot be controlled. Returns the outcome of an execution that a time limit has ended.
        """
        if not self._starts.seen:
            return None
        within = self._within
        self.found = within.ends = self._knows_ends = True
        try:
            for learned in range(_LEARNING):
                self.prepare()
                outcome = self.run(NonPreemptive())
                if came_by_signal(outcome.exception):
                    return outcome
                if learned > 0 and not self._control.leave_blocked_alone():
                    # With none left to control, pytest can make them again.
                    within.makes = self._control.fixtures_threads > 0
                    break
                within.makes = True
        finally:
            self.found = False
            within.ends = within.ends_start_threads
        self.count = 0
        return None

    def be_patient(self) -> None:
        """Wait, from now on, with full patience for what is not controlled: see `Outcome.hurried`."""
        self._control.patient = True

    @property
    def long_sleeps(self) -> bool:
        """Whether sleeps last long, from now on, while others work: see `Outcome.woke_early`."""
        return self._control.long_sleeps

    @long_sleeps.setter
    def long_sleeps(self, value: bool) -> None:
        self._control.long_sleeps = value

    @property
    def set_up_error(self) -> BaseException | None:
        """The exception of making the fixtures in the last execution, if that was a part of it."""
        return self._within.set_up_error

    @property
    def teardown_error(self) -> BaseException | None:
        """The exception of ending the fixtures in the last execution, if that was a part of it."""
        return self._within.teardown_error

    def end_within(self) -> None:
        """End the fixtures within each execution from now on, so that what this does is seen."""
        self._knows_ends = self._within.ends = True

    def learn_from_end(self) -> bool:
        """End the fixtures of the first execution; if that starts threads, make it a part of each execution.

        Returns whether it does. The next execution is prepared then.
        """
        if self._knows_ends or not self._within.matter:
            return False
        self.prepare_ahead()
        return self._within.ends

    def prepare_ahead(self) -> None:
        """Make the fixtures of the next execution now; `prepare` does nothing then."""
        self.prepare()
        self._prepared = True

    def prepare(self) -> None:
        """Make the function-scoped fixtures again; for the first execution, pytest has made them."""
        if self._prepared:
            self._prepared = False
            return
        if self._fresh:
            self._fresh = False
            if self._alone_with_fixtures:
                self._plain = plain_fixtures(self.item)
            return
        item = self.item
        within = self._within
        plain = self._plain
        if plain is not None and (within.makes or not plain.still_suffices()):
            plain = self._plain = None
        if plain is None and not within.ended:
            self.tearing_down = True
            try:
                self._tear_down_after()
            except pytest.exit.Exception:
                raise
            except (Exception, BaseExceptionGroup, pytest.fail.Exception, pytest.skip.Exception):
                if not self.found:
                    raise
            self.tearing_down = False
        within.forget()
        self._records.forget(self.count)
        if self._in_class and hasattr(item, "_instance"):
            # As pytest does for each test: a new instance of its class.
            del item._instance
            item._obj = None
        elif self.unittest is None:
            item.obj = self._function
        self._control.prepare()
        if plain is not None:
            with FixturesBeingMade():
                plain.make()
            return
        item._initrequest()
        if self._own_fixtures is not None:
            self._own_fixtures.set_up()
        if not within.makes:
            with FixturesBeingMade():
                item.session._setupstate.setup(item)
            if self._benchmarked:
                self._measure_nothing()

    def _measure_nothing(self) -> None:
        """Let pytest-benchmark call what it is given once: it would measure virtual time, for a million rounds."""
        benchmark: Any = self.item.funcargs.get("benchmark")
        if hasattr(benchmark, "disabled"):
            benchmark.disabled = True

    def _tear_down_after(self) -> None:
        """End the fixtures after an execution; the first time, learn whether that starts threads."""
        if self._knows_ends:
            self._tear_down()
            return
        self._knows_ends = True
        starts = self._within.watch_end()
        try:
            with starts:
                self._tear_down()
        finally:
            self._within.ends = starts.seen

    def _outliving(self) -> Iterator[object]:
        """Yield the values of fixtures that end after an execution, and may then wake a thread.

        The fixtures of the test itself have ended before; but a value may have a `__del__` that is called later.
        """
        for definitions in self.item._fixtureinfo.name2fixturedefs.values():
            for definition in definitions:
                if definition.cached_result is not None and not definition.func.__module__.startswith(_NOT_THE_TESTS):
                    value = definition.cached_result[0]
                    if definition.scope != "function" or hasattr(type(value), "__del__"):
                        yield value
        # Values of fixtures that ended within the execution.
        yield from (value for value in self.item.funcargs.values() if hasattr(type(value), "__del__"))

    def _values(self) -> Iterator[object]:
        """Yield the values of fixtures, and others that outlive an execution."""
        yield from self._own_values()
        yield from self._outliving()

    def threads_of_others(self, outcome: Outcome) -> list[str]:
        """Return the names of threads in an execution that a run of the test alone would not have."""
        return self._control.threads_of_others(outcome, self._own_values())

    def _own_values(self) -> Iterator[object]:
        """Yield the values of the test's fixtures, and those that their generators and finalizers refer to."""
        yield from self.item.funcargs.values()
        yield self.item.obj
        yield getattr(self.item, "instance", None)
        for definitions in self.item._fixtureinfo.name2fixturedefs.values():
            for definition in definitions:
                yield definition.cached_result
                for end in definition._finalizers:
                    # The variables of a fixture with `yield`.
                    for generator in getattr(end, "args", ()):
                        frame = getattr(generator, "gi_frame", None)
                        if frame is not None:
                            yield from frame.f_locals.values()

    def _tear_down(self) -> None:
        """End the function-scoped fixtures as pytest does after a test, but let the item be run again."""
        item = self.item
        directory = directory_of(item)
        stash = item.stash._storage
        kept = dict(stash)
        try:
            item.session._setupstate.teardown_exact(item.parent)  # type: ignore[arg-type]
        finally:
            for key, value in kept.items():
                # Fixtures put values there once for an item, and remove them when they end.
                stash.setdefault(key, value)
            if directory is not None:
                remove_directory(item.config, directory)

    def run(self, strategy: Any, *, detail: bool = False, recorder: Recorder | None = None) -> Outcome:
        """Run the body once; raise a request to stop pytest (`pytest.exit` in any thread, or Ctrl-C)."""
        self.count += 1
        undisturbed: Any = Undisturbed(strategy) if self.always_plain else None
        began = real_seconds()
        outcome = self._control.run(
            self._body(),
            undisturbed or strategy,
            max_steps=self.settings.max_steps,
            longest=self._longest,
            leap=self.leap,
            detail=detail,
            recorder=recorder,
        )
        self.took = real_seconds() - began
        request = None if outcome.uneventful else request_to_stop(outcome)
        if request is not None:
            raise request
        if undisturbed is not None:
            self.always_plain = undisturbed.is_plain
        if self.first is None:
            self.first = FirstRun.of(outcome)
        return outcome

    def changed_variables(self) -> Changed:
        """Return the variables that the test uses and that earlier executions have changed.

        An execution must be prepared, so that fixtures may have reset them.
        """
        if not self._states or self._within.makes:
            return Changed((), ())
        return changed(*self._states, state_now(self.item), roots=code_of(self.item, self._function))

    def _body(self) -> Callable[[], object]:
        """Return the body of an execution: the test, with its fixtures if they are a part of executions."""
        within = self._within
        if within.makes:
            # The call of the test depends on its fixtures.
            return within.around(lambda: self._test()())
        return within.around(self._test()) if within.matter else self._test()

    def _test(self) -> Callable[[], object]:
        """Return a function that runs the test with the fixtures that are made."""
        item = self.item
        if len(self._states) < 2 and not self._within.makes:
            self._states.append(state_now(self.item))
        if self._benchmarked:
            self._measure_nothing()
        if self.settings.workers > 1:
            in_turn, only = self.way == "one by one", self.only if self.way == "alone" else None
            item.obj = in_workers(item.obj, self.settings.workers, self._own_fixtures, in_turn=in_turn, only=only)
        unittest = self.unittest
        if unittest is not None:
            return lambda: unittest.run(self._runtest)
        subtests = item.funcargs.get("subtests")
        if hasattr(subtests, "test"):
            # The fixture of pytest 9, or of the plugin pytest-subtests.
            return with_gathered_subtests(self._runtest, subtests)
        if self.count > 1 and self._pytest_calls:
            # The same call without the hook, which would find out again what kind of function it is.
            function, arguments = item.obj, item.funcargs
            return lambda: function(**{name: arguments[name] for name in self._arguments})
        return self._runtest

    def release_values(self) -> None:
        """Keep nothing of the test alive: there are no more executions."""
        self._function = self._runtest = nothing
        self._plain = None

    def close(self) -> None:
        """Drop all references, see `TestRunner.close`."""
        vars(self).clear()

    def forget_output(self) -> None:
        """Drop what earlier executions have printed: it is not part of this one's report."""
        self._records.forget_output()
