"""The page of docs/realtime.md in a real Chromium, with a WAV file as its microphone: WebRTC as browsers speak it."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from benchmarks import chromium
from tests.support.kiosk import PATIENCE_MS, launched, recording
from tests.support.real_models import whisper_folder
from tests.support.realtime import Peer
from tests.support.served import ServedProcess
from voice.asr.word_error_rate import distance, words

DOCUMENT = Path(__file__).parents[3] / "docs" / "realtime.md"
SAID = "what is twelve times seven"

KEPT = """
const Real = RTCPeerConnection;
window.RTCPeerConnection = class extends Real { constructor(...how) { super(...how); window.__call = this; } };
"""
LOUD = """async () => {
  const stats = [...(await window.__call.getStats()).values()];
  return stats.some((one) => one.type === "inbound-rtp" && one.totalAudioEnergy > 0.001);
}"""
"""Whether anything but silence has come over the track."""


@contextmanager
def site(folder: Path) -> Iterator[str]:
    """A web server of these files, of another origin than the server that is called."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://localhost:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def shows(page: Page, who: str) -> str:
    """The first line of the page that begins so."""
    page.wait_for_function(f"document.querySelector('#words').textContent.includes('{who}')", timeout=PATIENCE_MS)
    line = next(line for line in page.inner_text("#words").splitlines() if line.startswith(who))
    return line.removeprefix(who).strip()


async def warmed(url: str) -> None:
    """Have the server's engines made ready, so that the browser is answered in time on a busy machine."""
    async with Peer(url) as peer:
        await peer.update()


@pytest.mark.skipif(chromium.PROGRAM is None, reason="Chromium is not installed: scripts/system chromium")
def test_the_page_of_the_manual_is_answered(tmp_path: Path) -> None:
    page_text = DOCUMENT.read_text("utf-8").partition("```html\n")[2].partition("```")[0]
    assert len(page_text.splitlines()) <= 30
    flags = [word for setting in (
        "tts.engine=espeak", "asr.engine=whisper", f"asr.model={whisper_folder()}", "asr.language=en",
    ) for word in ("--set", setting)]  # fmt: skip
    with site(tmp_path) as origin:
        origins = ("--set", f"serve.origins={origin}")
        with ServedProcess(tmp_path, "builtin", *flags, *origins) as server:
            asyncio.run(warmed(server.url))
            (tmp_path / "index.html").write_text(page_text.replace("http://127.0.0.1:8970", server.url))
            microphone = chromium.speaking(recording(tmp_path, "times", 2.0))
            with sync_playwright() as playwright, launched(playwright.chromium, *microphone) as browser:
                page = browser.new_page()
                page.add_init_script(KEPT)
                page.goto(origin)
                page.click("#talk")
                heard = shows(page, "You:")
                assert distance(words(SAID), words(heard.lower().replace("12", "twelve").replace("7", "seven"))) <= 2
                assert shows(page, "It:")
                assert page.evaluate(LOUD)
