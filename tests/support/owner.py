"""A process that owns one session and lets a slow model answer in it: `python -m tests.support.owner FILE URL SECONDS`.

Prints the session's id, `begun` at the first word, and at the end how the session was lost to it. SECONDS moves its
wall clock.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from voice.llm.openai import OpenAIUpstream
from voice.sessions.engine import Engine
from voice.sessions.engine_context import EngineOptions
from voice.sessions.log import Refused
from voice.sessions.stores.sqlite import SqliteStore

LEASE = EngineOptions(model="scripted", lease_s=0.5, renew_s=0.1)


async def main(path: Path, url: str) -> None:
    store, upstream = SqliteStore(path), OpenAIUpstream(url, "scripted")
    engine = Engine(store, upstream, LEASE)
    live, _ = await engine.create()
    print(live.card.sid, flush=True)
    live.send(1, "hello")
    try:
        async for event in live.follow(0):
            if event.t == "delta" and event.o == 0:
                print("begun", flush=True)
    except Refused as lost:
        print(lost.code, flush=True)


if __name__ == "__main__":
    real, moved_s = time.time, float(sys.argv[3])
    time.time = lambda: real() + moved_s
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
