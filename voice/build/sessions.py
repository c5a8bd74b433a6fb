"""The session the settings name: a store and a model in this process, or a session on a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from voice import folders
from voice.chat.engine import Engine
from voice.chat.parts import EngineOptions
from voice.chat.session import Session
from voice.chat.stores.store import Store
from voice.chat.upstream.builtin import BuiltinUpstream
from voice.chat.upstream.upstream import Upstream
from voice.errors import ConfigError
from voice.settings import ChatSettings, Settings
from voice.timers import Timers

if TYPE_CHECKING:
    from voice.chat.remote import RemoteSession


def upstream(settings: Settings, timers: Timers | None = None, now: Callable[[], float] | None = None) -> Upstream:
    """The model behind the sessions: the builtin responder, or a server by its URL."""
    chat = settings.chat
    if chat.llm != "builtin":
        from voice.chat.upstream.openai import OpenAIUpstream

        return OpenAIUpstream(chat.llm, chat.model, chat.api_key)
    knowledge = Path(chat.knowledge).expanduser() if chat.knowledge else folders.PACKAGE / "demo" / "knowledge"
    running = (lambda: timers.left(now())) if timers is not None and now is not None else None
    return BuiltinUpstream(knowledge, timers=running)


def store(settings: Settings) -> Store:
    """Where sessions are kept."""
    from voice.chat.stores.sqlite import SqliteStore

    where = settings.chat.store
    if where and not where.startswith("sqlite:///"):
        raise ConfigError(f"cannot keep sessions in {where!r}", where="chat.store", expected="sqlite:///FILE")
    path = Path(where.removeprefix("sqlite:///")).expanduser() if where else folders.user_data() / "sessions.sqlite"
    return SqliteStore(path)


def options(settings: Settings) -> EngineOptions:
    """How sessions run."""
    return EngineOptions(model=settings.chat.model, context_tokens=settings.chat.context_tokens)


@asynccontextmanager
async def engine(settings: Settings, model: Upstream) -> AsyncIterator[Engine]:
    """Sessions over the store of the settings and this model, which gets ready meanwhile; closed with all of it."""
    kept = store(settings)
    made = Engine(kept, model, options(settings))
    preparing = asyncio.create_task(model.prepare(), name="prepare the model")
    try:
        yield made
    finally:
        preparing.cancel()
        await made.close()
        await kept.close()
        await model.close()


async def served(chat: ChatSettings, url: str, stack: AsyncExitStack) -> RemoteSession:
    """A session on the server at `url`, left with the stack: the one of that name, or a new one."""
    from voice.chat.keyring import Keyring
    from voice.client import Sessions

    sessions = await stack.enter_async_context(Sessions(url, chat.server_key))
    if not chat.session:
        return await sessions.create(system=chat.system, model=chat.model)
    keyring = Keyring(folders.user_data() / "sessions.json")
    return await sessions.named(chat.session, keyring, system=chat.system, model=chat.model)


async def session(settings: Settings, stack: AsyncExitStack, timers: Timers) -> Session:
    """The session of the settings, closed with the stack: on a server, or in this process."""
    chat, loop = settings.chat, asyncio.get_running_loop()
    if chat.server:
        return await served(chat, chat.server, stack)
    from voice.chat.local import open_local

    running = await stack.enter_async_context(engine(settings, upstream(settings, timers, loop.time)))
    local = await open_local(running, name=chat.session or None, system=chat.system)
    stack.push_async_callback(local.close)
    return local
