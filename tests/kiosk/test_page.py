"""The page itself, in a real Chromium before a real server: typing, forgetting, trouble, safety, accessibility."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, CDPSession, Page, Route, WebSocketRoute, expect

from benchmarks.first_paint import MEASURED
from tests.support.kiosk import AXE, PATIENCE_MS, KioskProcess, launched, needs_axe, replying, visit
from voice.audio.frames import level_dbfs

SECRET = "what is twelve times seven"
ANSWER = "12 times 7 is 84."
IMAGE = "<img src=x onerror=document.title='owned'>"


def memory(devtools: CDPSession) -> str:
    """Everything that is in the page's memory."""
    chunks: list[str] = []
    devtools.on("HeapProfiler.addHeapSnapshotChunk", lambda event: chunks.append(event["chunk"]))
    devtools.send("HeapProfiler.collectGarbage")
    devtools.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    return "".join(chunks)


def stored(kiosk: KioskProcess) -> set[object]:
    """Every cell of the server's store; the words in it are sealed."""
    with closing(sqlite3.connect(next(kiosk.log.parent.glob("*.db")))) as store:
        tables = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {cell for table in tables for row in store.execute(f"SELECT * FROM {table}") for cell in row}


def test_nothing_of_a_visitor_remains(kiosk: KioskProcess, chromium: Browser) -> None:
    with chromium.new_context() as context:
        context.clock.install()
        visitor = visit(context, kiosk.page, idle_s=600.0, countdown_s=300.0)
        page, devtools = visitor.page, context.new_cdp_session(visitor.page)
        page.click("#contrast")
        visitor.ask(SECRET)
        page.wait_for_selector(".turn.reply.over", timeout=PATIENCE_MS)  # a text looked for would stay in memory itself
        assert ANSWER in memory(devtools)
        session, token = visitor.session
        assert session in stored(kiosk)
        context.clock.fast_forward(301_000)
        page.wait_for_selector("#leaving[open] #seconds:has-text('29')", timeout=PATIENCE_MS)
        page.click("#stay")
        expect(page.locator("#leaving")).to_be_hidden()
        expect(page.locator(".turn.reply")).to_have_count(1)
        context.clock.fast_forward(301_000)
        page.wait_for_selector("#leaving[open]", timeout=PATIENCE_MS)
        context.clock.fast_forward(300_000)
        page.wait_for_selector("html[data-mode=attract]", timeout=PATIENCE_MS)
        page.wait_for_selector("#state:has-text('Ready')", timeout=PATIENCE_MS)
        left = " ".join(page.locator("#turns, #announcer, #typing, #operator").all_text_contents())
        assert not [word for word in ("twelve", "12", "84") if word in left]
        assert page.input_value("#question") == ""
        assert page.locator(".turn").count() == 0
        assert page.locator("html").get_attribute("data-contrast") == "normal"
        assert context.storage_state()["origins"] == []
        assert context.storage_state()["cookies"] == []
        assert ANSWER not in memory(devtools)
        assert kiosk.request("GET", f"/v1/sessions/{session}", token=token)[0] == 404
        assert session not in stored(kiosk)
        assert not visitor.errors


def test_chinese_is_typed_and_spoken(kiosk: KioskProcess, chromium: Browser) -> None:
    with chromium.new_context(locale="zh-CN") as context:  # a visitor's own browser says what they read
        visitor = visit(context, kiosk.page, ready=False)
        visitor.page.wait_for_selector("#state:has-text('准备好了')", timeout=PATIENCE_MS)
        expect(visitor.page.locator("#greeting")).to_have_text("你好，想知道什么？")
        assert visitor.page.locator("html").get_attribute("lang") == "zh-CN"
        expect(visitor.page.locator("#talk")).to_be_disabled()  # pocketsphinx knows English only, and the page says so
        expect(visitor.page.locator("#hint")).to_contain_text("暂不支持中文语音输入")
        visitor.page.click("#suggestions button:has-text('太阳系有几颗行星？')")
        expect(visitor.page.locator(".turn.reply")).to_contain_text("太阳系有八颗行星：水星", timeout=PATIENCE_MS)
        visitor.page.wait_for_selector(".turn.reply .said:has-text('太阳系')", timeout=PATIENCE_MS)
        assert level_dbfs(visitor.sound) > -60


