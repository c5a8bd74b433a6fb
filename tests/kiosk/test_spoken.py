"""A person talks to the page: a real Chromium, a WAV file as its microphone, the real server and its own engines."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.support.kiosk import PATIENCE_MS, KioskProcess, listening, recording, visit
from tests.support.readback import read_back
from voice.audio.frames import level_dbfs

QUESTION = "does the product keep my voice private"
ANSWER = (
    "Your voice stays on this machine.",
    "Sound is not stored, and words leave it only if you connect a model elsewhere.",
)

LATE = """
const media = navigator.mediaDevices, ask = media.getUserMedia.bind(media);
const answered = new Promise((answer) => { window.__answer = answer; });
media.getUserMedia = async (wishes) => { await answered; return ask(wishes); };
"""
"""Somebody lets the browser have the microphone when the test calls `__answer`; only then its file begins."""


def test_the_words_are_shown_and_the_reply_is_heard(kiosk: KioskProcess, chromium: Browser, tmp_path: Path) -> None:
    with listening(chromium, recording(tmp_path, "private", 1.0)) as launched:
        visitor = visit(launched, kiosk.page)
        visitor.talk()
        visitor.expect_state("listening")
        visitor.expect_heard(QUESTION)
        visitor.expect_words(" ".join(ANSWER), who="reply.over")
        said = re.sub(r"[.,]", "", " ".join(ANSWER).lower())
        assert read_back(visitor.sound, said, "i do not know that", "it is ten") == said
        assert not visitor.errors


def test_speech_over_the_reply_stops_it_and_no_other_tab_hears_it(
    kiosk: KioskProcess, chromium: Browser, tmp_path: Path
) -> None:
    with listening(chromium, recording(tmp_path, "time", 2.0)) as launched, launched.new_context() as context:
        context.add_init_script(LATE)
        other = visit(context, kiosk.page)
        visitor = visit(context, kiosk.page)
        visitor.talk()
        visitor.ask("what can you do")
        visitor.page.wait_for_selector(".turn.reply .said:not(:empty)", timeout=PATIENCE_MS)
        visitor.page.evaluate("__answer()")
        expect(visitor.page.locator(".turn.reply.cut")).to_have_count(1, timeout=PATIENCE_MS)
        expect(visitor.page.locator(".turn.person")).to_have_count(2, timeout=PATIENCE_MS)
        visitor.page.wait_for_selector(".turn.reply.recent .said:not(:empty)", timeout=PATIENCE_MS)
        assert level_dbfs(visitor.sound) > -50
        expect(other.page.locator(".turn")).to_have_count(0)
        assert len(other.sound) == 0
        assert not visitor.errors + other.errors


def test_a_killed_server_loses_no_word_of_either_side(kiosk: KioskProcess, chromium: Browser, tmp_path: Path) -> None:
    with listening(chromium, recording(tmp_path, "private", 1.0)) as launched:
        visitor = visit(launched, kiosk.page)
        visitor.ask("why is the sky blue")
        visitor.page.wait_for_selector(".turn.reply .said:not(:empty)", timeout=PATIENCE_MS)
        kiosk.kill()  # in the middle of the reply
        visitor.expect_state("trouble")
        expect(visitor.page.locator("#notice")).to_contain_text("It comes back by itself")
        kiosk.start()
        visitor.expect_words("The sky is blue because air scatters blue light more than red light.", who="reply.over")
        visitor.talk()
        visitor.expect_state("listening")
        kiosk.kill()  # in the middle of the question
        visitor.expect_state("trouble")
        kiosk.start()
        expect(visitor.page.locator(".turn.reply")).to_have_count(2, timeout=PATIENCE_MS)
        expect(visitor.page.locator(".turn.person")).to_have_count(2)
        visitor.expect_heard(QUESTION, 1)
        said = visitor.page.locator(".turn.reply").nth(1)
        expect(said).to_contain_text(ANSWER[0], timeout=PATIENCE_MS)
        assert not visitor.errors
