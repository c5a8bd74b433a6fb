"""A clause's audio as it is made, to be sent on rather than played."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from voice.audio.frames import Pcm
from voice.tts.interface import Chunk, Synthesizer
from voice.worker import Worker


async def clause_audio(voice: Worker[Synthesizer], text: str) -> AsyncIterator[Pcm]:
    """The chunks of one clause at the synthesizer's rate. Leaving early stops the synthesizer at
    its next chunk. Raises EngineError."""
    loop, chunks = asyncio.get_running_loop(), asyncio.Queue[Pcm | None]()
    wanted = True

    def emit(chunk: Chunk) -> bool:
        loop.call_soon_threadsafe(chunks.put_nowait, chunk.pcm)
        return wanted

    speaking = asyncio.ensure_future(voice.call(lambda engine: engine.speak(text, emit)))
    speaking.add_done_callback(lambda _: chunks.put_nowait(None))
    try:
        while (pcm := await chunks.get()) is not None:
            yield pcm
        await speaking
    finally:
        wanted = False  # not `cancel`: the thread may be speaking for someone else by now
        speaking.cancel()
