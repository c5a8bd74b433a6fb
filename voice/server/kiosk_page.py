"""The pages over HTTP: their files, the headers that keep it to this server, what the owner chose for it."""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from textwrap import indent

from fastapi import FastAPI
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from voice import paths as folders
from voice.server.access import PEER, Buckets
from voice.sessions.log import Refused
from voice.text.patterns import pattern_of
from voice.text.speakable import language_of

PATH = "/kiosk/"
FOLDER = folders.PACKAGE / "kiosk"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "manifest-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types shell",
    )
)
"""No script or style but the page's own files, no request to any other host, and no text that could become HTML."""

HEADERS = {
    "content-security-policy": POLICY,
    "permissions-policy": "microphone=(self), camera=(), geolocation=(), screen-wake-lock=(self)",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",
}


@dataclass(frozen=True, slots=True)
class Page:
    """What the page reads when it opens.

    `questions` by language; `hears` the languages whose speech is recognized here; `pin` whether the operator panel
    needs one; `links` whether addresses in replies can be followed: on a public screen they would lead out of the page.
    """

    title: str
    languages: Sequence[str]
    questions: Mapping[str, Sequence[str]]
    hears: Sequence[str]
    idle_s: float
    countdown_s: float
    operator_key: str
    pin: bool
    logo: bool
    keyed: bool
    links: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """What the server adds to the operator panel: `engines` is what runs, in words. `pin` opens it; "": anyone may."""

    engines: Mapping[str, str]
    version: str
    pin: str = ""


@dataclass(frozen=True, slots=True)
class Logo:
    """The owner's picture in the bar."""

    data: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class KioskPage:
    """All that is served. `style` has the owner's colours, as CSS."""

    page: Page
    panel: Panel
    style: str = ""
    logo: Logo | None = None


class PinSent(BaseModel):
    pin: str = Field(max_length=64)


WRONG_PINS = (1 / 30, 5.0)
"""Wrong PINs an address may send per second, and at once."""


def install(app: FastAPI, kiosk: KioskPage, clock: Callable[[], float]) -> None:
    """Add the page to the application; / leads to it. `clock` gives seconds."""
    wrong = Buckets(*WRONG_PINS, clock)

    @app.get("/", include_in_schema=False)
    async def root() -> Response:
        return RedirectResponse(PATH, 307)

    @app.get(PATH + "settings.json", include_in_schema=False)
    async def settings() -> Response:
        return JSONResponse(asdict(kiosk.page), headers=HEADERS)

    @app.get(PATH + "manifest.json", include_in_schema=False)
    async def manifest() -> Response:
        icon = {"src": "icon.svg", "sizes": "any", "type": "image/svg+xml"}
        told = {"name": kiosk.page.title or "Voice", "start_url": "./", "display": "fullscreen", "icons": [icon]}
        return JSONResponse({**told, "background_color": DARK, "theme_color": DARK}, headers=HEADERS)

    @app.get(PATH + "css/owner.css", include_in_schema=False)
    async def style() -> Response:
        return Response(kiosk.style, media_type="text/css", headers=HEADERS)

    @app.get(PATH + "logo", include_in_schema=False)
    async def logo() -> Response:
        if kiosk.logo is None:
            raise HTTPException(404)
        return Response(kiosk.logo.data, media_type=kiosk.logo.media_type, headers=HEADERS)

    @app.post(PATH + "operator", include_in_schema=False)
    async def operator(sent: PinSent) -> Response:
        panel, address = kiosk.panel, PEER.get()
        wait_s = wrong.wait_s(address)
        if wait_s > 0:
            raise Refused("rate_limited", "too many wrong PINs", temporary=True, retry_after_s=wait_s)
        if panel.pin and not hmac.compare_digest(panel.pin.encode(), sent.pin.encode()):
            wrong.take(address)
            raise Refused("key_invalid", "the PIN is wrong", expected="the digits of VOICE_KIOSK_PIN")
        return JSONResponse({"engines": dict(panel.engines), "version": panel.version}, headers=HEADERS)

    text = html("kiosk")

    @app.get(PATH, include_in_schema=False)
    async def index() -> Response:
        return Response(text, media_type="text/html", headers=HEADERS)

    app.mount(PATH.rstrip("/"), Files(directory=FOLDER), name="kiosk")


