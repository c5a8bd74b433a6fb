"""The screen in a real pseudo-terminal, before a real process and a model server double."""

from __future__ import annotations

import os
import signal
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.held_upstream import HeldUpstream
from tests.support.terminal import Terminal

DEMO = Path(__file__).parents[3] / "voice" / "demo" / "conversation.wav"
TYPED = ("talk", "--text", "--tts", "tone")
AT_ONCE_MS = 100
PARAGRAPH = "A paragraph of words that goes on for a while, so that it takes more than a line. "


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    state = {"XDG_DATA_HOME": str(tmp_path / "data"), "XDG_STATE_HOME": str(tmp_path / "state")}
    return {**os.environ, **state, "XDG_RUNTIME_DIR": str(tmp_path)}


@pytest.fixture
def upstream() -> Iterator[HeldUpstream]:
    with HeldUpstream() as held:
        yield held


def asking(upstream: HeldUpstream) -> tuple[str, ...]:
    return (*TYPED, "--llm", upstream.url, "--model", "held")


def idle(terminal: Terminal) -> bool:
    return "/help" in terminal.lines[-1] and "Esc stop" not in terminal.lines[-1]


def test_the_first_word_is_on_the_screen_a_tenth_of_a_second_after_it_came(
    environment: dict[str, str], upstream: HeldUpstream
) -> None:
    waits = []
    with Terminal(*asking(upstream), environment=environment) as terminal:
        terminal.until("ready in")
        for word in ("Apples", "Pears", "Plums", "Cherries", "Quinces"):
            terminal.send("hello\r")
            upstream.wait()
            upstream.send(f"{word}, ")  # redaction waits for the end of a word
            at = terminal.until(f" voice  {word},")
            waits.append((at - upstream.sent_at) * 1000)
            assert not idle(terminal)
            upstream.send("and the rest.")
            upstream.end()
            terminal.until(lambda: idle(terminal))
    assert min(waits) <= AT_ONCE_MS, waits
    print(f"first word on the screen: {statistics.median(waits):.0f} ms in the middle, {max(waits):.0f} ms at most")


def test_typing_pasting_and_resizing_over_a_reply_leave_the_screen_whole(
    environment: dict[str, str], upstream: HeldUpstream
) -> None:
    with Terminal(*asking(upstream), environment=environment, columns=70, rows=20) as terminal:
        terminal.until("ready in")
        terminal.send("tell me\r")
        upstream.wait()
        for number in range(12):
            upstream.send(f"{number}: {PARAGRAPH}\n\n")
            terminal.send("ab 中 "[number % 5])
            terminal.until(f"{number}: A paragraph")
        terminal.send("\x1b[200~first pasted\nsecond pasted\x1b[201~")
        terminal.until("second pasted")
        assert not upstream.asked.acquire(blocking=False), "a paste is not sent"
        terminal.resize(40, 20)
        terminal.until(lambda: any(line.startswith("› ") for line in terminal.lines) and idle_width(terminal, 40))
        assert "second pasted" in terminal.text
        assert terminal.text.count("11: A paragraph") == 1
        terminal.resize(90, 30)
        terminal.until(lambda: idle_width(terminal, 90) and "10: A paragraph" in terminal.text)
        assert terminal.text.count("11: A paragraph") == 1
        assert len([line for line in terminal.lines if "Ctrl-D quit" in line]) == 1
        upstream.end()
        terminal.send("\r")
        upstream.wait()
        asked = upstream.bodies[-1]["messages"][-1]["content"]
        assert "first pasted\nsecond pasted" in asked
        upstream.end()
        terminal.until(lambda: idle(terminal))


def idle_width(terminal: Terminal, columns: int) -> bool:
    """Whether the last line is drawn for this width."""
    return "quit" in terminal.lines[-1] and len(terminal.screen.display[0]) == columns


def test_markdown_and_chinese_at_forty_columns(environment: dict[str, str], upstream: HeldUpstream) -> None:
    with Terminal(*asking(upstream), environment=environment, columns=40) as terminal:
        terminal.until("ready in")
        terminal.send("木\r")
        upstream.wait()
        upstream.send("# Plan\n\n- **one**\n- `two`\n\n" + "双宽字符应该正确换行" * 5 + "。 ")
        terminal.until("• one")
        assert "Plan" in terminal.text and "#" not in terminal.text and "**" not in terminal.text
        upstream.end()
        terminal.until(lambda: idle(terminal))
        assert all(len(line) <= 40 for line in terminal.lines)
        shown = "".join(terminal.text.split())
        assert "双宽字符应该正确换行" * 5 in shown.replace("\x00", "")


