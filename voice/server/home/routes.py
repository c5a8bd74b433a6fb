"""`voice home` over HTTP: the page, links exchanged for cookies, and each person's conversations."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from voice.conversation.timers import KeptTimers
from voice.server.access import PEER, Buckets
from voice.server.app import Application
from voice.server.home.conversations import LONGEST_TITLE, Conversations, as_text
from voice.server.home.people import People, cookie_of, owner_of
from voice.server.kiosk_page import DARK, FOLDER, HEADERS, Files, html
from voice.server.realtime.client_secrets import ClientSecret
from voice.server.realtime.hub import RealtimeHub
from voice.server.websocket_messages import TOKEN_EXPIRED
from voice.sessions.log import Refused
from voice.sessions.stores.interface import Card
from voice.sessions.tokens import scoped_token

PATH = "/home/"
COOKIE = "voice_home"
COOKIE_S = 400 * 86_400
"""The longest that browsers keep a cookie."""
WRONG_LINKS = (1 / 10, 10.0)
"""Wrong links an address may send per second, and at once."""
OPEN_S, SECRET_S = 12 * 3600.0, 120.0
"""How long the token for a conversation is good, and the secret that its connection begins with."""
WATCH_S = 2.0
"""How often the connections of people whose link was taken back are looked for."""

SPEAKERS = {"en": {"user": "You", "assistant": "Assistant"}, "zh": {"user": "你", "assistant": "助手"}}


@dataclass(frozen=True, slots=True)
class Persona:
    """A way to answer: its name on the page, and the instructions of the conversations that begin with it."""

    name: str
    instructions: str


@dataclass(frozen=True, slots=True)
class HomePage:
    """What the page reads when it opens. `hears` are the languages whose speech is recognized here."""

    title: str
    languages: Sequence[str]
    questions: Mapping[str, Sequence[str]]
    hears: Sequence[str]
    voices: Sequence[Mapping[str, Any]]
    models: Sequence[str]
    personas: Sequence[Persona]
    links: bool = True


class LinkSent(BaseModel):
    secret: str = Field(max_length=100)


class ConversationWanted(BaseModel):
    persona: str = Field("", max_length=80)
    model: str = Field("", max_length=200)


class Title(BaseModel):
    title: str = Field(min_length=1, max_length=4 * LONGEST_TITLE)


class Choices(BaseModel):
    voice: str = Field("", max_length=200)
    speed: float = Field(1.0, ge=0.5, le=1.5)
    language: str = Field("", max_length=20)
    persona: str = Field("", max_length=80)
    model: str = Field("", max_length=200)


def install(
    app: Application,
    page: HomePage,
    people: People,
    conversations: Conversations,
    *,
    system: str = "",
    style: str = "",
    authority: bytes = b"",
    kept_timers: Callable[[str], KeptTimers | None] = lambda owner: None,
) -> None:
    """Add the page and its routes; / leads to it. `system` is the system prompt, to which a persona adds.

    A person's timers are the same on all of their pages; `kept_timers` gives those of an owner that outlast the server.
    `style` has the owner's colours. Over HTTPS `authority` is the certificate that a phone can trust, in DER.
    """
    assert app.realtime is not None
    service, personas = app.service, {persona.name: persona.instructions for persona in page.personas}
    wrong, leaving = Buckets(*WRONG_LINKS, service.engine.parts.clock), Leaving(app.realtime, people)
    app.realtime.whose = lambda card: card.owner if of_a_person(card) else card.sid
    app.realtime.kept_timers = kept_timers
    shell, router = html("home"), APIRouter(prefix=PATH.rstrip("/"), include_in_schema=False)

    def person(request: Request) -> str:
        """Whose browser this is. Raises Refused key_invalid."""
        name = people.by_cookie(request.cookies.get(COOKIE, ""))
        if name is None:
            raise Refused("key_invalid", "no link, or one that was taken back", expected="a link: voice home link add")
        service.access.take(owner_of(name))
        return name

    @app.http.get("/", include_in_schema=False)
    async def root() -> Response:
        return RedirectResponse(PATH, 307)

    @router.get("/")
    async def index() -> Response:
        return Response(shell, media_type="text/html", headers=HEADERS)

    @router.get("/css/owner.css")
    async def colours() -> Response:
        return Response(style, media_type="text/css", headers=HEADERS)

    @router.get("/manifest.json")
    async def manifest() -> Response:
        icon = {"src": "icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any maskable"}
        told = {"name": page.title or "Voice", "start_url": "./", "scope": "./", "display": "standalone"}
        colours = {"background_color": DARK, "theme_color": DARK}
        return JSONResponse({**told, **colours, "icons": [icon]}, headers=HEADERS)

    @router.get("/authority.crt")
    async def trusted() -> Response:
        if not authority:
            raise HTTPException(404)
        return Response(authority, media_type="application/x-x509-ca-cert", headers=HEADERS)

    @router.post("/enter", status_code=204)
    async def enter(sent: LinkSent) -> Response:
        """Exchange a link's secret for a cookie."""
        address = PEER.get()
        wait_s = wrong.wait_s(address)
        if wait_s > 0:
            raise Refused("rate_limited", "too many wrong links", temporary=True, retry_after_s=wait_s)
        if people.by_link(sent.secret) is None:
            wrong.take(address)
            raise Refused("key_invalid", "the link is wrong or was taken back", expected="a link: voice home link add")
        answer = Response(status_code=204, headers=HEADERS)
        how: dict[str, Any] = {"path": PATH, "httponly": True, "secure": bool(authority), "samesite": "strict"}
        answer.set_cookie(COOKIE, cookie_of(sent.secret), max_age=COOKIE_S, **how)
        return answer

    @router.post("/leave", status_code=204)
    async def leave() -> Response:
        answer = Response(status_code=204, headers=HEADERS)
        answer.delete_cookie(COOKIE, path=PATH)
        return answer

    @router.get("/settings.json")
    async def settings(request: Request) -> Response:
        name = person(request)
        told = asdict(page) | {"personas": [persona.name for persona in page.personas]}
        return JSONResponse(told | {"person": name, "choices": conversations.choices(name)}, headers=HEADERS | PRIVATE)

    @router.put("/choices", status_code=204)
    async def choose(chosen: Choices, request: Request) -> Response:
        await conversations.choose(person(request), chosen.model_dump(exclude_defaults=True))
        return Response(status_code=204)

    @router.get("/conversations")
    async def listed(request: Request, search: Annotated[str, Query(max_length=200)] = "") -> Response:
        found = await conversations.listed(person(request), search)
        return JSONResponse({"conversations": found}, headers=HEADERS | PRIVATE)

    @router.post("/conversations", status_code=201)
    async def begin(wanted: ConversationWanted, request: Request) -> Response:
        name = person(request)
        if wanted.persona not in personas and wanted.persona:
            raise Refused("bad_request", f"there is no persona {wanted.persona!r}", expected=", ".join(personas))
        if wanted.model and wanted.model not in page.models:
            raise Refused("model_unknown", f"there is no model {wanted.model!r}", expected=", ".join(page.models))
        prompt = f"{system} {personas.get(wanted.persona, '')}".strip()
        return JSONResponse({"id": await conversations.begin(name, system=prompt, model=wanted.model)}, 201)

    @router.post("/conversations/{sid}/open")
    async def opened(sid: str, request: Request) -> Response:
        """What opens a conversation over the Realtime API: its id and token, and a secret for the connection."""
        assert app.realtime is not None
        name = person(request)
        live = await conversations.open(name, sid)
        now = service.now_s()
        token = scoped_token(live.card.token_hash, sid, "write", now + OPEN_S)
        began = ClientSecret(owner_of(name), now + SECRET_S, {"instructions": live.card.system})
        leaving.watch()
        told = {"session": {"id": sid, "token": token}, "secret": app.realtime.secrets.make(began, now)}
        return JSONResponse(told, headers=HEADERS | PRIVATE)

    @router.patch("/conversations/{sid}", status_code=204)
    async def rename(sid: str, wanted: Title, request: Request) -> Response:
        await conversations.rename(person(request), sid, wanted.title)
        return Response(status_code=204)

    @router.delete("/conversations/{sid}", status_code=204)
    async def delete(sid: str, request: Request) -> Response:
        await conversations.delete(person(request), sid)
        return Response(status_code=204)

    @router.get("/conversations/{sid}/export")
    async def export(
        sid: str, request: Request, form: Literal["text", "markdown", "json"] = "markdown", language: str = "en"
    ) -> Response:
        told = await conversations.exported(person(request), sid)
        ending, media_type = FORMS[form]
        if form == "json":
            text = json.dumps(told, ensure_ascii=False, indent=1)
        else:
            text = as_text(told, markdown=form == "markdown", words=SPEAKERS.get(language, SPEAKERS["en"]))
        file = quote("".join(one if one.isalnum() else "-" for one in told["title"]).strip("-") or "conversation")
        headers = HEADERS | PRIVATE | {"content-disposition": f"attachment; filename*=UTF-8''{file}.{ending}"}
        return Response(text, media_type=media_type, headers=headers)

    app.http.include_router(router)
    app.http.mount(PATH.rstrip("/"), Files(directory=FOLDER), name="home")


PRIVATE = {"cache-control": "no-store"}
FORMS = {"text": ("txt", "text/plain"), "markdown": ("md", "text/markdown"), "json": ("json", "application/json")}


def of_a_person(card: Card) -> bool:
    """Whether a session is a conversation of the household."""
    return (card.name or "").startswith("home/")


class Leaving:
    """Closes the connections of people whose link was taken back, within `WATCH_S`."""

    def __init__(self, hub: RealtimeHub, people: People) -> None:
        self._hub, self._people = hub, people
        self._task: asyncio.Task[None] | None = None

    def watch(self) -> None:
        """Look for them from now on, until the server ends."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="close what a link has opened")

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            welcome = {owner_of(name) for name in self._people.names()}
            for connection in tuple(self._hub.connections):
                card = connection.live.card
                if of_a_person(card) and card.owner not in welcome:
                    connection.close(TOKEN_EXPIRED, "the link was taken back")
