"""Event loops in marked tests: virtual time, no warnings, and findings that name the loop."""

from __future__ import annotations


def test_a_loop_in_a_marked_test_is_controlled(run):
    done = run(
        """
import asyncio

@pytest.mark.concurrency(schedules=10)
def test_sleep(run_concurrent):
    async def main():
        async with asyncio.timeout(7200):
            before = time.monotonic()
            await asyncio.sleep(3600)
            return time.monotonic() - before

    assert all(3600 <= took < 3601 for took in run_concurrent(lambda: asyncio.run(main())))
""",
        "-Werror",
        "-v",
    )
    done.result.assert_outcomes(passed=1)
    assert "not controlled" not in done.text


def test_a_loop_that_nothing_wakes_is_named(run):
    done = run(
        """
import asyncio

@pytest.mark.concurrency
def test_forever():
    async def main():
        loop, event = asyncio.get_running_loop(), asyncio.Event()
        threading.Thread(target=lambda: loop.call_soon(event.set)).start()
        await event.wait()

    asyncio.run(main())
"""
    )
    done.result.assert_outcomes(failed=1)
    done.result.stdout.fnmatch_lines(["*main waits for an event of the event loop at *"])
