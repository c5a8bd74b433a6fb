"""The page's modules that need neither a page nor a server: words, texts, resampling, what is kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.kiosk import KioskProcess


@pytest.fixture(scope="module")
def page(kiosk: KioskProcess, chromium: Browser) -> Iterator[Page]:
    made = chromium.new_page()
    made.goto(kiosk.page + "icon.svg")
    yield made
    made.close()


def test_both_languages_say_the_same_things(page: Page) -> None:
    keys = page.evaluate(
        """async () => {
          const { STRINGS } = await import("/kiosk/js/strings.js");
          const { HOME } = await import("/kiosk/js/strings-home.js");
          const { KIOSK } = await import("/kiosk/js/strings-kiosk.js");
          const paths = (table) => Object.entries(table).flatMap(([key, value]) =>
            typeof value === "object" ? paths(value).map((path) => `${key}.${path}`) : [key]);
          return ["en", "zh"].map((language) => [STRINGS, HOME, KIOSK].flatMap((one) => paths(one[language])).sort());
        }"""
    )
    assert len(keys) == 2
    assert keys[0] == keys[1]


def test_texts_are_split_by_code_points_and_marked_by_whole_words(page: Page) -> None:
    found = page.evaluate(
        """async () => {
          const { split, splitAtWord } = await import("/kiosk/js/conversation.js");
          return [split("😀a天", 2), splitAtWord("without a break", 4),
                  splitAtWord("a 天空很蓝", 4), splitAtWord("ab", 0)];
        }"""
    )
    assert found == [["😀a", "天"], ["without", " a break"], ["a 天空", "很蓝"], ["", "ab"]]


def test_a_reply_ends_cut_where_it_was_interrupted_and_whole_where_it_was_heard_out(page: Page) -> None:
    """`completed` says that all of it was sent; it may be cut short while the last of it is played."""
    found = page.evaluate(
        """async () => {
          const { Conversation } = await import("/kiosk/js/conversation.js");
          const ended = (chars, ...events) => {
            const talk = new Conversation();
            talk.take({ type: "x.spoken", item_id: "a", turn: 1, chars, text: "all of it. " });
            for (const event of events) talk.take(event);
            return [talk.lastReply.over, talk.lastReply.cut];
          };
          const done = (status) => ({ type: "response.done", response: { status, output: [{ id: "a" }] } });
          const state = (state) => ({ type: "x.state", state });
          return [ended(4, done("cancelled"), state("ending"), state("idle")), ended(4, done("completed")),
                  ended(4, done("completed"), state("ending")), ended(10, done("completed"), state("listening")),
                  ended(10, done("completed"), state("idle"), state("listening"))];
        }"""
    )
    assert found == [[True, True], [False, False], [True, True], [True, False], [True, False]]


def test_resampling_keeps_a_tone_and_takes_out_what_would_fold(page: Page) -> None:
    """A tone of 1 kHz keeps its level within 0.1 dB at every rate; 11.9 kHz and above is gone at 24 kHz."""
    levels = page.evaluate(
        """async () => {
          const { Resampler } = await import("/kiosk/js/worklets/resampler.js");
          const level = (from, to, hertz) => {
            const resampler = new Resampler(from, to);
            let sum = 0, count = 0, made = 0;
            for (let block = 0; block < from / 128; block += 1) {
              const piece = Float32Array.from({ length: 128 }, (_, at) =>
                Math.sin((2 * Math.PI * hertz * (block * 128 + at)) / from));
              for (const sample of resampler.push(piece)) {
                made += 1;
                if (made > to / 10) { sum += sample * sample; count += 1; }
              }
            }
            return [10 * Math.log10(sum / count * 2), made / to];
          };
          return [level(48000, 24000, 1000), level(44100, 24000, 1000), level(24000, 48000, 1000),
                  level(24000, 44100, 1000), level(16000, 24000, 1000), level(48000, 24000, 14000)];
        }"""
    )
    for level, length in levels[:5]:
        assert abs(level) < 0.1
        assert length == pytest.approx(1.0, abs=0.005)
    assert levels[5][0] < -60


def test_what_was_said_before_a_break_is_kept_until_it_is_answered(page: Page) -> None:
    found = page.evaluate(
        """async () => {
          const { Kept } = await import("/kiosk/js/kept.js");
          const said = (...steps) => {
            const kept = new Kept();
            for (const step of steps) {
              if (typeof step === "number") for (let at = 0; at < step; at += 1) kept.heard(at, kept.brokeAt === null);
              else if (step === "broke") kept.broke();
              else if (step === "ended") kept.after = 20;
              else kept.follow(step);
            }
            return [kept.again(false).pieces.length, kept.again(true).pieces.length];
          };
          return {
            quiet: said(400, "broke"),
            open: said(400, "listening", 100, "broke", 30),
            answered: said("listening", 100, "ended", 15, "speaking", 10, "broke", 30),
            long: said("listening", 5000),
          };
        }"""
    )
    assert found["quiet"] == [250, 0]
    assert found["open"] == [250 + 100 + 30, 0]
    assert found["answered"][0] == 20 + 15 + 10 + 30, "what was said is not sent again, and what came after it is"
    assert found["long"][0] == 2500


SPOKEN = {"type": "x.spoken", "item_id": "a", "turn": 1, "text": "One. Two. Three. Four."}
STOPPED = {"type": "response.done", "response": {"status": "cancelled", "output": [{"id": "a"}]}}
IDLE = {"type": "x.state", "state": "idle"}


@pytest.mark.parametrize(
    "then",
    [
        (STOPPED, IDLE, {**SPOKEN, "chars": 12}),
        (IDLE, STOPPED, {**SPOKEN, "chars": 2}),
        (
            {**STOPPED, "response": {"status": "completed", "output": [{"id": "a"}]}},
            {**SPOKEN, "chars": 9, "cut": True},
            IDLE,
        ),
    ],
)
def test_what_was_not_heard_of_a_stopped_reply_stays_dim(page: Page, then: tuple[dict[str, object], ...]) -> None:
    """By the modules alone: a late estimate of the server changes nothing."""
    said, cut, over = page.evaluate(
        """async (events) => {
          const { Conversation } = await import("/kiosk/js/conversation.js");
          const conversation = new Conversation();
          for (const event of events) conversation.take(event);
          const { said, cut, over } = conversation.lastReply;
          return [said, cut, over];
        }""",
        [{**SPOKEN, "chars": 9}, *then],
    )
    assert (said, cut, over) == (9, True, True)