def test_text_is_never_html(kiosk: KioskProcess, chromium: Browser) -> None:
    with chromium.new_context() as context:
        visitor = visit(context, kiosk.page)
        visitor.ask(f"repeat after me hello {IMAGE}")
        visitor.expect_words(f"repeat after me hello {IMAGE}")
        expect(visitor.page.locator(".turn.reply").first).to_contain_text("<img src=x onerror", timeout=PATIENCE_MS)
        assert visitor.page.locator("#turns img").count() == 0
        assert visitor.page.title() == "Voice assistant"
        with pytest.raises(Exception, match="TrustedHTML"):  # nor could a mistake make it so
            visitor.page.evaluate(f"document.body.innerHTML = {json.dumps(IMAGE)}")


def markup(socket: WebSocketRoute) -> None:
    """A server whose every word is markup."""
    for event in (
        {"type": "session.created", "session": {"x_session": {"id": "s_1", "token": "vt_1"}}},
        {"type": "session.updated", "session": {}},
        {"type": "x.partial", "item_id": "u", "text": IMAGE, "stable": 4},
        {"type": "x.spoken", "item_id": "a", "turn": 1, "chars": 9, "text": IMAGE},
        {"type": "x.notice", "level": "error", "text": IMAGE},
    ):
        socket.send(json.dumps(event))


def lecture(socket: WebSocketRoute) -> None:
    """A server whose answer is longer than any screen; it has said the half of it."""
    replying(socket, "And so it went on. " * 200, share=0.5)


def test_the_line_that_is_spoken_is_always_in_sight(kiosk: KioskProcess, chromium: Browser) -> None:
    with chromium.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.route_web_socket("**/v1/realtime*", lecture)
        page.goto(kiosk.page)
        page.click("#suggestions button >> nth=0")
        page.wait_for_selector(".turn.reply .said:has-text('went on')", timeout=PATIENCE_MS)
        for key in ("#contrast", "#size", "#size"):
            page.click(key)
            page.wait_for_function(
                """() => {
                  const { bottom, top } = document.getElementById("turns").getBoundingClientRect();
                  const spoken = [...document.querySelector(".turn.reply .said").getClientRects()].at(-1);
                  return spoken.top > top && spoken.bottom < bottom;
                }""",
                timeout=PATIENCE_MS,
            )


def test_the_words_of_speech_are_never_html(kiosk: KioskProcess, chromium: Browser) -> None:
    with chromium.new_context() as context:
        page = context.new_page()
        page.route_web_socket("**/v1/realtime*", markup)
        page.goto(kiosk.page)
        page.click("#suggestions button >> nth=0")
        expect(page.locator(".turn.reply")).to_contain_text("onerror")
        expect(page.locator("#notice")).to_have_text(IMAGE)
        assert page.locator("main img, footer img").count() == 0
        assert page.title() == "Voice assistant"


def failing(socket: WebSocketRoute) -> None:
    """A server whose model fails, and then something that no page has words for."""
    for event in (
        {"type": "session.created", "session": {"x_session": {"id": "s_1", "token": "vt_1"}}},
        {"type": "session.updated", "session": {}},
        {"type": "x.notice", "level": "error", "code": "model", "text": "no answer from the model server"},
    ):
        socket.send(json.dumps(event))

    def asked(message: str | bytes) -> None:
        if json.loads(message)["type"] == "response.create":
            socket.send(json.dumps({"type": "x.notice", "level": "error", "text": "the disk is full"}))

    socket.on_message(asked)