@pytest.mark.parametrize("leave", ["\x04", "/quit\r", "goodbye\r", "/QUIT \r"])
def test_ways_to_leave_end_well(environment: dict[str, str], leave: str) -> None:
    with Terminal(*TYPED, environment=environment) as terminal:
        terminal.until("ready in")
        terminal.send(leave)
        assert terminal.ended() == 0
        assert terminal.usable
        assert "Ctrl-D" not in terminal.text, "the footer goes with the screen"


def test_ctrl_c_leaves_with_130_and_a_usable_terminal(environment: dict[str, str]) -> None:
    with Terminal(*TYPED, environment=environment) as terminal:
        terminal.until("ready in")
        terminal.send("half a li\x03")
        assert terminal.ended() == 130
        assert terminal.usable
        assert "Traceback" not in terminal.everything


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_killed_leaves_a_usable_terminal(environment: dict[str, str], number: int) -> None:
    with Terminal(*TYPED, environment=environment) as terminal:
        terminal.until("ready in")
        terminal.send("half a line")
        terminal.until("half a line")
        assert not terminal.usable
        terminal.process.send_signal(number)
        terminal.ended()
        terminal.until(lambda: terminal.usable)


def test_arrows_recall_lines_of_a_named_conversation_only(environment: dict[str, str], tmp_path: Path) -> None:
    for name, recalled in (("--session=ada", True), ("", False)):
        named = [name] if name else []
        with Terminal(*TYPED, *named, environment=environment) as terminal:
            terminal.until("ready in")
            terminal.send("what is 12 times 7\r")
            terminal.until("84")
            terminal.send("\x04")
            assert terminal.ended() == 0
        kept = list((tmp_path / "state").rglob("*.txt"))
        assert len(kept) == recalled
        with Terminal(*TYPED, *named, environment=environment) as terminal:
            terminal.until("ready in")
            terminal.send("\x1b[A\x1b[A")
            if recalled:
                terminal.until("› what is 12 times 7")
            terminal.send("/forget\r" if not recalled else "\x15/forget\r")
            terminal.until("the conversation was deleted")
        for file in (tmp_path / "state").rglob("*.txt"):
            raise AssertionError(f"{file} was not forgotten")


def test_a_spoken_conversation_shows_its_keys_and_what_is_ordered(environment: dict[str, str]) -> None:
    with Terminal("talk", "--input", str(DEMO), "--tts", "tone", environment=environment) as terminal:
        terminal.until("ready in")
        terminal.until("m mute")
        terminal.send("m")
        terminal.until("m unmute")
        terminal.send("m")
        terminal.until("m mute")
        terminal.send("/help\r")
        terminal.until("/forget")
        terminal.until("m mute")  # the letters are keys again
        terminal.send("q")
        assert terminal.ended() == 0
        assert terminal.usable
        assert "p50" not in terminal.everything


def test_no_color_and_no_unicode(environment: dict[str, str], upstream: HeldUpstream) -> None:
    poor = {**environment, "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0", "LC_ALL": "POSIX"}
    with Terminal(*asking(upstream), environment=poor) as terminal:
        terminal.until("ready in")
        terminal.send("hello\r")
        upstream.wait()
        upstream.send("- a point\n\nand 木 …  — ")
        terminal.until("* a point")
        upstream.end()
        terminal.until(lambda: idle(terminal))
        terminal.send("\x04")
        assert terminal.ended() == 0
    assert terminal.written.decode("ascii")


def test_a_reply_without_an_end_is_stopped_by_escape(environment: dict[str, str], upstream: HeldUpstream) -> None:
    with Terminal(*asking(upstream), environment=environment) as terminal:
        terminal.until("ready in")
        terminal.send("hello\r")
        upstream.wait()
        upstream.send("It goes on, ")
        terminal.until("It goes on")
        terminal.send("\x1b")
        terminal.until(lambda: idle(terminal))
        upstream.end()
        terminal.send("again\r")
        upstream.wait()
        said = [message["content"] for message in upstream.bodies[-1]["messages"]]
        assert "It goes on," in [text.strip() for text in said], "what was read is remembered"
        upstream.end()
