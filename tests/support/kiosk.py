"""The kiosk page in a real Chromium, in front of a real `voice kiosk`, with a WAV file as its microphone."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    BrowserType,
    Page,
    Route,
    WebSocketRoute,
    expect,
    sync_playwright,
)

from benchmarks import chromium
from tests.support.patience import PATIENCE_S
from tests.support.served import ServedProcess
from tests.support.speech import command
from voice.asr.word_error_rate import distance, words
from voice.audio.frames import RATE, Pcm, silence
from voice.audio.resample import resample
from voice.audio.wav import write_wav

AXE = Path(__file__).parents[1] / "js" / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE_MS = PATIENCE_S * 1000
SETTLE_S = 1.0
needs_axe = pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: cd tests/js && npm ci")

TAP = """
window.__heard = [];
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...how) {
  if (to instanceof AudioDestinationNode) {
    const tap = this.context.createScriptProcessor(2048, 1, 1);
    window.__rate = this.context.sampleRate;
    tap.onaudioprocess = ({ inputBuffer }) => window.__heard.push(inputBuffer.getChannelData(0).slice());
    connect.call(this, tap);
    connect.call(tap, to);
  }
  return connect.call(this, to, ...how);
};
"""
"""Records what the page gives to the speaker."""

RECORDED = """() => {
  const samples = window.__heard.flatMap((chunk) => Array.from(chunk));
  const bytes = new Uint8Array(Int16Array.from(samples, (sample) => sample * 32767).buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return [window.__rate ?? 0, btoa(text)];
}"""


class KioskProcess(ServedProcess):
    """A running `voice kiosk` with the builtin engines."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        super().__init__(folder, "builtin")
        store = f"sqlite:///{folder}/sessions.db"
        self._arguments = ["kiosk", "--no-browser", "--profile", "desktop", "--port", str(self.port)]
        self._arguments += ["--set", f"chat.store={store}", "--set", "models.folder=/nowhere", *arguments]

    @property
    def page(self) -> str:
        return self.url + "/kiosk/"


class Visitor:
    """A tab with the page in it; `sound` is what it gave to the speaker."""

    def __init__(self, page: Page, errors: list[str]) -> None:
        self.page, self.errors = page, errors
        self.session: tuple[str, str] = ("", "")
        page.on("websocket", lambda socket: socket.on("framereceived", self._received))

    def _received(self, frame: str | bytes) -> None:
        if '"session.created"' in str(frame)[:40]:
            told = json.loads(frame)["session"]["x_session"]
            self.session = (told["id"], told.get("token", self.session[1]))

    def talk(self) -> None:
        self.page.click("#talk")

    def ask(self, text: str) -> None:
        self.page.fill("#question", text)
        self.page.press("#question", "Enter")

    def expect_words(self, *texts: str, who: str = "person") -> None:
        """These are the captions of the person, or of the reply, in this order and complete."""
        label = "span:not(.who)"
        turns = self.page.locator(f".turn.{who}")
        expect(turns).to_have_count(len(texts), timeout=PATIENCE_MS)
        for index, text in enumerate(texts):
            parts = turns.nth(index).locator(label)
            expect(parts.nth(0)).to_have_text(text, timeout=PATIENCE_MS)

    def expect_heard(self, said: str, turn: int = 0) -> None:
        """Once it is answered, the caption has all words said but one: the browser changes their sound."""
        self.page.wait_for_selector(f".turn.reply >> nth={turn}", timeout=PATIENCE_MS)
        shown = self.page.locator(".turn.person").nth(turn).locator("span:not(.who)").first.inner_text()
        assert distance(words(said), words(shown)) <= 1, shown

    def expect_state(self, *states: str) -> None:
        wanted = ",".join(f"html[data-state={state}]" for state in states)
        self.page.wait_for_selector(wanted, timeout=PATIENCE_MS)

    @property
    def sound(self) -> Pcm:
        """16 kHz."""
        rate, text = self.page.evaluate(RECORDED)
        samples = np.frombuffer(base64.b64decode(text), np.int16)
        return resample(samples, rate, RATE) if rate else silence(0.0)


def replying(socket: WebSocketRoute, text: str, *, share: float, then: tuple[Mapping[str, object], ...] = ()) -> None:
    """A server whose answer to each question is `text`; it speaks this share of it, and sends `then`."""
    spoken = {"type": "x.spoken", "item_id": "a", "turn": 1, "text": text}
    question = {"type": "message", "id": "u", "role": "user", "content": [{"type": "input_text", "text": "what"}]}

    def tell(*events: Mapping[str, object]) -> None:
        for event in events:
            socket.send(json.dumps(event))

    def take(message: str | bytes) -> None:
        kind = json.loads(message)["type"]
        if kind == "session.update":
            tell({"type": "session.updated", "session": {}})
        elif kind == "conversation.item.create":
            tell({"type": "conversation.item.added", "item": question}, {"type": "x.state", "state": "speaking"})
            tell(*({**spoken, "chars": chars} for chars in range(0, round(len(text) * share) + 1, 100)))
            tell({**spoken, "chars": round(len(text) * share)}, *then)

    socket.on_message(take)
    tell({"type": "session.created", "session": {"x_session": {"id": "s_1", "token": "vt_1"}}})


def recording(folder: Path, *parts: str | float) -> Path:
    """A WAV file of spoken commands by name, and of pauses in seconds, as loud as somebody before the screen.

    It begins with a pause in which the browser's noise suppression and gain control settle.
    """
    pieces = [silence(SETTLE_S), *(command(part) if isinstance(part, str) else silence(part) for part in parts)]
    pcm = np.concatenate(pieces) * 0.15 + np.random.default_rng(1).normal(0.0, 1.0, sum(map(len, pieces)))
    path = folder / ("-".join(map(str, parts)) + ".wav")
    write_wav(path, pcm.astype(np.int16), RATE)
    return path


@contextmanager
def browser(*flags: str) -> Iterator[Browser]:
    """A Chromium with these flags, and the driver that others can be launched with."""
    with sync_playwright() as playwright, launched(playwright.chromium, *flags) as made:
        yield made


@contextmanager
def listening(beside: Browser, microphone: Path) -> Iterator[Browser]:
    """Another Chromium, whose microphone is the file, played once from when the page opens it."""
    with launched(beside.browser_type, *chromium.speaking(microphone)) as made:
        yield made


@contextmanager
def launched(kind: BrowserType, *flags: str) -> Iterator[Browser]:
    """A Chromium with these flags, which finds no sound device of this machine."""
    made = kind.launch(**chromium.how(*flags))
    try:
        yield made
    finally:
        made.close()


def visit(context: BrowserContext | Browser, url: str, *, ready: bool = True, **settings: Any) -> Visitor:
    """Open the page; `settings` replace what the owner set. What goes wrong in it fails the test by `check`."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if "Content Security Policy" in line.text else None)
    page.add_init_script(TAP)
    if settings:
        page.route("**/settings.json", functools.partial(_patched, settings=settings))
    visitor = Visitor(page, errors)
    page.goto(url)
    if ready:
        page.wait_for_selector("#state:has-text('Ready')", timeout=PATIENCE_MS)
    return visitor


def _patched(route: Route, settings: dict[str, Any]) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=json.dumps(answer.json() | settings))
