"""The small stand-ins for asyncio's event and queue."""

from __future__ import annotations

import asyncio

from voice.serve.small_socket import Gate, Inbox


def test_a_gate_lets_everybody_through_once_it_opens() -> None:
    async def play() -> None:
        gate = Gate(open=False)
        waiting = [asyncio.create_task(gate.wait()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.sleep(0)
        assert not any(task.done() for task in waiting[1:])
        gate.set()
        await asyncio.gather(*waiting[1:], gate.wait())
        gate.clear()
        again = asyncio.create_task(gate.wait())
        await asyncio.sleep(0)
        assert not again.done()
        gate.set()
        await again

    asyncio.run(play())


def test_an_inbox_keeps_the_order() -> None:
    async def play() -> None:
        inbox = Inbox()
        assert inbox.empty()
        reading = asyncio.create_task(inbox.get())
        await asyncio.sleep(0)
        for number in range(3):
            inbox.put_nowait(number)
        assert [await reading, await inbox.get(), await inbox.get()] == [0, 1, 2]
        assert inbox.empty()

    asyncio.run(play())
