#!/usr/bin/env python3
"""Draws docs/kiosk/*.webp: the kiosk page in every state and both languages, dark on a desktop and light on a phone.

The page is the real one; what the server says to it is written down here, so that each state holds still.
"""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, Page, ViewportSize, WebSocketRoute, async_playwright

from benchmarks.processes import free_port

ROOT = Path(__file__).parent.parent
OUT = ROOT / "docs" / "kiosk"
SIZES: dict[str, ViewportSize] = {
    "desktop": {"width": 1280, "height": 800},
    "phone": {"width": 390, "height": 844},
}
QUALITY = 70
FLAGS = ("--no-sandbox", "--disable-gpu", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
SETTLE_MS = 1600

TALK = {
    "en": (
        ("How far away is the Moon?", "The Moon is about **384,400 kilometers** away from the Earth."),
        ("And how long would it take to drive there?", "At 100 kilometers an hour, without a break, about 160 days."),
    ),
    "zh": (
        ("月亮离地球有多远？", "月球离地球大约**384400公里**。"),
        ("开车去要多久？", "按每小时一百公里、一路不停来算，大约要一百六十天。"),
    ),
}
Event = dict[str, Any]


class Server:
    """What stands in for the server behind the page's WebSocket."""

    def __init__(self, language: str) -> None:
        self.talk = TALK[language]
        self.socket: WebSocketRoute | None = None

    def open(self, socket: WebSocketRoute) -> None:
        self.socket = socket
        session = {"type": "realtime", "x_session": {"id": "s_picture", "token": "vt_picture", "resumed": False}}
        self.tell({"type": "session.created", "session": session})
        socket.on_message(self.take)

    def take(self, message: str | bytes) -> None:
        if json.loads(message)["type"] == "session.update":
            self.tell({"type": "session.updated", "session": {}})

    def tell(self, *events: Event) -> None:
        assert self.socket is not None
        for event in events:
            self.socket.send(json.dumps(event))

    def state(self, name: str) -> None:
        self.tell({"type": "x.state", "state": name})

    def asked(self, turn: int, share: float = 1.0) -> None:
        words = self.talk[turn][0]
        text = words[: round(len(words) * share)]
        self.tell({"type": "x.partial", "item_id": f"u{turn}", "text": text, "stable": round(len(text) * 0.6)})
        if share == 1.0:
            kind = "conversation.item.input_audio_transcription.completed"
            self.tell({"type": kind, "item_id": f"u{turn}", "transcript": words})

    def answered(self, turn: int, share: float = 1.0) -> None:
        text = self.talk[turn][1]
        spoken = {"item_id": f"a{turn}", "turn": turn + 1, "chars": round(len(text) * share), "text": text}
        self.tell({"type": "x.spoken", **spoken})
        spans = [
            ["endpoint", 212],
            ["transcript", 31],
            ["first_token", 9],
            ["first_audio", 38],
            ["audible", 27 + 9 * turn],
        ]
        total = sum(ms for _, ms in spans)  # type: ignore[misc]
        latency = {"turn": turn + 1, "response_ms": total, "rule": "complete", "outcome": "answered", "spans": spans}
        if share == 1.0:
            self.tell({"type": "x.latency", **latency}, {"type": "x.level", "dbfs": -31})
            self.state("idle")

    def first_turn(self) -> None:
        self.asked(0)
        self.answered(0)


def listening(server: Server) -> None:
    server.first_turn()
    server.state("listening")
    server.asked(1, 0.7)


def thinking(server: Server) -> None:
    server.first_turn()
    server.asked(1)
    server.state("thinking")


def speaking(server: Server) -> None:
    server.first_turn()
    server.asked(1)
    server.state("speaking")
    server.answered(1, 0.55)


def paused(server: Server) -> None:
    speaking(server)
    server.state("paused")


Scene = tuple[str, Callable[[Server], None] | None]
SCENES: tuple[Scene, ...] = (
    ("attract", None),
    ("ready", Server.first_turn),
    ("listening", listening),
    ("thinking", thinking),
    ("speaking", speaking),
    ("paused", paused),
    ("trouble", Server.first_turn),
    ("countdown", Server.first_turn),
    ("operator", Server.first_turn),
    ("contrast", speaking),
)


async def shoot(browser: Browser, url: str, language: str, size: ViewportSize, scene: Scene, file: Path) -> None:
    """One picture of one scene."""
    name, play = scene
    server = Server(language)
    scheme: Literal["dark", "light"] = "dark" if size == SIZES["desktop"] else "light"
    context = await browser.new_context(viewport=size, permissions=["microphone"], color_scheme=scheme)
    page = await context.new_page()
    await page.route_web_socket("**/v1/realtime*", server.open)
    await page.route("**/settings.json", lambda route: patched(route, name))
    await page.route("**/healthz", lambda route: route.fulfill(status=200))  # however busy this machine is
    await page.goto(url)
    await page.wait_for_selector(f"[data-language={language}]", state="attached")
    await page.evaluate("(language) => document.querySelector(`[data-language=${language}]`).click()", language)
    await page.wait_for_selector("#state:not(:empty)")
    if play is not None:
        await page.click("#talk")
        await page.wait_for_selector("#mute:enabled")
        play(server)
    if name == "trouble":
        assert server.socket is not None
        await page.route("**/healthz", lambda route: route.abort())
        await server.socket.close()
    elif name == "operator":
        await page.keyboard.press("Control+Alt+O")
    elif name == "contrast":
        await page.click("#contrast")
        await page.click("#size")
    elif name == "countdown":
        await page.wait_for_selector("#leaving[open]")
    await page.wait_for_timeout(SETTLE_MS)
    await page.screenshot(path=file)
    await context.close()


async def patched(route: Any, name: str) -> None:
    """The page's settings, with a visitor who has left already where that is the scene."""
    answer = await route.fetch()
    settings = await answer.json()
    settings |= {"hears": settings["languages"]}
    if name == "countdown":
        settings |= {"idle_s": 13, "countdown_s": 12}
    await route.fulfill(response=answer, json=settings)


async def sheet(page: Page, pictures: list[Path], columns: int, width: int, file: Path) -> None:
    """All pictures of a row of scenes on one page."""
    images = "".join(f'<img src="file://{picture}">' for picture in pictures)
    style = f"body{{margin:0;background:#05070f;display:grid;grid-template-columns:repeat({columns},1fr);gap:10px}}"
    source = file.with_suffix(".html")
    source.write_text(f"<style>{style}img{{width:100%;display:block}}</style>{images}")
    await page.set_viewport_size({"width": width, "height": 100})
    await page.goto(f"file://{source}")
    height = await page.evaluate("document.documentElement.scrollHeight")
    await page.set_viewport_size({"width": width, "height": height})
    devtools = await page.context.new_cdp_session(page)
    taken = await devtools.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    await asyncio.to_thread(file.write_bytes, base64.b64decode(taken["data"]))
    source.unlink()


async def draw(url: str, folder: Path) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(FLAGS))
        for language in TALK:
            for size, viewport in SIZES.items():
                pictures = [folder / f"{language}-{size}-{name}.png" for name, _ in SCENES]
                for scene, file in zip(SCENES, pictures, strict=True):
                    await shoot(browser, url, language, viewport, scene, file)
                page = await browser.new_page()
                columns, width = (2, 1200) if size == "desktop" else (5, 1200)
                await sheet(page, pictures, columns, width, OUT / f"{language}-{size}.webp")
                await page.close()
        await browser.close()


def main() -> None:
    """Serve the page, draw every picture, and compose them. An argument names a folder to keep the single ones in."""
    OUT.mkdir(exist_ok=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}/kiosk/"
    with tempfile.TemporaryDirectory() as store:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else store).resolve()
        folder.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "voice", "kiosk", "--no-browser", "--port", str(port)]
        command += ["--set", f"chat.store=sqlite:///{store}/sessions.sqlite"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
            assert served.stdout is not None
            served.stdout.readline()
            try:
                asyncio.run(draw(url, folder))
            finally:
                served.terminate()


if __name__ == "__main__":
    main()
