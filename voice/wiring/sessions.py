"""Builds sessions from settings: a store and a model in this process, or a session on a server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from voice import paths as folders
from voice.clock import working
from voice.conversation.speaker import SpeakerWatch
from voice.errors import ConfigError, VoiceError
from voice.llm.builtin import BuiltinUpstream
from voice.llm.builtin.question import RunningTimers
from voice.llm.builtin.timer_list import Timers
from voice.llm.hot_sessions import weights_of
from voice.llm.interface import Upstream
from voice.llm.model_list import model_trouble
from voice.memory.memory import Memory
from voice.memory.tools import memory_call
from voice.sessions.circuit_breaker import BreakerPolicy
from voice.sessions.engine import Engine
from voice.sessions.engine_context import EngineOptions
from voice.sessions.log import Refused
from voice.sessions.session_wrappers import UnmaskedSession, UnmaskingGuard
from voice.sessions.stores.interface import Card, Store, StoreError
from voice.sessions.stores.memory import MemoryStore
from voice.sessions.upstream_queue import Limits
from voice.settings.layers import retained_days
from voice.settings.schema import ChatSettings, Settings
from voice.tools.home import Home
from voice.wiring.memory import keep_talks, learn_facts, memory, own_person, sync
from voice.wiring.safety import finder, guards, moderation
from voice.wiring.speakers import known_voices, memory_or_voice_call
from voice.wiring.tools import house, informed, knowledge, registry

if TYPE_CHECKING:
    from voice.client import Sessions
    from voice.client.session import RemoteSession
    from voice.llm.hot_slots import HotSlots
    from voice.sessions.local_session import LocalSession


log = logging.getLogger(__name__)

LOOP_EFFECTS = ("timer", "device", "conversation", "announce")
"""What a voice loop carries out."""


def upstream(
    settings: Settings,
    timers: Timers | None = None,
    now: Callable[[], float] | None = None,
    unknown: Sequence[str] = (),
) -> Upstream:
    """The model behind the sessions: the builtin responder, or a server by its URL.

    Sessions without `timers` of this process are those of others, who are not told how to set it up; `unknown` are the
    owner's words for what the responder cannot answer them.
    """
    chat = settings.chat
    if chat.llm != "builtin":
        from voice.llm.openai import OpenAIUpstream

        model = OpenAIUpstream(chat.llm, chat.model, chat.api_key, continues=chat.continues, tools=settings.tools.form)
        serve = settings.serve
        if not serve.hot:
            return model
        from voice.llm.hot_slots import HotSlots

        return HotSlots(model, serve.hot, save=serve.hot_save, life_s=serve.session_minutes * 60)
    notes = Path(chat.knowledge).expanduser() if chat.knowledge else folders.PACKAGE / "demo" / "knowledge"
    running = (lambda: timers.seen(now())) if timers is not None and now is not None else None
    return BuiltinUpstream(notes, timers=running, visitors=timers is None, name=chat.name, unknown=unknown)


def _hot_slots(model: Upstream) -> HotSlots | None:
    from voice.llm.hot_slots import HotSlots

    return model if isinstance(model, HotSlots) else None


def _forget_slots(hot: HotSlots, card: Card) -> None:
    hot.forget(card.sid)


def store_file(settings: Settings) -> Path:
    """The file of the configured SQLite store."""
    where = settings.chat.store
    return Path(where.removeprefix("sqlite:///")).expanduser() if where else folders.user_data() / "sessions.sqlite"


def store(settings: Settings, *, own: bool = False) -> Store:
    """Where sessions are kept, everything said in them encrypted; `own` is for a single conversation."""
    from voice.sessions.stores.encrypted import EncryptedStore
    from voice.sessions.stores.master_key import master_key

    where = settings.chat.store
    if where == "memory":
        return MemoryStore()
    if where.startswith(("redis://", "rediss://")):
        from voice.sessions.stores.redis import RedisStore

        if urlsplit(where).password:
            raise ConfigError(
                "passwords are not allowed in the address",
                where="chat.store",
                expected="the environment variable VOICE_CHAT_STORE_PASSWORD",
            )
        shared = RedisStore(where, settings.chat.store_password)
        return EncryptedStore(
            shared, master_key(settings.chat.store_key, folders.user_data() / "store.key"), shared.where
        )
    from voice.sessions.stores.sqlite import SqliteStore
    from voice.sessions.stores.sqlite_file import MANY, ONE

    if where and not where.startswith("sqlite:///"):
        raise ConfigError(
            f"cannot store sessions in {where!r}",
            where="chat.store",
            expected="sqlite:///FILE, redis://HOST:PORT/NUMBER or memory",
        )
    path = store_file(settings)
    key = master_key(settings.chat.store_key, folders.user_data() / "store.key")
    return EncryptedStore(SqliteStore(path, pages=ONE if own else MANY), key, str(path))


def options(settings: Settings) -> EngineOptions:
    """The options of all sessions."""
    return EngineOptions(model=settings.chat.model, context_tokens=settings.chat.context_tokens)


def own_options(settings: Settings, lasting: bool) -> EngineOptions:
    """Options of a conversation's own session: it has no other clients, and the machine may be small."""
    person = own_person(settings).person
    return replace(options(settings), keep_events=2048 if lasting else 256, tail_events=64, person=person)


