"""`voice chat` as a person runs it: lines in, replies out, the same conversation again by its name."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from benchmarks.processes import VOICE, free_port
from benchmarks.upstream import Script
from tests.support.patience import PATIENCE_S
from tests.support.scripted_session import ScriptedSession, words
from tests.support.served import Served
from voice.cli.commands.chat import TextConversation
from voice.cli.terminal.plain import PlainChat
from voice.clock import run_virtual
from voice.llm.interface import Delta, Done, Effect
from voice.sessions.interface import ReplyEvent


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("serve"), environment={"VOICE_SERVE_API_KEYS": "alpha"}) as running:
        yield running


def chat(home: Path, url: str, lines: str, *arguments: str, key: str = "alpha") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_DATA_HOME": str(home), "HOME": str(home), "VOICE_CHAT_SERVER_KEY": key}
    command = [*VOICE, "chat", "--server", url, *arguments]
    return subprocess.run(command, input=lines, capture_output=True, text=True, timeout=PATIENCE_S, env=environment)


def test_named_conversation_goes_on_where_it_was(served: Served, tmp_path: Path) -> None:
    served.upstream.reset()
    first = chat(tmp_path, served.server.url, "hello\n\nhow are you\n", "--session", "木", "--system", "Be kind.")
    assert (first.returncode, first.stdout) == (0, "Answer 1 to: hello\nAnswer 2 to: how are you\n")
    again = chat(tmp_path, served.server.url, "still there?", "--session", "木")
    assert again.stdout == "Answer 3 to: still there?\n"
    asked = [message["content"] for message in served.upstream.asked()["bodies"][-1]["messages"]]
    assert asked[:3] == ["Be kind.", "hello", "Answer 1 to: hello"]


def test_failed_turn_is_said_and_the_next_one_works(served: Served, tmp_path: Path) -> None:
    served.upstream.reset()
    served.upstream.queue(Script(fault="cut", after=2))
    done = chat(tmp_path, served.server.url, "hello\nagain\n")
    assert done.returncode == 0
    assert done.stdout.startswith("Answer ")
    assert done.stdout.endswith("again\n")
    assert "try again" in done.stderr


def test_wrong_key_and_no_server_are_one_line(served: Served, tmp_path: Path) -> None:
    wrong = chat(tmp_path, served.server.url, "hello", key="guess")
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (78, 1)
    assert "VOICE_CHAT_SERVER_KEY" in wrong.stderr
    nobody = chat(tmp_path, f"http://127.0.0.1:{free_port()}", "hello")
    assert (nobody.returncode, len(nobody.stderr.splitlines())) == (69, 1)
    assert "voice serve" in nobody.stderr


def test_a_timer_rings_here() -> None:
    async def lines() -> AsyncIterator[str]:
        yield "set it"

    def answer(text: str) -> list[ReplyEvent]:
        return [Effect("timer.set", {"seconds": 3.0, "label": "tea"}), *words("Timer set.")]

    written: list[str] = []

    def write(text: str, **how: object) -> None:
        written.append(text + "\n" * bool(how.get("nl", True)))

    run_virtual(TextConversation(ScriptedSession(answer), PlainChat("", write)).run(lines()))
    assert "".join(written).strip() == "Timer set.\n\a\nYour tea timer is up."


def test_a_conversation_that_a_tool_ends_takes_no_further_line() -> None:
    sent: list[str] = []

    def answer(text: str) -> list[ReplyEvent]:
        sent.append(text)
        return [Effect("conversation.end"), *words("Goodbye!")] if text == "that is all" else words("Yes.")

    async def lines() -> AsyncIterator[str]:
        for line in ("hello", "that is all", "are you there"):
            yield line

    run_virtual(TextConversation(ScriptedSession(answer), PlainChat("", lambda *text, **how: None)).run(lines()))
    assert sent == ["hello", "that is all"]


@pytest.mark.parametrize(
    ("done", "told"),
    [
        (
            Done(finish="length"),
            "\n(the reply was cut at the model server's limit of tokens; say “go on” for the rest)\n",
        ),
        (Done(finish="content_filter"), "\n(the reply was stopped by the model server's filter)\n"),
        (Done(flagged=("hate",), blocked="reply"), "\n(the reply was blocked by moderation: hate)\n"),
        (Done(finish="stop"), "\n"),
    ],
)
def test_how_a_reply_ended_is_said_behind_it(done: Done, told: str) -> None:
    written: list[str] = []

    async def lines() -> AsyncIterator[str]:
        yield "hello"

    def write(text: str, **how: object) -> None:
        written.append(text + "\n" * bool(how.get("nl", True)))

    session = ScriptedSession(lambda text: [Delta("One. And"), done])
    run_virtual(TextConversation(session, PlainChat("", write)).run(lines()))
    assert "".join(written) == f"One. And{told}"


def test_what_a_slow_tool_answers_later_is_shown_between_replies() -> None:
    written: list[str] = []

    async def lines() -> AsyncIterator[str]:
        yield "look it up"
        session.say("The oven is warm.")

    session = ScriptedSession(lambda text: words("It takes a while."))
    chat = PlainChat("", lambda text, **how: written.append(text + "\n" * bool(how.get("nl", True))))
    run_virtual(TextConversation(session, chat).run(lines()))
    assert "".join(written) == "It takes a while.\n\a\nThe oven is warm.\n"
