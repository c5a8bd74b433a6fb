"""A person talks to the page: a real Chromium, a WAV file as its microphone, the real server and its own engines."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.support.kiosk import PATIENCE_MS, KioskProcess, listening, recording, visit
from tests.support.readback import read_back
from voice.audio.frames import level_dbfs

PRODUCT = "12 times 7 is 84."


def test_the_words_are_shown_and_the_reply_is_heard(kiosk: KioskProcess, chromium: Browser, tmp_path: Path) -> None:
    with listening(chromium, recording(tmp_path, "times", 1.0)) as launched:
        visitor = visit(launched, kiosk.page)
        visitor.talk()
        visitor.expect_state("listening")
        visitor.expect_words("what is twelve times seven")
        visitor.expect_words(PRODUCT, who="reply.over")
        said = read_back(visitor.sound, "twelve times seven is eighty four", "i do not know that", "it is ten")
        assert said == "twelve times seven is eighty four"
        assert not visitor.errors


def test_speech_over_the_reply_stops_it_and_no_other_tab_hears_it(
    kiosk: KioskProcess, chromium: Browser, tmp_path: Path
) -> None:
    with listening(chromium, recording(tmp_path, "time", 2.0)) as launched:
        other = visit(launched, kiosk.page)
        visitor = visit(launched, kiosk.page)
        visitor.talk()
        visitor.ask("what can you do")
        expect(visitor.page.locator(".turn.reply.cut")).to_have_count(1, timeout=PATIENCE_MS)
        expect(visitor.page.locator(".turn.person")).to_have_count(2, timeout=PATIENCE_MS)
        visitor.page.wait_for_selector(".turn.reply.recent .said:not(:empty)", timeout=PATIENCE_MS)
        assert level_dbfs(visitor.sound) > -50
        expect(other.page.locator(".turn")).to_have_count(0)
        assert len(other.sound) == 0
        assert not visitor.errors + other.errors


def test_a_killed_server_loses_no_word_of_either_side(kiosk: KioskProcess, chromium: Browser, tmp_path: Path) -> None:
    with listening(chromium, recording(tmp_path, "times", 1.0)) as launched:
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
        visitor.expect_words("why is the sky blue", "what is twelve times seven")
        said = visitor.page.locator(".turn.reply").nth(1)
        expect(said).to_contain_text(PRODUCT, timeout=PATIENCE_MS)
        assert not visitor.errors
