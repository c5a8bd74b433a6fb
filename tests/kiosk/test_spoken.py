"""A person talks to the page: a real Chromium, a WAV file as its microphone, the real server, Whisper and espeak."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.kiosk import PATIENCE_MS, KioskProcess, listening, recording, visit
from tests.support.readback import read_back
from tests.support.real_models import heard, whisper_folder
from voice.asr.word_error_rate import word_error_rate
from voice.audio.frames import level_dbfs

QUESTION = "does the product keep my voice private"
ANSWER = (
    "Your voice stays on this machine.",
    "Sound is not stored, and words leave it only if you connect a model elsewhere.",
)

LONG = "and one more thing is said in this sentence, " * 12
"""A person who speaks some seconds late on a busy machine still speaks over it: half a minute."""

LATE = """
const media = navigator.mediaDevices, ask = media.getUserMedia.bind(media);
const answered = new Promise((answer) => { window.__answer = answer; });
media.getUserMedia = async (wishes) => { await answered; return ask(wishes); };
"""
"""Somebody lets the browser have the microphone when the test calls `__answer`; only then its file begins."""


@pytest.fixture(scope="module")
def hearing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KioskProcess]:
    ears = ("asr.engine=whisper", f"asr.model={whisper_folder()}", "asr.language=en")
    flags = [word for setting in ears for word in ("--set", setting)]
    with KioskProcess(tmp_path_factory.mktemp("kiosk"), *flags) as running:
        yield running


def test_the_words_are_shown_and_the_reply_is_heard(chromium: Browser, hearing: KioskProcess, tmp_path: Path) -> None:
    said = re.sub(r"[.,]", "", " ".join(ANSWER).lower())

    def understood() -> bool:
        with listening(chromium, recording(tmp_path, "private", 1.0)) as launched:
            visitor = visit(launched, hearing.page)
            visitor.talk()
            visitor.expect_state("listening")
            visitor.expect_heard(QUESTION)
            visitor.expect_words(" ".join(ANSWER), who="reply.over")
            told = read_back(visitor.sound, said, "i do not know that", "it is ten")
            assert not visitor.errors
            # A gap that a busy browser leaves between two samples stops the small recognizer, and not Whisper.
            return told == said or word_error_rate([(said, heard(visitor.sound))]) <= 0.3

    assert any(understood() for _ in range(2)), "a browser that is busy may garble one reply"


def test_speech_over_the_reply_stops_it_and_no_other_tab_hears_it(
    chromium: Browser, hearing: KioskProcess, tmp_path: Path
) -> None:
    with listening(chromium, recording(tmp_path, "time", 2.0)) as launched, launched.new_context() as context:
        context.add_init_script(LATE)
        other = visit(context, hearing.page)
        visitor = visit(context, hearing.page)
        visitor.talk()
        visitor.ask(f"repeat after me {LONG}")
        expect(visitor.page.locator(".turn.reply .said")).to_contain_text("sentence, and one", timeout=PATIENCE_MS)
        visitor.page.evaluate("__answer()")
        expect(visitor.page.locator(".turn.reply.cut")).to_have_count(1, timeout=PATIENCE_MS)
        expect(visitor.page.locator(".turn.person")).to_have_count(2, timeout=PATIENCE_MS)
        visitor.page.wait_for_selector(".turn.reply.recent .said:not(:empty)", timeout=PATIENCE_MS)
        assert level_dbfs(visitor.sound) > -50
        expect(other.page.locator(".turn")).to_have_count(0)
        assert len(other.sound) == 0
        assert not visitor.errors + other.errors


def test_a_killed_server_loses_no_word_of_either_side(chromium: Browser, hearing: KioskProcess, tmp_path: Path) -> None:
    with listening(chromium, recording(tmp_path, "private", 1.0)) as launched:
        visitor = visit(launched, hearing.page)
        visitor.ask("why is the sky blue")
        visitor.page.wait_for_selector(".turn.reply .said:not(:empty)", timeout=PATIENCE_MS)
        hearing.kill()  # in the middle of the reply
        visitor.expect_state("trouble")
        expect(visitor.page.locator("#notice")).to_contain_text("It will reconnect by itself")
        hearing.start()
        visitor.expect_words("The sky is blue because air scatters blue light more than red light.", who="reply.over")
        visitor.talk()
        visitor.expect_state("listening")
        hearing.kill()  # in the middle of the question
        visitor.expect_state("trouble")
        hearing.start()
        expect(visitor.page.locator(".turn.reply")).to_have_count(2, timeout=PATIENCE_MS)
        expect(visitor.page.locator(".turn.person")).to_have_count(2)
        visitor.expect_heard(QUESTION, 1)
        said = visitor.page.locator(".turn.reply").nth(1)
        expect(said).to_contain_text(ANSWER[0], timeout=PATIENCE_MS)
        assert not visitor.errors
