"""Runs the programs without control, to show that they are correct: real threads, real time.

    python -m pytest -p no:interleave -p tests.quality.correct_programs.plain tests/quality/correct_programs

Programs that would take hours of real time are left out, and so is the run under a second strategy.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest


def pytest_configure(config):
    config.addinivalue_line("markers", "concurrency: has no meaning here")


def pytest_collection_modifyitems(config, items):
    others = [item for item in items if "hours" in item.name or "second_strategy" in item.nodeid]
    if others:
        items[:] = [item for item in items if item not in others]
        config.hook.pytest_deselected(items=others)


class RunConcurrent:
    def __call__(self, function, *args, workers=2, timeout=None, **kwargs):
        return self._run([lambda: function(*args, **kwargs)] * workers, timeout)

    def each(self, function, items, *, timeout=None):
        return self._run([lambda item=item: function(item) for item in items], timeout)

    def together(self, *functions, timeout=None):
        return self._run(functions, timeout)

    def _run(self, functions, timeout):
        results, errors = [None] * len(functions), []

        def call(index, function):
            try:
                results[index] = function()
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=call, args=pair) for pair in enumerate(functions)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout)
            if thread.is_alive():
                raise TimeoutError
        if errors:
            raise BaseExceptionGroup("workers failed", errors)
        return results


@pytest.fixture
def run_concurrent():
    return RunConcurrent()


@pytest.fixture
def thread_pool():
    with ThreadPoolExecutor() as pool:
        yield pool


@pytest.fixture
def barrier():
    return threading.Barrier(2, timeout=10)
