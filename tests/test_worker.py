"""A blocking engine on its thread: made there, answering in order, left behind when it hangs."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Iterator

import pytest

from voice.errors import EngineError, MissingError
from voice.worker import Worker


class Engine:
    """Remembers the threads it was used on."""

    def __init__(self) -> None:
        self.threads = {threading.get_ident()}

    def use(self) -> int:
        self.threads.add(threading.get_ident())
        return len(self.threads)

    def meet(self, other: Engine) -> int:
        return len(self.threads | other.threads)


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Lets every hanging thread of a test go at its end."""
    event = threading.Event()
    yield event
    event.set()


def test_the_engine_is_made_and_used_on_one_thread_that_is_not_ours() -> None:
    async def main() -> None:
        worker = Worker("engine", Engine)
        assert [await worker.call(Engine.use) for _ in range(3)] == [1, 1, 1]
        assert worker.engine is not None
        assert threading.get_ident() not in worker.engine.threads
        worker.close()

    asyncio.run(main())


def test_what_breaks_inside_is_an_engine_error_that_names_the_engine() -> None:
    async def main() -> None:
        worker = Worker("ears", Engine)
        with pytest.raises(EngineError, match="ears failed: ZeroDivisionError"):
            await worker.call(lambda _: 1 // 0)
        assert await worker.call(Engine.use) == 1, "and the next call works"
        worker.close()

    asyncio.run(main())


def test_an_engine_that_cannot_be_made_says_so_itself_and_is_tried_again() -> None:
    makes = iter([MissingError("no model", where="here"), None])

    def make() -> Engine:
        error = next(makes)
        if error is not None:
            raise error
        return Engine()

    async def main() -> None:
        worker = Worker("ears", make)
        with pytest.raises(MissingError, match="here: no model"):
            await worker.call(Engine.use)
        assert await worker.call(Engine.use) == 1
        worker.close()

    asyncio.run(main())


def test_an_engine_that_hangs_is_left_behind_and_made_anew(release: threading.Event) -> None:
    async def main() -> None:
        worker = Worker("ears", Engine, patience_s=0.05)
        with pytest.raises(EngineError, match="did not answer within"):
            await worker.call(lambda engine: release.wait())
        hung = worker.engine
        assert await worker.call(Engine.use, patience_s=10.0) == 1
        assert worker.engine is not hung
        worker.close()

    asyncio.run(main())


def test_a_call_that_waited_behind_the_one_that_hung_does_not_end_its_successor(release: threading.Event) -> None:
    async def main() -> None:
        worker = Worker("ears", Engine, patience_s=0.05)
        hangs = asyncio.create_task(worker.call(lambda engine: release.wait()))
        waits = asyncio.create_task(worker.call(Engine.use, patience_s=0.2))
        await asyncio.wait({hangs})
        assert await worker.call(Engine.use, patience_s=10.0) == 1
        successor = worker.engine
        with pytest.raises(EngineError, match=r"did not answer within 0\.2 s"):
            await waits
        assert await worker.call(Engine.use, patience_s=10.0) == 1
        assert worker.engine is successor
        assert isinstance(hangs.exception(), EngineError)
        worker.close()

    asyncio.run(main())


def test_a_cancelled_call_that_has_not_begun_is_never_run(release: threading.Event) -> None:
    ran: list[str] = []

    async def main() -> None:
        worker = Worker("ears", Engine)
        busy = asyncio.create_task(worker.call(lambda engine: release.wait()))
        waiting = asyncio.create_task(worker.call(lambda engine: ran.append("waiting")))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
        release.set()
        await busy
        await worker.call(lambda engine: ran.append("last"))
        worker.close()

    asyncio.run(main())
    assert ran == ["last"]


def test_a_call_that_was_answered_is_not_kept_by_the_waiting_thread() -> None:
    gone = threading.Event()

    async def main() -> None:
        worker = Worker("engine", Engine)
        caller = Engine()
        weakref.finalize(caller, gone.set)
        await worker.call(caller.meet)
        del caller
        assert await asyncio.to_thread(gone.wait, 10)
        worker.close()

    asyncio.run(main())
