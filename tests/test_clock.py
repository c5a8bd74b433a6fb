"""Virtual time jumps over waiting, and only over waiting."""

from __future__ import annotations

import asyncio
import threading
import time

from voice.clock import VirtualLoop, run_virtual, working


def test_hours_of_waiting_pass_at_once_and_in_order() -> None:
    async def main() -> list[tuple[str, float]]:
        loop, seen = asyncio.get_running_loop(), []

        async def wait(name: str, seconds: float) -> None:
            await asyncio.sleep(seconds)
            seen.append((name, loop.time()))

        await asyncio.gather(wait("late", 7200.0), wait("soon", 0.5), wait("early", 3600.0))
        return seen

    began = time.perf_counter()
    assert run_virtual(main()) == [("soon", 0.5), ("early", 3600.0), ("late", 7200.0)]
    assert time.perf_counter() - began < 60.0


def test_time_stands_still_while_a_thread_works_in_frozen_time() -> None:
    async def main() -> tuple[float, list[float]]:
        loop, rang = asyncio.get_running_loop(), list[float]()
        go_on = threading.Event()
        loop.call_later(1.0, lambda: rang.append(loop.time()))
        with working():
            work = loop.run_in_executor(None, go_on.wait)
            loop.call_soon(go_on.set)
            await work
        worked_until = loop.time()
        await asyncio.sleep(2.0)
        return worked_until, rang

    assert run_virtual(main()) == (0.0, [1.0])


def test_time_takes_its_real_course_during_work_where_it_is_not_frozen() -> None:
    async def main() -> float:
        loop, rang = asyncio.get_running_loop(), asyncio.Event()
        loop.call_later(0.05, rang.set)
        began = time.perf_counter()
        with working():
            await rang.wait()
        assert time.perf_counter() - began >= 0.04
        return loop.time()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(main()) >= 0.05
