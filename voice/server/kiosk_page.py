"""The kiosk page over HTTP: its files, the headers that keep it to this server, and the suggestions it shows."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest

from fastapi import FastAPI
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from voice import paths as folders
from voice.text.speakable import language_of

PATH = "/kiosk/"
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
        "trusted-types worklets",
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

    `questions` by language; `hears` the languages whose speech is recognized here; `engines` what runs, in words.
    """

    title: str
    languages: Sequence[str]
    questions: Mapping[str, Sequence[str]]
    hears: Sequence[str]
    engines: Mapping[str, str]
    idle_s: float
    countdown_s: float
    operator_key: str
    keyed: bool
    version: str
    links: bool = False
    """Whether addresses in replies can be followed: on a public screen they would lead out of the page."""


def install(app: FastAPI, page: Page) -> None:
    """Add the page to the application; / leads to it."""

    @app.get("/", include_in_schema=False)
    async def root() -> Response:
        return RedirectResponse(PATH, 307)

    @app.get(PATH + "settings.json", include_in_schema=False)
    async def settings() -> Response:
        return JSONResponse(asdict(page), headers=HEADERS)

    app.mount(PATH.rstrip("/"), Files(directory=folders.PACKAGE / "kiosk", html=True), name="kiosk")


class Files(StaticFiles):
    """The page's files with its headers; a browser asks each time whether they changed."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(HEADERS)
        return response


_QUESTION = re.compile(r"[^?？]*?[?？]")
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