def modules(file: Path) -> set[Path]:
    """A module, and all that it imports."""
    names = re.findall(r'from "\./([^"]+)"', file.read_text("utf-8"))
    return {file}.union(*(modules(file.parent / name) for name in names))


_PART = pattern_of(r"^( *)<!-- part: (\w+) -->\n", re.MULTILINE)


def html(name: str) -> str:
    """The HTML of a page: the shell that all have, with what this one adds in its places.

    It names all its modules, so that a browser asks for them at once and not as it finds one in the other.
    """
    _, *found = _PART.split((FOLDER / f"{name}.html").read_text("utf-8"))
    parts = dict(zip(found[1::3], found[2::3], strict=True))
    loaded = sorted(modules(FOLDER / "js" / re.findall(r'src="js/([^"]+)"', parts["head"])[0]))
    parts["head"] += "".join(f'<link rel="modulepreload" href="js/{file.name}">\n' for file in loaded)
    shell = (FOLDER / "shell.html").read_text("utf-8")
    return _PART.sub(lambda place: indent(parts.get(place[2], ""), place[1]), shell)


DARK, LIGHT = "#0a0e1c", "#f5f7fd"
"""The page's grounds, as in css/tokens.css."""
LEAST_CONTRAST = 3.0
"""Of what is pressed against the ground: WCAG 2.2, 1.4.11."""


def accent_style(accent: str) -> str:
    """CSS with the owner's colour, `#rrggbb`; on a ground from which it does not stand out, lighter or darker.

    Text on it is black or white, whichever is clearer; one of the two has at least 4.5:1 on every colour.
    """
    light, dark = _apart(accent, LIGHT, "#000000"), _apart(accent, DARK, "#ffffff")
    on_light, on_dark = (max(("#000000", "#ffffff"), key=lambda ink: contrast(ink, one)) for one in (light, dark))
    colours = f"--accent: light-dark({light}, {dark}); --on-accent: light-dark({on_light}, {on_dark});"
    return f'html:not([data-contrast="high"]) {{ {colours} }}\n'


def _apart(colour: str, ground: str, towards: str) -> str:
    for share in range(0, 100, 5):
        mixed = _hex(a + (b - a) * share / 100 for a, b in zip(_parts(colour), _parts(towards), strict=True))
        if contrast(mixed, ground) >= LEAST_CONTRAST:
            return mixed
    return towards


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours `#rrggbb`, 1 to 21, by WCAG."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _parts(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))


def _hex(parts: Iterable[float]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


class Files(StaticFiles):
    """The page's files with its headers; a browser asks each time whether they changed."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(HEADERS)
        return response


_QUESTION = pattern_of(r"[^?？]*?[?？]")
_LONGEST = {"en": 60, "zh": 24}
"""Characters of a question that can be taken in at a glance."""


def suggestions(files: Sequence[Sequence[str]], language: str) -> list[str]:
    """The first question of each heading in this language, file by file in turn, each once.

    Where no heading asks anything, the headings themselves: an owner may write `## Opening hours`.
    """
    mine = [[heading for heading in headings if language_of(heading) == language] for headings in files]
    asked = [[found[0].strip() for heading in headings if (found := _QUESTION.match(heading))] for headings in mine]
    if not any(asked):
        asked = mine
    mixed = (one for row in zip_longest(*asked) for one in row if one is not None)
    return [one for one in dict.fromkeys(mixed) if len(one) <= _LONGEST.get(language, 60)]
