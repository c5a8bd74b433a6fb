"""The page over HTTP: its files, the headers that keep it to itself, and what the owner set."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.serving import serving
from voice.errors import ConfigError, MissingError
from voice.llm.builtin.notes import headings
from voice.server.kiosk_page import DARK, HEADERS, LEAST_CONTRAST, LIGHT, PATH, accent_style, contrast, html, install
from voice.settings.layers import Given, load
from voice.wiring.kiosk import kiosk_page

PACKAGE = Path(__file__).parents[2] / "voice" / "kiosk"


def made(**settings: object):  # type: ignore[no-untyped-def]
    flags = [Given(key.replace("__", "."), value, "test", secrets=True) for key, value in settings.items()]
    return kiosk_page(load(flags=flags).settings)


def test_the_files_come_with_their_headers_and_nothing_else_comes() -> None:
    async def run() -> None:
        async with serving() as here:
            install(here.app.http, made(), here.app.service.engine.parts.clock)
            root = await here.http.get("/")
            assert (root.status_code, root.headers["location"]) == (307, PATH)
            for name in (
                "",
                "js/main.js",
                "js/worklets/playback.js",
                "css/tokens.css",
                "icon.svg",
                "settings.json",
                "manifest.json",
                "css/owner.css",
            ):
                answer = await here.http.get(PATH + name)
                assert answer.status_code == 200, name
                assert {key: answer.headers[key] for key in HEADERS} == HEADERS
            for name in ("../serve/kiosk.py", "%2e%2e/settings.py", "nothing.js", "logo"):
                refused = await here.http.get(PATH + name)
                assert refused.status_code == 404, name
                assert refused.json()["error"]["code"] == "not_found"
            assert (await here.http.post(PATH, content=b"x")).status_code == 405

    asyncio.run(run())


def test_the_page_tells_what_the_owner_set() -> None:
    async def run() -> None:
        async with serving() as here:
            wanted = made(kiosk__title="Museum", kiosk__idle_s=40.0, kiosk__languages="zh, en")
            install(here.app.http, wanted, here.app.service.engine.parts.clock)
            told = (await here.http.get(PATH + "settings.json")).json()
            assert told["title"] == "Museum"
            assert told["idle_s"] == 40.0
            assert told["languages"] == ["zh", "en"]
            assert "How far away is the Moon?" in told["questions"]["en"]
            assert "月亮离地球有多远？" in told["questions"]["zh"]

    asyncio.run(run())


def test_only_the_pin_opens_the_operator_panel_and_few_guesses_are_taken() -> None:
    async def run() -> None:
        async with serving() as here:
            now = [0.0]
            install(here.app.http, made(kiosk__pin="2468"), lambda: now[0])
            told = await here.http.get(PATH + "settings.json")
            assert told.json()["pin"] is True
            assert "pocketsphinx" not in told.text

            async def tried(pin: str) -> int:
                return (await here.http.post(PATH + "operator", json={"pin": pin})).status_code

            assert [await tried(pin) for pin in ("", "0000", "２４６８", "2468")] == [401, 401, 401, 200]
            assert [await tried("1") for _ in range(3)] == [401, 401, 429]
            assert await tried("2468") == 429  # also the right one, or it would show
            now[0] += 31.0
            assert await tried("2468") == 200
            assert (await here.http.post(PATH + "operator", content=b"x")).status_code == 400

    asyncio.run(run())


def test_the_owners_colour_logo_and_title(tmp_path: Path) -> None:
    (logo := tmp_path / "logo.svg").write_text("<svg/>")

    async def run() -> None:
        async with serving() as here:
            wanted = made(kiosk__accent="#003366", kiosk__theme="dark", kiosk__logo=str(logo), kiosk__title="Museum")
            install(here.app.http, wanted, here.app.service.engine.parts.clock)
            style = (await here.http.get(PATH + "css/owner.css")).text
            assert "html { color-scheme: dark; }" in style
            assert re.search(r"--accent: light-dark\(#003366, #[0-9a-f]{6}\); --on-accent: light-dark\(#ffffff,", style)
            picture = await here.http.get(PATH + "logo")
            assert (picture.headers["content-type"], picture.content) == ("image/svg+xml", b"<svg/>")
            assert (await here.http.get(PATH + "manifest.json")).json()["name"] == "Museum"

    asyncio.run(run())


@given(st.integers(0, 0xFFFFFF))
def test_every_accent_stands_out_and_what_is_written_on_it_can_be_read(colour: int) -> None:
    light, dark, on_light, on_dark = re.findall("#[0-9a-f]{6}", accent_style(f"#{colour:06x}"))
    assert min(contrast(light, LIGHT), contrast(dark, DARK)) >= LEAST_CONTRAST
    assert min(contrast(light, on_light), contrast(dark, on_dark)) >= 4.5


def test_an_owner_makes_a_kiosk_by_writing_markdown(tmp_path: Path) -> None:
    (tmp_path / "garden.md").write_text(
        "# The garden\n\n## When do you open?\n\nAt nine.\n\n## 几点开门？\n\n九点。\n\n## Empty?\n", "utf-8"
    )
    assert headings(tmp_path) == [["When do you open?", "几点开门？"]]
    told = made(chat__knowledge=str(tmp_path))
    assert told.page.questions == {"en": ["When do you open?"], "zh": ["几点开门？"]}
    told = made(chat__knowledge=str(tmp_path), kiosk__questions="Who are you?|你是谁？")
    assert told.page.questions == {"en": ["Who are you?"], "zh": ["你是谁？"]}


def test_what_cannot_be_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"kiosk\.languages.*'fr'.*en, zh"):
        made(kiosk__languages="en,fr")
    with pytest.raises(ConfigError, match=r"kiosk\.languages"):
        made(kiosk__languages=" ")
    with pytest.raises(ConfigError, match=r"kiosk\.countdown_s.*less than kiosk\.idle_s"):
        made(kiosk__idle_s=10.0, kiosk__countdown_s=10.0)
    for wrong in ("12", "12345a", "1" * 13):
        with pytest.raises(ConfigError, match=r"VOICE_KIOSK_PIN.*4 to 12 digits"):
            made(kiosk__pin=wrong)
    with pytest.raises(ConfigError, match=r"kiosk\.accent.*#rrggbb"):
        made(kiosk__accent="red")
    with pytest.raises(MissingError, match=r"kiosk\.logo"):
        made(kiosk__logo=str(tmp_path / "absent.png"))
    with pytest.raises(ConfigError, match=r"kiosk\.logo.*\.svg"):
        made(kiosk__logo=__file__)
    with pytest.raises(MissingError, match=r"chat\.knowledge"):
        made(chat__knowledge=str(tmp_path / "absent"))


def test_the_page_names_no_other_host_and_makes_no_html_of_text() -> None:
    for file in PACKAGE.rglob("*.*"):
        text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//cdn|@import", text), file
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text), file
        assert "localStorage" not in text, file
    for name in ("kiosk", "home"):
        assert not re.search(r"<script(?! type=\"module\" src=)|<style|\sstyle=|\son\w+=|<!-- part", html(name))


def test_the_pages_are_one_shell_with_what_each_adds() -> None:
    for name, others in (("kiosk", "drawer"), ("home", "operator")):
        text = html(name)
        names = re.findall(r'\bid="([^"]+)"', text)
        assert len(names) == len(set(names)) and others not in names
        assert text.index("css/owner.css") > text.rindex("css/dialogs.css"), "the owner's colours are the last word"
        assert len(re.findall("<script", text)) == 1
        preloaded = re.findall(r'"modulepreload" href="js/([^"]+)"', text)
        assert preloaded.count("talk.js") == 1 and ("deeds.js" in preloaded) == (name == "home")


def modules(file: Path) -> set[Path]:
    """A module, and all that it loads."""
    text = file.read_text("utf-8")
    names = re.findall(r'from "\./([^"]+)"|new URL\("([^"]+)", import\.meta', text)
    return {file}.union(*(modules(file.parent / (one or other)) for one, other in names))


@pytest.mark.parametrize("page", ["main.js", "home.js"])
def test_the_pages_are_small(page: str) -> None:
    loaded = modules(PACKAGE / "js" / page)
    assert {"capture.js", "markdown.js", "resampler.js"} < {file.name for file in loaded}
    assert sum(file.stat().st_size for file in loaded) < 100_000
