"""The page over HTTP: its files, the headers that keep it to itself, and what the owner set."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.support.serving import serving
from voice.errors import ConfigError, MissingError
from voice.llm.builtin.notes import headings
from voice.server.kiosk_page import HEADERS, PATH, install
from voice.settings.layers import Given, load
from voice.wiring.kiosk import page

PACKAGE = Path(__file__).parents[2] / "voice" / "kiosk"


def made(**settings: object):  # type: ignore[no-untyped-def]
    flags = [Given(key.replace("__", "."), value, "test") for key, value in settings.items()]
    return page(load(flags=flags).settings)


def test_the_files_come_with_their_headers_and_nothing_else_comes() -> None:
    async def run() -> None:
        async with serving() as here:
            install(here.app.http, made())
            root = await here.http.get("/")
            assert (root.status_code, root.headers["location"]) == (307, PATH)
            for name in ("", "js/main.js", "js/worklets/playback.js", "css/tokens.css", "icon.svg", "settings.json"):
                answer = await here.http.get(PATH + name)
                assert answer.status_code == 200, name
                assert {key: answer.headers[key] for key in HEADERS} == HEADERS
            for name in ("../serve/kiosk.py", "%2e%2e/settings.py", "nothing.js"):
                refused = await here.http.get(PATH + name)
                assert refused.status_code == 404, name
                assert refused.json()["error"]["code"] == "not_found"
            assert (await here.http.post(PATH, content=b"x")).status_code == 405

    asyncio.run(run())


def test_the_page_tells_what_the_owner_set() -> None:
    async def run() -> None:
        async with serving() as here:
            wanted = made(kiosk__title="Museum", kiosk__idle_s=40.0, kiosk__languages="zh, en")
            install(here.app.http, wanted)
            told = (await here.http.get(PATH + "settings.json")).json()
            assert told["title"] == "Museum"
            assert told["idle_s"] == 40.0
            assert told["languages"] == ["zh", "en"]
            assert "How far away is the Moon?" in told["questions"]["en"]
            assert "月亮离地球有多远？" in told["questions"]["zh"]

    asyncio.run(run())


def test_an_owner_makes_a_kiosk_by_writing_markdown(tmp_path: Path) -> None:
    (tmp_path / "garden.md").write_text(
        "# The garden\n\n## When do you open?\n\nAt nine.\n\n## 几点开门？\n\n九点。\n\n## Empty?\n", "utf-8"
    )
    assert headings(tmp_path) == [["When do you open?", "几点开门？"]]
    told = made(chat__knowledge=str(tmp_path))
    assert told.questions == {"en": ["When do you open?"], "zh": ["几点开门？"]}
    told = made(chat__knowledge=str(tmp_path), kiosk__questions="Who are you?|你是谁？")
    assert told.questions == {"en": ["Who are you?"], "zh": ["你是谁？"]}


def test_what_cannot_be_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"kiosk\.languages.*'fr'.*en, zh"):
        made(kiosk__languages="en,fr")
    with pytest.raises(ConfigError, match=r"kiosk\.languages"):
        made(kiosk__languages=" ")
    with pytest.raises(ConfigError, match=r"kiosk\.countdown_s.*less than kiosk\.idle_s"):
        made(kiosk__idle_s=10.0, kiosk__countdown_s=10.0)
    with pytest.raises(MissingError, match=r"chat\.knowledge"):
        made(chat__knowledge=str(tmp_path / "absent"))


def test_the_page_names_no_other_host_and_makes_no_html_of_text() -> None:
    for file in PACKAGE.rglob("*.*"):
        text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//cdn|@import", text), file
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text), file
        assert "localStorage" not in text, file
    index = (PACKAGE / "index.html").read_text("utf-8")
    assert not re.search(r"<script(?! type=\"module\" src=)|<style|\sstyle=|\son\w+=", index)
