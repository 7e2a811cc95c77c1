"""Settings of the whole process: who changes them is recorded, and they are changed as before."""

from __future__ import annotations

import locale
import os
import sys
import threading
import warnings
from collections.abc import Callable

import pytest

from pytest_interleave.control.steps import WRITE
from pytest_interleave.detect import uncontrolled_in
from tests.driving import execute, require_good_end

from .conftest import used


def enter_filters() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")


DOES: dict[str, tuple[Callable[[], object], str]] = {
    "umask": (lambda: os.umask(os.umask(0o77)), "the file mode mask"),
    "recursion limit": (lambda: sys.setrecursionlimit(sys.getrecursionlimit()), "the recursion limit"),
    "locale": (lambda: locale.setlocale(locale.LC_ALL, locale.setlocale(locale.LC_ALL)), "the locale"),
    "warning filters": (enter_filters, "the warning filters"),
}
if getattr(sys.flags, "context_aware_warnings", False):
    # Each thread has its own.
    del DOES["warning filters"]


@pytest.mark.parametrize("kind", DOES)
def test_a_change_is_recorded(kind: str) -> None:
    do, name = DOES[kind]
    assert set(used(do)) == {(name, WRITE, "set")}


@pytest.mark.parametrize("kind", DOES)
@pytest.mark.parametrize("locked", [False, True])
def test_two_threads_that_change_it_are_not_controlled_unless_ordered(kind: str, locked: bool) -> None:
    do, name = DOES[kind]
    lock = threading.Lock()

    def work() -> None:
        if locked:
            with lock:
                do()
        else:
            do()

    def body() -> None:
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    outcome = execute(body)
    require_good_end(outcome)
    found = [(reason.kind, reason.what) for reason in uncontrolled_in(outcome)]
    assert found == ([] if locked else [("setting", name)])


def test_settings_are_set_and_put_back() -> None:
    def body() -> None:
        before = os.umask(0o22)
        assert os.umask(before) == 0o22
        filters = list(warnings.filters)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warnings.warn("seen", stacklevel=1)
        assert [str(each.message) for each in caught] == ["seen"]
        assert warnings.filters == filters
        with pytest.raises(ValueError, match="recursion"):
            sys.setrecursionlimit(0)

    require_good_end(execute(body))
