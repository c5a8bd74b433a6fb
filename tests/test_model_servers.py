"""Model servers as they are, on every path: handed through, in a session, and aloud."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.llm.test_model_servers import FAILURES, RIGHT, SAID
from tests.server.openai_api.test_chat_completions import begin, chunks, text
from tests.support.rough_server import Answer, RoughServer
from tests.support.serving import Serving, serving
from tests.wiring.test_conversation import settings
from voice.clock import VirtualLoop
from voice.conversation.observer import Note, Notice, TurnEnded
from voice.llm.openai import OpenAIUpstream
from voice.sessions.circuit_breaker import RetryPolicy
from voice.sessions.engine_context import EngineOptions
from voice.wiring.conversation import converse

ROWS = {"unclosed beginning": RIGHT["unclosed beginning"]} | RIGHT
"""First what is found out about a model once."""

ONCE = EngineOptions(retry=RetryPolicy(tries=1))


@contextmanager
def model(answers: Sequence[Answer]) -> Iterator[str]:
    """A model server in a thread of its own; its address."""
    started: list[Any] = []
    ready = threading.Event()

    async def run() -> None:
        over = asyncio.Event()
        async with RoughServer(*answers) as server:
            started.extend((server.url, asyncio.get_running_loop(), over))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    ready.wait()
    url, loop, over = started
    try:
        yield url
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()


async def served(answers: Sequence[Answer], ask: Any) -> dict[str, Any]:
    """What `ask` makes of a `voice serve` before this model server."""
    async with RoughServer(*answers) as server:
        upstream = OpenAIUpstream(server.url, "m")
        upstream.kind = "generic"
        async with serving(upstream=upstream, options=ONCE) as here:
            found: dict[str, Any] = await ask(here)
        await upstream.close()
    return found


@pytest.mark.parametrize("stream", [False, True])
def test_exactly_the_answer_is_handed_through(stream: bool) -> None:
    async def ask(here: Serving) -> dict[str, Any]:
        found = {}
        for case in ROWS:
            answer = await here.chat("hi", stream=stream)
            found[case] = text(chunks(answer)) if stream else answer.json()["choices"][0]["message"]["content"]
        return found

    assert asyncio.run(served(list(ROWS.values()), ask)) == dict.fromkeys(ROWS, SAID)


def test_exactly_the_answer_is_remembered_by_a_session() -> None:
    async def ask(here: Serving) -> dict[str, Any]:
        session, token = await begin(here)
        said = {}
        for number, case in enumerate(ROWS, 1):
            answer = await here.chat("hi", token, **session, sequence=number, stream=True)
            said[case] = text(chunks(answer))
        live = await here.engine.open(session["session_id"])
        return {"said": said, "kept": [turn.text for turn in live.talk.turns.values()]}

    found = asyncio.run(served(list(ROWS.values()), ask))
    assert found == {"said": dict.fromkeys(ROWS, SAID), "kept": [SAID] * len(ROWS)}


def test_the_servers_own_words_come_back_when_it_fails() -> None:
    async def ask(here: Serving) -> dict[str, Any]:
        return {case: (await here.chat("hi")).json()["error"]["message"] for case in FAILURES}

    found = asyncio.run(served([answer for answer, _ in FAILURES.values()], ask))
    assert {case for case, (_, words) in FAILURES.items() if words not in found[case]} == set()


def aloud(tmp_path: Path, answers: Sequence[Answer]) -> tuple[list[tuple[str, str]], list[str]]:
    """Type a line for each answer; each reply as it was heard and how its turn ended, and what was shown besides."""
    notes: list[Note] = []
    ended = asyncio.Event()

    def watch(note: Note) -> None:
        notes.append(note)
        if isinstance(note, TurnEnded):
            ended.set()

    async def typed() -> AsyncIterator[str]:
        for _ in answers:
            yield "hi"
            await ended.wait()
            ended.clear()

    with model(answers) as url, asyncio.Runner(loop_factory=VirtualLoop) as runner:
        plain = settings(tmp_path, llm=url, model="m")
        using = replace(plain, tts=replace(plain.tts, engine="tone"))
        runner.run(converse(using, fast=True, observer=watch, text=typed()))
    traces = [note.trace for note in notes if isinstance(note, TurnEnded)]
    return [(trace.reply, str(trace.outcome)) for trace in traces], [n.text for n in notes if isinstance(n, Notice)]


def test_exactly_the_answer_is_spoken(tmp_path: Path) -> None:
    heard, _ = aloud(tmp_path, list(ROWS.values()))
    assert dict(zip(ROWS, heard, strict=True)) == dict.fromkeys(ROWS, (SAID, "answered"))


def test_a_server_that_fails_is_shown_in_its_words_and_the_next_turn_works(tmp_path: Path) -> None:
    loading, words = FAILURES["error JSON"]
    heard, shown = aloud(tmp_path, [*[loading] * 3, RIGHT["think"]])
    assert heard[-1] == (SAID, "answered")
    assert words in " ".join(shown)
