"""A generator that two threads run."""

from __future__ import annotations

import pytest

from ..telling import in_threads, quiet, texts
from ..telling import timeline_of_finding as timeline_of

pytestmark = quiet


def numbers():
    for number in range(3):  # noqa: UP028
        yield number


@pytest.mark.parametrize("way", ["list", "send"])
def test_two_threads_run_one_generator(way):
    def body():
        generator = numbers()
        if way == "send":
            next(generator)

        def run():
            if way == "list":
                list(generator)
            else:
                generator.send(1)

        in_threads(left=run, right=run)

    timeline = timeline_of(body)
    what = "generator" if way == "list" else "a generator"
    assert timeline.bug == f"Race condition on {what}: two threads run one generator"
    assert timeline.help == "hold one lock around each call that runs it, or give each thread its own generator"
    assert {text.partition(" ")[0] for text in texts(timeline)} == {"left", "right"}
