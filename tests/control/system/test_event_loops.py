"""Event loops of `asyncio` under control: what they wait for takes no real time, and is a choice of the scheduler."""

from __future__ import annotations

import asyncio
import selectors
import socket
import threading
import time
from asyncio.selector_events import BaseSelectorEventLoop

import pytest

from pytest_interleave.control import Control
from pytest_interleave.explore import RandomWalk
from tests.driving import check, execute, executions, require_good_end, value_of

pytestmark = pytest.mark.skipif(
    not issubclass(asyncio.SelectorEventLoop, BaseSelectorEventLoop), reason="other event loops wait elsewhere"
)


def test_an_hour_s_sleep_takes_an_hour_of_virtual_time_only() -> None:
    real_before = time.monotonic()

    async def main() -> float:
        loop = asyncio.get_running_loop()
        before = loop.time(), time.monotonic()
        await asyncio.sleep(3600)
        assert loop.time() - before[0] >= 3600
        return time.monotonic() - before[1]

    assert 3600 <= value_of(lambda: asyncio.run(main())) < 3601
    assert time.monotonic() - real_before < 3600


def test_sleeps_end_in_the_order_of_their_ends() -> None:
    async def main() -> None:
        ended: list[int] = []

        async def sleep(seconds: int) -> None:
            await asyncio.sleep(seconds)
            ended.append(seconds)

        before = time.monotonic()
        await asyncio.gather(*map(sleep, (30, 10, 20)))
        assert ended == [10, 20, 30]
        assert 30 <= time.monotonic() - before < 31

    check(lambda: asyncio.run(main()), walks=3)


def test_a_timeout_of_a_loop_does_not_expire_while_another_thread_works() -> None:
    def body() -> None:
        ended: list[int] = []
        lock = threading.Lock()

        async def main() -> None:
            loop = asyncio.get_running_loop()
            answer: asyncio.Future[int] = loop.create_future()

            def work() -> None:
                for _ in range(300):
                    with lock:
                        pass
                loop.call_soon_threadsafe(answer.set_result, 1)

            thread = threading.Thread(target=work)
            thread.start()
            async with asyncio.timeout(1):
                ended.append(await answer)
            thread.join()

        asyncio.run(main())
        assert ended == [1]

    check(body, walks=5)


def test_calls_from_threads_come_in_every_order() -> None:
    orders: set[str] = set()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        came: list[str] = []
        all_came = asyncio.Event()

        def come(name: str) -> None:
            came.append(name)
            if len(came) == 2:
                all_came.set()

        threads = [threading.Thread(target=loop.call_soon_threadsafe, args=(come, name)) for name in "ab"]
        for thread in threads:
            thread.start()
        await all_came.wait()
        for thread in threads:
            thread.join()
        orders.add("".join(came))

    check(lambda: asyncio.run(main()))
    assert orders == {"ab", "ba"}


def test_a_woken_loop_continues_while_other_threads_can_run() -> None:
    """It need not wait until all others are blocked: some schedules let it continue at once."""
    left: set[bool] = set()

    def body() -> None:
        working = [True]
        flag = threading.Event()

        async def main() -> None:
            loop = asyncio.get_running_loop()
            woken = asyncio.Event()

            def work() -> None:
                loop.call_soon_threadsafe(woken.set)
                for _ in range(20):
                    flag.is_set()
                working.clear()

            thread = threading.Thread(target=work)
            thread.start()
            await woken.wait()
            left.add(bool(working))
            thread.join()

        asyncio.run(main())

    check(body)
    assert left == {True, False}


def test_a_foreign_thread_wakes_a_loop() -> None:
    begun = threading.Event()
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def serve() -> None:
        begun.wait()
        loop, woken = loops[0]
        loop.call_soon_threadsafe(woken.set)

    thread = threading.Thread(target=serve)
    thread.start()

    async def main() -> None:
        woken = asyncio.Event()
        loops.append((asyncio.get_running_loop(), woken))
        begun.set()
        async with asyncio.timeout(3600):
            await woken.wait()

    require_good_end(execute(lambda: asyncio.run(main())))
    thread.join()


def test_work_in_the_executor() -> None:
    async def main() -> None:
        before = time.monotonic()
        await asyncio.gather(*[asyncio.to_thread(time.sleep, 60) for _ in range(3)])
        assert 60 <= time.monotonic() - before < 61

    check(lambda: asyncio.run(main()), walks=5)


def test_a_loop_that_nothing_can_wake_is_a_deadlock() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    outcome = execute(lambda: asyncio.run(main()))
    assert outcome.stuck is not None
    assert outcome.stuck.kind == "deadlock"
    assert [wait.waits_for for wait in outcome.stuck.waits] == ["an event of the event loop"]
    assert outcome.set_aside == []


def test_a_call_that_does_not_wake_the_loop_is_a_deadlock() -> None:
    async def main() -> None:
        loop, event = asyncio.get_running_loop(), asyncio.Event()
        threading.Thread(target=loop.call_soon, args=(event.set,)).start()
        await event.wait()

    outcome = execute(lambda: asyncio.run(main()))
    assert outcome.stuck is not None
    assert outcome.stuck.kind == "deadlock"


def test_a_loop_of_one_execution_serves_the_next() -> None:
    loop = asyncio.new_event_loop()
    never = asyncio.Event()

    def body() -> None:
        thread = threading.Thread(target=lambda: loop.run_until_complete(never.wait()), daemon=True)
        thread.start()
        time.sleep(1)

    try:
        for outcome in executions(body, RandomWalk(1), 3):
            require_good_end(outcome)
        require_good_end(execute(lambda: loop.run_until_complete(asyncio.sleep(60))))
    finally:
        loop.close()


def test_a_loop_with_a_real_socket_works() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    async def main() -> bytes:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        writer.write(b"hello\n")
        line = await reader.readline()
        writer.close()
        server.close()
        return line

    lines: list[bytes] = []
    require_good_end(execute(lambda: lines.append(asyncio.run(main())))._replace(set_aside=[]))
    assert lines == [b"hello\n"]


def test_a_selector_of_the_program_waits_for_real() -> None:
    def body() -> None:
        receiving, sending = socket.socketpair()
        with receiving, sending, selectors.DefaultSelector() as selector:
            selector.register(receiving, selectors.EVENT_READ)
            assert selector.select(0.001) == []
            sending.send(b"x")
            assert [key.fileobj for key, _ in selector.select(60)] == [receiving]

    require_good_end(execute(body)._replace(set_aside=[]))


def test_everything_is_put_back() -> None:
    kinds = [
        getattr(selectors, name)
        for name in ("SelectSelector", "PollSelector", "EpollSelector", "DevpollSelector", "KqueueSelector")
        if hasattr(selectors, name)
    ]

    def methods() -> list[object]:
        return [
            *(kind.select for kind in kinds),
            asyncio.BaseEventLoop.call_soon_threadsafe,
            BaseSelectorEventLoop._write_to_self,
        ]

    before = methods()
    with Control():
        assert not any(ours is real for ours, real in zip(methods(), before, strict=True))
    assert methods() == before
    assert all("select" in vars(kind) for kind in kinds if kind.__name__ != "PollSelector")
