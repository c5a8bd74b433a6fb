"""`voice home` over HTTP and its Realtime connections: people are kept apart, their conversations are kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.patience import PATIENCE_S
from tests.support.realtime import Peer, of, talks
from tests.support.scripted_llm import Step, echo
from tests.support.serving import Serving, serving
from voice.llm.interface import Ask, Delta, Done, Effect
from voice.server.home import routes
from voice.server.home.conversations import Conversations
from voice.server.home.people import People
from voice.server.home.routes import COOKIE, HomePage, Persona, install
from voice.server.websocket_messages import TOKEN_EXPIRED
from voice.tools.interface import Context, Result, Spec, schema
from voice.tools.registry import Registry


class Look:
    """A tool that looks, unless it is asked to fail."""

    spec = Spec("look", "Looks.", schema(at={"type": "string"}))

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        return Result("it is dark", failed=arguments["at"] == "night")


def doing(ask: Ask) -> Iterable[Step]:
    """Does what is asked for: sets a timer, or looks."""
    if ask.messages[-1].role == "tool":
        yield Delta("Done.")
    elif ask.messages[-1].text.startswith("timer"):
        _, seconds, label = ask.messages[-1].text.split()
        yield Effect("timer.set", {"seconds": float(seconds), "label": label})
        yield Delta("Set.")
    else:
        arguments = json.dumps({"at": ask.messages[-1].text})
        yield Effect("function_call", {"call_id": "c1", "name": "look", "arguments": arguments})
        yield Done(finish="tool_calls")
        return
    yield Done()


PAGE = HomePage("", ("en",), {"en": []}, ("en",), [], ["small"], [Persona("Cook", "You cook.")])


class Household:
    """A running server with the page, and browsers of its people."""

    def __init__(self, here: Serving, folder: Path) -> None:
        self.here, self.folder = here, folder
        self.people = People(folder / "people.json")
        install(here.app, PAGE, self.people, self.conversations())

    def conversations(self) -> Conversations:
        return Conversations(self.here.engine, self.folder / "lists", bytes(32), self.here.app.service.now_s)

    @asynccontextmanager
    async def browser(self, name: str) -> AsyncIterator[httpx.AsyncClient]:
        async with httpx.AsyncClient(base_url=self.here.url + "/home", trust_env=False, timeout=PATIENCE_S) as made:
            entered = await made.post("/enter", json={"secret": self.people.add(name)})
            assert entered.status_code == 204
            yield made


@asynccontextmanager
async def household(folder: Path, answer: Callable[[Ask], Iterable[Step]] = echo) -> AsyncIterator[Household]:
    tools = Registry([Look()])
    async with serving(answer, api_keys="k" * 32, engines=talks(), tools=tools) as here:
        yield Household(here, folder)


async def began(browser: httpx.AsyncClient, **wanted: str) -> str:
    made = await browser.post("/conversations", json=wanted)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def listed(browser: httpx.AsyncClient, search: str = "") -> list[dict[str, Any]]:
    return list((await browser.get("/conversations", params={"search": search})).json()["conversations"])


def peer(here: Serving, opened: httpx.Response) -> Peer:
    told = opened.json()
    session, secret = told["session"], told["secret"]
    offered = ("realtime", f"openai-insecure-api-key.{secret}", f"x-session.{session['id']}.{session['token']}")
    return Peer(here, subprotocols=offered)


def test_a_person_talks_and_finds_the_conversation_again(tmp_path: Path) -> None:
    async def run() -> None:
        async with household(tmp_path) as home, home.browser("Ada") as ada:
            sid = await began(ada, persona="Cook", model="small")
            assert await listed(ada) == [{"id": sid, "title": "", "used_s": (await listed(ada))[0]["used_s"]}]
            async with peer(home.here, await ada.post(f"/conversations/{sid}/open")) as talk:
                await talk.update(output_modalities=["text"])
                await talk.type("How long do I boil the very large eggs of an ostrich?")
                await talk.until("response.done")
            asked = home.here.upstream.asked[-1]
            assert asked.messages[0].text == "You cook."
            assert [one["title"] for one in await listed(ada)] == ["How long do I boil the very large eggs…"]
            assert [one["id"] for one in await listed(ada, "OSTRICH")] == [sid]
            assert await listed(ada, "moon") == []
            renamed = await ada.patch(f"/conversations/{sid}", json={"title": "  Eggs \n"})
            assert renamed.status_code == 204
            for form, kind, words in (
                ("text", "text/plain", "Eggs\n\nYou: How long"),
                ("markdown", "text/markdown", "# Eggs\n\n**You:** How long"),
                ("json", "application/json", "ostrich"),
            ):
                file = await ada.get(f"/conversations/{sid}/export", params={"form": form})
                assert file.headers["content-type"].startswith(kind)
                assert "attachment" in file.headers["content-disposition"]
                assert words in file.text
            assert (await ada.put("/choices", json={"voice": "joe", "speed": 1.2})).status_code == 204
            assert (await ada.put("/choices", json={"speed": 9})).status_code == 400
            later = home.conversations()  # a restart keeps it
            assert [one["title"] for one in await later.listed("Ada")] == ["Eggs"]
            assert later.choices("Ada") == {"voice": "joe", "speed": 1.2}
            assert (await ada.get("/settings.json")).json()["choices"] == {"voice": "joe", "speed": 1.2}
            assert not [file for file in (tmp_path / "lists").iterdir() if b"Eggs" in file.read_bytes()]
            async with peer(home.here, await ada.post(f"/conversations/{sid}/open")) as again:
                told = [await again.until("conversation.item.done") for _ in range(2)]
                assert "ostrich" in json.dumps(told)
            assert (await ada.delete(f"/conversations/{sid}")).status_code == 204
            assert await listed(ada) == []
            assert (await ada.post(f"/conversations/{sid}/open")).status_code == 404

    asyncio.run(run())


def test_what_tools_did_is_told_and_told_again_when_the_conversation_is_opened_again(tmp_path: Path) -> None:
    async def run() -> None:
        async with household(tmp_path, doing) as home, home.browser("Ada") as ada:
            sid = await began(ada)
            async with peer(home.here, await ada.post(f"/conversations/{sid}/open")) as talk:
                await talk.update(output_modalities=["text"])
                for place, state in (("noon", "done"), ("night", "failed")):
                    await talk.type(place)
                    await talk.until("response.done")
                    if not [one for one in of(talk.events, "x.tool") if one["state"] == state]:
                        await talk.until("x.tool", state=state)
                told = of(talk.events, "x.tool")[-1]
                assert (told["turn"], told["call_id"], told["result"]) == (2, "c1", "it is dark")
            async with peer(home.here, await ada.post(f"/conversations/{sid}/open")) as again:
                for _ in range(4):
                    await again.until("conversation.item.done")
                kinds = [one["type"] for one in again.events if one["type"] in ("conversation.item.done", "x.tool")]
                assert kinds == ["conversation.item.done", "x.tool", "conversation.item.done"] * 2
                first, second = of(again.events, "x.tool")
                assert (first["name"], first["arguments"], first["state"]) == ("look", '{"at": "noon"}', "done")
                assert (second["state"], second["result"]) == ("failed", "it is dark")

    asyncio.run(run())


def test_timers_are_a_person_s_on_every_page_and_stay_while_none_is_open(tmp_path: Path) -> None:
    async def run() -> None:
        async with household(tmp_path, doing) as home, home.browser("Ada") as ada, home.browser("Bob") as bob:

            async def opened(browser: httpx.AsyncClient) -> Peer:
                return peer(home.here, await browser.post(f"/conversations/{await began(browser)}/open"))

            async with await opened(ada) as desk, await opened(ada) as phone, await opened(bob) as his:
                for page in (desk, phone):
                    await page.update(output_modalities=["text"])
                await desk.type("timer 500 tea")
                for page in (desk, phone):
                    ((timer,),) = [one["timers"] for one in (await page.until("x.timers"))[-1:]]
                    assert (timer["kind"], timer["label"]) == ("timer", "tea")
                    assert 400 < timer["left_s"] <= 500
                await desk.type("timer 0.05 eggs")
                for page in (desk, phone):  # it rings at both
                    assert "eggs" in (await page.until("x.notice"))[-1]["text"]
                await his.update(output_modalities=["text"])
                assert not of(his.events, "x.timers")
            async with await opened(ada) as later:
                ((tea,),) = [one["timers"] for one in (await later.until("x.timers"))[-1:]]
                await later.update(output_modalities=["text"])
                await later.send("x.timer.cancel", number=tea["number"])
                assert (await later.until("x.timers"))[-1]["timers"] == []

    asyncio.run(run())


def test_people_are_kept_apart(tmp_path: Path) -> None:
    async def run() -> None:
        async with household(tmp_path) as home, home.browser("Ada") as ada, home.browser("Bob") as bob:
            sid = await began(ada)
            assert await listed(bob) == []
            assert (await bob.get("/settings.json")).json()["person"] == "Bob"
            for answer in (
                await bob.post(f"/conversations/{sid}/open"),
                await bob.patch(f"/conversations/{sid}", json={"title": "mine"}),
                await bob.delete(f"/conversations/{sid}"),
                await bob.get(f"/conversations/{sid}/export"),
            ):
                assert (answer.status_code, answer.json()["error"]["code"]) == (404, "session_unknown")
            mine, hers = await began(bob), (await ada.post(f"/conversations/{sid}/open")).json()
            own = (await bob.post(f"/conversations/{mine}/open")).json()
            offered = (
                "realtime",
                f"openai-insecure-api-key.{own['secret']}",
                f"x-session.{sid}.{hers['session']['token']}",
            )
            with pytest.raises(Exception, match="404"):  # her token is of no use with his secret
                async with Peer(home.here, subprotocols=offered):
                    pass
            async with httpx.AsyncClient(base_url=home.here.url, trust_env=False, timeout=PATIENCE_S) as nobody:
                for path in ("/home/settings.json", "/home/conversations", f"/home/conversations/{sid}/export"):
                    assert (await nobody.get(path)).status_code == 401
                assert (await nobody.post("/v1/sessions", json={})).status_code == 401
                assert (
                    await nobody.post("/home/conversations", json={}, headers={"cookie": f"{COOKIE}=x"})
                ).status_code == 401

    asyncio.run(run())


def test_a_link_taken_back_closes_what_it_has_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "WATCH_S", 0.02)

    async def run() -> None:
        async with household(tmp_path) as home, home.browser("Ada") as ada, home.browser("Bob") as bob:
            talking = [peer(home.here, await one.post(f"/conversations/{await began(one)}/open")) for one in (ada, bob)]
            async with talking[0] as hers, talking[1] as his:
                home.people.revoke("Ada")
                with pytest.raises(ConnectionClosed) as closed:
                    await hers.until("response.done")
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == TOKEN_EXPIRED
                assert (await ada.get("/conversations")).status_code == 401
                await his.update(output_modalities=["text"])
                await his.type("hello")
                await his.until("response.done")

    asyncio.run(run())


def test_links_cannot_be_guessed_at_speed_and_come_as_a_cookie_no_script_reads(tmp_path: Path) -> None:
    async def run() -> None:
        async with household(tmp_path) as home:
            secret = home.people.add("Ada")
            entered = await home.here.http.post("/home/enter", json={"secret": secret})
            cookie = entered.headers["set-cookie"]
            assert secret not in cookie
            assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Path=/home/"))
            wrong = [(await home.here.http.post("/home/enter", json={"secret": "x"})).status_code for _ in range(11)]
            assert wrong == [401] * 10 + [429]
            asked = await home.here.http.post("/home/enter", json={"secret": secret}, headers={"origin": "http://evil"})
            assert asked.status_code == 403

    asyncio.run(run())


def test_what_is_not_offered_is_refused(tmp_path: Path) -> None:
    async def run() -> None:
        async with household(tmp_path) as home, home.browser("Ada") as ada:
            assert (await ada.post("/conversations", json={"persona": "Pirate"})).json()["error"]["expected"] == "Cook"
            assert (await ada.post("/conversations", json={"model": "large"})).json()["error"]["expected"] == "small"
            sid = await began(ada)
            assert (await ada.patch(f"/conversations/{sid}", json={"title": ""})).status_code == 400
            assert (await ada.get(f"/conversations/{sid}/export", params={"form": "pdf"})).status_code == 400

    asyncio.run(run())