def test_what_the_server_says_in_english_is_said_in_the_page_s_language(kiosk: KioskProcess, chromium: Browser) -> None:
    for locale, told in (("zh-CN", "语言模型没有回答。"), ("en-US", "no answer from the model server")):
        with chromium.new_context(locale=locale) as context:
            page = context.new_page()
            page.route_web_socket("**/v1/realtime*", failing)
            page.goto(kiosk.page)
            expect(page.locator("#notice")).to_have_text(told, timeout=PATIENCE_MS)
            page.click("#suggestions button >> nth=0")
            expect(page.locator("#notice")).to_have_text("the disk is full", timeout=PATIENCE_MS)


def test_no_request_leaves_this_server_and_the_page_is_painted_soon(kiosk: KioskProcess, chromium: Browser) -> None:
    """docs/benchmarks.md has the time; here the machine may be busy."""
    with chromium.new_context() as context:
        asked: list[str] = []
        context.on("request", lambda request: asked.append(urlsplit(request.url).netloc))
        visitor = visit(context, kiosk.page)
        loaded = visitor.page.evaluate(MEASURED)
        assert 0 < loaded["paint_ms"] < 10_000
        assert 50_000 < loaded["script_bytes"] < 100_000
        visitor.talk()
        expect(visitor.page.locator("#mute")).to_be_enabled(timeout=PATIENCE_MS)
        expect(visitor.page.locator("#talk")).to_have_text("Done")
        visitor.talk()
        expect(visitor.page.locator("#talk")).to_have_text("Talk", timeout=PATIENCE_MS)
        assert set(asked) == {urlsplit(kiosk.url).netloc}
        assert not visitor.errors


def test_keys_alone_do_everything(kiosk: KioskProcess, chromium: Browser) -> None:
    with chromium.new_context(reduced_motion="reduce") as context:
        visitor = visit(context, kiosk.page, questions={"en": ["Who are you?", SECRET]})
        page, reached = visitor.page, []
        page.locator("body").press("Tab")
        for _ in range(14):
            reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
            assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") != "0px"
            page.keyboard.press("Tab")
        for name in ("English", "中文", "size", "contrast", "question", "send", "talk"):
            assert name in reached, reached
        page.focus("#suggestions button >> nth=1")
        page.keyboard.press("Enter")
        expect(page.locator(".turn.person")).to_have_count(1, timeout=PATIENCE_MS)
        assert page.evaluate("document.activeElement.id") == "talk"
        page.keyboard.press("Control+Alt+O")
        expect(page.locator("#operator")).to_be_visible()
        expect(page.locator("#operator-body")).to_contain_text("pocketsphinx")
        expect(page.locator(".fall .total")).to_have_count(1, timeout=PATIENCE_MS)
        page.keyboard.press("Escape")
        expect(page.locator("#operator")).to_be_hidden()


def test_a_pin_opens_the_operator_panel(kiosk: KioskProcess, chromium: Browser) -> None:
    """The page by itself: tests/server/test_kiosk_page.py has the server's side."""
    with chromium.new_context() as context:
        page = visit(context, kiosk.page, pin=True).page
        page.route("**/operator", answer_pin)
        page.keyboard.press("Control+Alt+O")
        assert page.evaluate("document.activeElement.id") == "pin"
        for pin, problem in (("1111", "That is not the PIN."), ("2222", "Too many wrong PINs. Try again in 30 s.")):
            page.fill("#pin", pin)
            page.press("#pin", "Enter")
            expect(page.locator("#unlock-problem")).to_have_text(problem)
            assert page.locator("#operator-body").text_content() == page.input_value("#pin") == ""
        page.fill("#pin", "2468")
        page.click("#unlock button")
        expect(page.locator("#operator-body")).to_contain_text("an engine")
        expect(page.locator("#unlock")).to_be_hidden()
        page.click("#operator [data-closes]")
        page.keyboard.press("Control+Alt+O")
        expect(page.locator("#unlock")).to_be_visible()