def shared_options(settings: Settings) -> EngineOptions:
    """Options of many clients' sessions, with the limits from the settings."""
    serve = settings.serve
    limits = Limits(serve.turns, serve.turns_per_key, serve.queue, serve.queue_s, serve.tokens)
    breaker = BreakerPolicy(serve.breaker_failures, serve.breaker_slow_s, serve.breaker_open_s)
    return replace(
        options(settings),
        ttl_s=serve.session_minutes * 60,
        limits=limits,
        breaker=breaker,
        advertise=serve.advertise,
        input_chars=serve.input_chars,
        waiting=serve.waiting,
        waiting_each=serve.waiting_each,
    )


@asynccontextmanager
async def engine(
    settings: Settings,
    model: Upstream,
    keep: Callable[[], Store] | None = None,
    how: EngineOptions | None = None,
    running: Callable[[], RunningTimers] | None = None,
    home: Home | None = None,
    remembered: Memory | None = None,
    speaker: SpeakerWatch | None = None,
) -> AsyncIterator[Engine]:
    """Sessions over the store that `keep` makes, else that of the settings, and this model, which gets ready meanwhile.

    `running` gives the timers, where they are kept in this process; `remembered` is a memory that others use too;
    `speaker` hears who speaks. All is closed with it. Conversations that chat.retain keeps no longer are removed
    while it runs.
    """
    with working():
        judging, guarding = await asyncio.to_thread(lambda: (moderation(settings), guards(settings.safety)))
    kept = keep() if keep is not None else store(settings)
    try:
        await kept.count("")  # it answers, or the program ends with one line
    except BaseException:
        await kept.close()
        raise
    visitors = running is None
    written = knowledge(settings)
    if home is None and (settings.tools.shared or not visitors):
        home = house(settings)
    remembered = remembered or memory(settings)
    builtin = isinstance(model, BuiltinUpstream)
    if isinstance(model, BuiltinUpstream):
        model.commands = home.tool_for if home is not None else None
        model.memory = partial(memory_call, remembered.kinds.values()) if remembered is not None else None
    voices = await known_voices(settings, remembered, speaker)
    if voices is not None and isinstance(model, BuiltinUpstream):
        model.memory = partial(memory_or_voice_call, model.memory, voices.heard)
    made = Engine(
        kept,
        model,
        how or options(settings),
        guards=guarding,
        moderation=judging,
        tools=registry(settings, written, running, visitors=visitors, home=home, remembered=remembered, voices=voices),
        notes=informed(written),
        recall=remembered.recall if remembered is not None and not builtin else None,
    )
    if settings.serve.hot and (hot := _hot_slots(model)):
        weights = weights_of(settings.serve.hot_weights)
        hot.count, hot.weight = made.parts.count, lambda sid: weights.get(made.owner(sid), 1.0)
        made.parts.forgotten += (partial(_forget_slots, hot),)
    if remembered is not None and settings.memory.talks:
        keep_talks(made, remembered)
    if remembered is not None and settings.memory.learn and not builtin:
        learn_facts(made.parts, remembered, finder(settings.safety))
    if made.parts.tools is not None:
        made.parts.tools.start()
    beside: list[asyncio.Task[Any]] = [asyncio.create_task(model.prepare(), name="prepare the model")]
    if remembered is not None:
        beside.append(asyncio.create_task(remembered.watch(), name="close unused memories"))
        if (commands := sync(settings, remembered.vault, remembered.kinds)).kinds:
            beside.append(asyncio.create_task(commands.run(), name="bring records"))
    if home is not None:
        beside.append(asyncio.create_task(home.stay(), name="know the home"))
    days = retained_days(settings.chat.retain)
    if days and days != math.inf:
        beside.append(asyncio.create_task(_forget_old(made, days), name="forget what is old"))
    try:
        yield made
    finally:
        for task in beside:
            task.cancel()
        await made.close()
        await kept.close()
        await model.close()
        if remembered is not None:
            await asyncio.to_thread(remembered.close)
        if judging is not None:
            await judging.close()
        if written is not None:
            written.close()


