"""The memory of the settings: where it is kept, and how much of it a turn receives."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from voice import paths as folders
from voice.memory.memory import Budget, Memory
from voice.memory.records import kinds_of
from voice.memory.vault import Vault, Who
from voice.sessions.stores.master_key import master_key
from voice.settings.schema import Settings

OWNER = "me"
"""The person of this machine's own conversations, unless memory.person names another."""


def own_person(settings: Settings) -> Who:
    """Whose memory the conversations of this machine use."""
    return Who("", settings.memory.person or OWNER)


def vault(settings: Settings) -> Vault:
    """Where memories are kept: in files, or in this process only where nothing is to be stored."""

    def key() -> bytes:
        return master_key(settings.chat.store_key, data / "store.key")

    def oldest() -> date:
        return date.today() - timedelta(days=settings.memory.days)

    data = folders.user_data()
    return Vault(None if settings.chat.store == "memory" else data / "people", key, oldest=oldest)


def memory(settings: Settings) -> Memory | None:
    """The memory of an engine's people; None where it is switched off."""
    if not settings.memory.enabled:
        return None
    budget = Budget(settings.memory.tokens, settings.memory.deadline_ms / 1000)
    kinds = kinds_of(settings.memory.records)
    return Memory(vault(settings), budget, lambda: datetime.now().astimezone(), kinds)
