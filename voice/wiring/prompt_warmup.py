"""The configured prompt warm-up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from voice.errors import ConfigError
from voice.server import prompt_warmup as warming
from voice.server.prompt_warmup import Warmer
from voice.sessions.engine import Engine
from voice.settings.serving import ServeSettings


@asynccontextmanager
async def warmed(settings: ServeSettings, engine: Engine, report: Callable[[str], object]) -> AsyncGenerator[None]:
    """Run the configured warm-up while the block runs. Raises ConfigError."""
    made = warmer(settings, engine, report)
    if made is None:
        yield
        return
    running = asyncio.create_task(made.run(), name="warm up")
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait({running})


def warmer(settings: ServeSettings, engine: Engine, report: Callable[[str], object]) -> Warmer | None:
    """The sender of the prompts in the configured file, None without one. Raises ConfigError."""
    peaks = warming.peaks(settings.warm_at)
    if not settings.warm:
        if peaks:
            raise ConfigError("no prompts to send", where="serve.warm_at", expected="serve.warm, a file of prompts")
        return None
    path = Path(settings.warm).expanduser()
    try:
        found = warming.prompts(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", where=str(path), expected="UTF-8 text") from error
    if not found:
        raise ConfigError(
            "the file has no prompts",
            where=str(path),
            expected=f"system prompts separated by lines of {warming.BETWEEN}",
        )
    schedule = warming.Schedule(peaks, settings.warm_s, wall=datetime.fromtimestamp, instant=datetime.timestamp)
    return Warmer(engine, found, schedule, report)