def answer_pin(route: Route) -> None:
    pin = json.loads(route.request.post_data or "")["pin"]
    if pin == "2468":
        route.fulfill(json={"engines": {"answers": "an engine"}, "version": "1"})
    else:
        route.fulfill(status=401 if pin == "1111" else 429, headers={"retry-after": "30"})


def test_a_frozen_server_is_noticed_and_comes_back(kiosk: KioskProcess, chromium: Browser) -> None:
    with chromium.new_context() as context:
        visitor = visit(context, kiosk.page, title="City Museum")
        assert visitor.page.title() == visitor.page.inner_text("#title") == "City Museum"
        kiosk.signal(19)
        try:
            visitor.expect_state("trouble")
            expect(visitor.page.locator("#state")).to_have_text("Reconnecting…")
            expect(visitor.page.locator("#suggestions button").first).to_be_visible()
        finally:
            kiosk.signal(18)
        expect(visitor.page.locator("#notice")).to_contain_text("is back", timeout=PATIENCE_MS)
        visitor.expect_state("idle")


def test_a_refused_or_missing_microphone_is_explained_and_typing_works(kiosk: KioskProcess, chromium: Browser) -> None:
    device = "--use-fake-device-for-media-stream"
    with launched(chromium.browser_type, device, "--deny-permission-prompts") as refusing:
        visitor = visit(refusing, kiosk.page)
        visitor.talk()
        expect(visitor.page.locator("#notice")).to_contain_text("microphone is blocked", timeout=PATIENCE_MS)
        visitor.expect_state("blocked")
        expect(visitor.page.locator("#state")).to_have_text("Microphone blocked")
        expect(visitor.page.locator("#suggestions button").first).to_be_visible()
        visitor.ask("what is twelve times seven")
        expect(visitor.page.locator(".turn.reply")).to_contain_text("84", timeout=PATIENCE_MS)
    with launched(chromium.browser_type) as missing:
        visitor = visit(missing.new_context(permissions=["microphone"]), kiosk.page)
        visitor.talk()
        expect(visitor.page.locator("#notice")).to_contain_text("No microphone was found", timeout=PATIENCE_MS)


@needs_axe
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_barrier(kiosk: KioskProcess, chromium: Browser, language: str) -> None:
    with chromium.new_context(bypass_csp=True, reduced_motion="reduce") as context:
        visitor = visit(context, kiosk.page)
        page = visitor.page
        page.add_script_tag(path=AXE)
        page.click(f"[data-language={language}]")
        for look in looks(page):
            assert barriers(page) == [], f"attract, {look}"
        page.click("#suggestions button >> nth=0")
        page.wait_for_selector(".turn.reply .said:not(:empty)", timeout=PATIENCE_MS)
        for look in looks(page):
            assert barriers(page) == [], f"visit, {look}"
        page.keyboard.press("Control+Alt+O")
        assert barriers(page) == [], "operator"
        page.keyboard.press("Escape")
        page.evaluate("document.getElementById('leaving').showModal()")
        assert barriers(page) == [], "countdown"
        small = page.evaluate(
            """() => [...document.querySelectorAll('button, input')].filter((one) => one.checkVisibility())
              .map((one) => [one.id || one.textContent, one.getBoundingClientRect()])
              .filter(([, box]) => box.width < 24 || box.height < 24).map(([name]) => name)"""
        )
        assert small == []


def looks(page: Page) -> Iterator[str]:
    """The page in each of its looks, the last of them as it was."""
    page.click("#contrast")
    yield "high contrast"
    page.click("#contrast")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        yield scheme


def barriers(page: Page) -> list[str]:
    """What axe-core finds: rule and element."""
    found = page.evaluate("axe.run()")["violations"]
    return [f"{one['id']}: {node['target']} {node.get('failureSummary', '')}" for one in found for node in one["nodes"]]