async def _forget_old(engine: Engine, days: float) -> None:
    while True:
        try:
            await engine.forget_unused_since(time.time() - days * 86_400)
        except (StoreError, Refused) as error:
            log.warning("old conversations could not be deleted: %s", error)
        await asyncio.sleep(3600)


async def model_warning(chat: ChatSettings) -> str:
    """What will fail the first turn, said at the start: no answer, no key, no such model. Empty where all is well."""
    if chat.llm == "builtin" or chat.server:
        return ""
    with working():
        return await asyncio.to_thread(model_trouble, chat.llm, chat.model, chat.api_key)


def system_prompt(chat: ChatSettings) -> str:
    """The system prompt of a new session, with the assistant's name where it has one."""
    return f"{chat.system} Your name is {chat.name}.".strip() if chat.name else chat.system


async def served(settings: Settings, url: str, stack: AsyncExitStack) -> RemoteSession:
    """A session on the server at `url`, left with the stack: the one of that name, or a new one that ends with it."""
    from voice.client import Sessions
    from voice.client.keyring import Keyring

    chat, person = settings.chat, settings.memory.person
    sessions = await stack.enter_async_context(Sessions(url, chat.server_key))
    if not chat.session:
        made = await sessions.create(system=system_prompt(chat), model=chat.model, person=person)
        stack.push_async_callback(_delete, sessions, made)
        return made
    keyring = Keyring(folders.user_data() / "sessions.json")
    return await sessions.named(chat.session, keyring, system=system_prompt(chat), model=chat.model, person=person)


async def _delete(sessions: Sessions, session: RemoteSession) -> None:
    """Delete a session that cannot be reopened. If the server is unreachable, it expires there."""
    await session.close()
    with contextlib.suppress(VoiceError):
        await sessions.delete(session.id, session.token)


async def session(
    settings: Settings,
    stack: AsyncExitStack,
    timers: Timers,
    language: str,
    home: Home | None = None,
    speaker: SpeakerWatch | None = None,
) -> UnmaskedSession:
    """The session of the settings as its person sees it, closed with the stack: on a server, or in this process.

    `language` is that of the words for what is not shown; `speaker` hears who says them.
    """
    chat, loop = settings.chat, asyncio.get_running_loop()
    if chat.server:
        many = guards(settings.safety)
        guard = many.fresh() if many is not None else None
        remote = await served(settings, chat.server, stack)
        remote.options = {"effects": list(LOOP_EFFECTS)}
        return UnmaskedSession(remote, lambda: guard, language)
    from voice.sessions.local_session import open_local

    lasting = bool(chat.session and retained_days(chat.retain))  # a session that cannot be reopened is not stored
    keep = partial(store, settings, own=True) if lasting else MemoryStore
    running = await stack.enter_async_context(
        engine(
            settings,
            upstream(settings, timers, loop.time),
            keep,
            own_options(settings, lasting),
            lambda: timers.seen(loop.time()),
            home,
            speaker=speaker,
        )
    )
    local = await open_local(running, name=chat.session if lasting else None, system=system_prompt(chat))
    local.effects = LOOP_EFFECTS
    if speaker is not None:
        local.speaker = lambda: speaker.speaker
    stack.push_async_callback(local.close)

    return own_words(running, local, language)


def own_words(engine: Engine, local: LocalSession, language: str) -> UnmaskedSession:
    """A session of this process as its person sees it; `language` is that of the words for what is not shown."""

    def owner() -> UnmaskingGuard | None:
        guard = engine.parts.guards.of(local.live.card)
        return guard if isinstance(guard, UnmaskingGuard) else None

    return UnmaskedSession(local, owner, language)
