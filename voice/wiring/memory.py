"""The memory of the settings: where it is kept, and how much of it a turn receives."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from voice import paths as folders
from voice.memory.learning import Learner
from voice.memory.memory import Budget, Memory, forget_talk
from voice.memory.records import RecordKind, kinds_of
from voice.memory.sync import Sync
from voice.memory.vault import Vault, Who
from voice.sessions.engine import Engine
from voice.sessions.engine_context import EngineContext
from voice.sessions.log import SessionTurn
from voice.sessions.stores.interface import Card
from voice.sessions.stores.master_key import master_key
from voice.settings.layers import retained_days, without_secrets
from voice.settings.schema import Settings

if TYPE_CHECKING:
    from voice.memory.images.folder_images import Images
    from voice.safety.redactor import Finder

OWNER = "me"
"""The person of this machine's own conversations, unless memory.person names another."""


def own_person(settings: Settings) -> Who:
    """Whose memory the conversations of this machine use."""
    return Who("", settings.memory.person or OWNER)


def vault(settings: Settings) -> Vault:
    """Where memories are kept: beside the conversations, in files or in Redis; else in this process only."""

    def key() -> bytes:
        return master_key(settings.chat.store_key, data / "store.key")

    def oldest() -> date:
        return date.today() - timedelta(days=settings.memory.days)

    def talks_from() -> date:
        days = retained_days(settings.chat.retain)
        return date.today() - timedelta(days=days) if days and days != math.inf else date.min

    def images() -> Path | Images | None:
        if in_redis(settings):
            from voice.memory.images.redis_images import RedisImages

            return RedisImages(settings.chat.store, settings.chat.store_password)
        return None if settings.chat.store == "memory" else data / "people"

    data = folders.user_data()
    return Vault(images(), key, oldest=oldest, talks_from=talks_from)


def in_redis(settings: Settings) -> bool:
    """Whether what is remembered leaves this machine; then no voice may be in it."""
    return settings.chat.store.startswith(("redis://", "rediss://"))


def memory(settings: Settings) -> Memory | None:
    """The memory of an engine's people; None where it is switched off."""
    if not settings.memory.enabled:
        return None
    budget = Budget(settings.memory.tokens, settings.memory.deadline_ms / 1000)
    kinds = kinds_of(settings.memory.records)
    return Memory(vault(settings), budget, lambda: datetime.now().astimezone(), kinds)


def sync(settings: Settings, vault: Vault, kinds: Mapping[str, RecordKind]) -> Sync:
    """The commands that bring records."""
    return Sync(vault, kinds, own_person(settings), lambda: without_secrets(os.environ))


def keep_talks(engine: Engine, remembered: Memory) -> None:
    """Have the turns of conversations that are kept remembered as earlier talks, as long as these are kept.

    What several people said in one session is no one's own, and is left out.
    """
    parts = engine.parts

    def under_way(who: Who) -> Iterator[tuple[str, int]]:
        for live in engine.lives:
            turn = live.talk.open_turn()
            if turn is not None and Who(live.card.owner, parts.person(live.card, turn)) == who:
                yield live.card.sid, turn.number

    def settled(card: Card, turn: SessionTurn) -> None:
        person = parts.person(card, turn)
        if person and card.name is not None and not turn.said and not turn.blocked:
            said = "" if "input" in turn.removed else turn.input
            parts.spawn(remembered.talked(Who(card.owner, person), card.sid, turn.number, said, turn.text))

    def forgotten(card: Card) -> None:
        """At a microphone of this machine anyone may have spoken in it."""
        person = str(card.options.get("person", ""))
        if card.name is not None and (person or parts.options.person):
            parts.spawn(remembered.forget_talk(card.owner, person, card.sid))

    remembered.under_way = under_way
    parts.settled += (settled,)
    parts.forgotten += (forgotten,)


def learn_facts(parts: EngineContext, remembered: Memory, finder: Finder) -> None:
    """Have the model draw facts from what people say, once their turn counts."""

    def private(text: str) -> bool:
        found = finder.next(text, 0, complete=True)
        return found is not None and found.found is not None

    def settled(card: Card, turn: SessionTurn) -> None:
        person = parts.person(card, turn)
        if person and not turn.said and not turn.blocked and "input" not in turn.removed:
            parts.spawn(learner.settled(Who(card.owner, person), card.sid, turn.number, turn.input))

    learner = Learner(remembered, lambda ask, owner: parts.slots.stream(parts.upstream, ask, owner), private)
    parts.settled += (settled,)


def forget_conversation(settings: Settings, card: Card) -> None:
    """Remove a deleted conversation from the memory of all who spoke in it."""
    forget_talk(vault(settings), card.owner, str(card.options.get("person", "")), card.sid)
