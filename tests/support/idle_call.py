"""What a silent call costs the server: `python -m tests.support.idle_call [SECONDS]` prints percent of a core."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from types import SimpleNamespace
from typing import Any

import httpx

from benchmarks.processes import VOICE, Service, free_port
from tests.support.calling import Caller
from tests.support.patience import PATIENCE_S
from tests.support.realtime import Peer, as_text
from voice.audio.frames import silence
from voice.server.realtime.audio_codec import SPOKEN_RATE

SETTLE_S, PIECE_S = 3.0, 0.1


async def main(seconds: float) -> None:
    """A server with no one, with a silent WebSocket client, with one that sends silence, and with a call."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        engines = ("--set", "asr.engine=pocketsphinx", "--set", "tts.engine=espeak")
        command = [*VOICE, "serve", "--port", str(port), "--store", f"sqlite:///{folder}/idle.db", *engines]
        async with Service(command, f"http://127.0.0.1:{port}") as server:
            await spent("no one", server, seconds)
            async with Peer(server.url) as peer:
                await spent("a WebSocket that sends nothing", server, seconds)
                sending = asyncio.create_task(streaming(peer))
                await spent("a WebSocket that sends silence", server, seconds)
                sending.cancel()
            async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=PATIENCE_S) as http:
                here: Any = SimpleNamespace(http=http)
                async with Caller(here) as caller:
                    await caller.until("session.created")
                    await caller.until_heard(1.0)
                    await spent("a call over WebRTC that sends silence", server, seconds)


async def streaming(peer: Peer) -> None:
    """Send silence in real time."""
    loop, piece = asyncio.get_running_loop(), as_text(silence(PIECE_S, SPOKEN_RATE))
    due = loop.time()
    while True:
        await peer.send("input_audio_buffer.append", audio=piece)
        due += PIECE_S
        await asyncio.sleep(due - loop.time())


async def spent(who: str, server: Service, seconds: float) -> None:
    """Print what the server takes of a core with this client."""
    await asyncio.sleep(SETTLE_S)
    before, began = server.cpu_s(), asyncio.get_running_loop().time()
    await asyncio.sleep(seconds)
    took = (server.cpu_s() - before) / (asyncio.get_running_loop().time() - began)
    print(f"{who}: {took * 100:.1f} % of a core")


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0))
