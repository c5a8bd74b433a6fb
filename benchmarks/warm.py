"""`voice bench warm`: time to the first token of a session's first turn, with and without a warm-up before it."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import click

FIRST_MS, READ_MS = 40.0, 0.5
"""The scripted model server: what every request costs, and every word of the prompt that it has not read before."""
WORDS = 600


@click.command("warm")
@click.option(
    "--json", "target", type=click.Path(path_type=Path), metavar="FILE", help="Write all figures to this JSON file."
)
@click.option("--prompts", default=5, show_default=True, help="How many system prompts there are.")
@click.option("--turns", default=4, show_default=True, help="How many sessions begin with each prompt.")
def command(target: Path | None, prompts: int, turns: int) -> None:
    """Measure what `voice serve --warm` spares.

    The model server is scripted: it reads a prompt at a fixed speed and keeps every prefix it has read. The figures
    show that first turns meet the prefix that the warm-up has sent, not how fast any real model server is.
    """
    found = asyncio.run(measure(prompts=prompts, turns=turns, write=click.echo))
    if target is not None:
        target.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


async def measure(*, prompts: int, turns: int, write: Callable[[str], object]) -> dict[str, Any]:
    """Begin sessions on a cold and on a warmed-up server, each in front of a fresh model server."""
    from benchmarks.session_load import figures, percentile

    texts = [f"You are assistant {n}. " + " ".join(f"rule{n}-{word}" for word in range(WORDS)) for n in range(prompts)]
    found: dict[str, Any] = {"prompts": prompts, "prompt_words": WORDS}
    for name in ("cold", "warm"):
        firsts, laters, told = await _first_turns(texts, turns, warm=name == "warm")
        found[name] = figures(
            first_session_p50_ms=percentile(firsts, 50) * 1000, later_sessions_p50_ms=percentile(laters, 50) * 1000
        )
        write(f"{name}: first session of a prompt {found[name]['first_session_p50_ms']} ms to the first token, "
              f"later ones {found[name]['later_sessions_p50_ms']} ms (p50)")  # fmt: skip
        if told:
            found["report"] = told
            write(told)
    return found


async def _first_turns(texts: list[str], turns: int, *, warm: bool) -> tuple[list[float], list[float], str]:
    """Seconds to the first token of each prompt's first session and of its later ones, and the warm-up's own report."""
    from benchmarks.processes import VOICE, Service, free_port
    from benchmarks.session_load import Frames

    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model, port = free_port(), free_port()
        command = [sys.executable, "-m", "benchmarks.upstream", "--port", str(model), "--text", "one two three"]
        command += ["--first-ms", str(FIRST_MS), "--read-ms", str(READ_MS)]
        await stack.enter_async_context(Service(command, f"http://127.0.0.1:{model}/v1"))
        (folder / "prompts").write_text("\n---\n".join(texts), encoding="utf-8")
        serve = [*VOICE, "serve", "--port", str(port), "--llm", f"http://127.0.0.1:{model}/v1", "--model", "scripted"]
        serve += ["--store", f"sqlite:///{folder}/s.db", *(["--warm", str(folder / "prompts")] if warm else [])]
        server = await stack.enter_async_context(Service(serve, f"http://127.0.0.1:{port}"))
        told: re.Match[str] | None = None
        while warm and told is None:
            await asyncio.sleep(0.05)
            told = re.search("warm-up: .*", server.output())
        firsts: list[float] = []
        laters: list[float] = []
        for text in texts:
            for turn in range(turns):
                async with Frames(server.url, system=text) as frames:
                    (laters if turn else firsts).append(await frames.turn("hello"))
        return firsts, laters, told[0] if told is not None else ""
