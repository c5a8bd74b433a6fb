"""Stored conversations, on this machine or on the configured server: list, export, delete."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Protocol

from voice import paths as folders
from voice.client import SessionError, Sessions
from voice.client.keyring import Keyring
from voice.errors import UnavailableError, UsageError
from voice.sessions.export import exported
from voice.sessions.stores.encrypted import CHECK
from voice.sessions.stores.interface import Card, Store, UnknownSession
from voice.sessions.stores.memory import MemoryStore
from voice.settings.schema import Settings
from voice.wiring.memory import forget_conversation
from voice.wiring.sessions import store, store_file


class StoredConversations(Protocol):
    """Conversations that are stored. `where` says where, for the user."""

    where: str

    async def names(self) -> list[str]:
        """Names of conversations, oldest use first."""
        ...

    async def export(self, name: str | None) -> list[dict[str, Any]]:
        """All that is stored of one conversation, or of all. Raises UsageError for a name that is not there."""
        ...

    async def forget(self, name: str | None) -> dict[str, int]:
        """Remove one conversation, or all; returns how many by place. Raises UsageError for an unknown name."""
        ...


@asynccontextmanager
async def keeping(settings: Settings) -> AsyncIterator[StoredConversations]:
    """What the settings name: the server; else the store, and by its name what is on a server that this machine knows.

    `voice chat` keeps its conversations on a server, and who wants one forgotten need not know that.
    """
    chat, keyring = settings.chat, Keyring(folders.user_data() / "sessions.json")
    if chat.server:
        async with Sessions(chat.server, chat.server_key) as sessions:
            yield _OnTheServer(sessions, keyring)
        return
    file = store_file(settings)
    in_a_file = not chat.store or chat.store.startswith("sqlite:///")
    kept = MemoryStore() if in_a_file and not file.exists() else store(settings)  # looking creates no file
    try:
        yield _Everywhere(
            _InThisFile(kept, chat.store or str(file), partial(forget_conversation, settings)), keyring, chat.server_key
        )
    finally:
        await kept.close()


class _InThisFile:
    """In a store, which may also hold the nameless sessions of a `voice serve`."""

    def __init__(self, kept: Store, where: str, forgotten: Callable[[Card], None]) -> None:
        self._store, self.where, self._forgotten = kept, where, forgotten

    async def names(self) -> list[str]:
        cards = [(await self._store.load(sid)).card for sid in await self._store.kept()]
        return [card.name for card in cards if card.name is not None]

    async def export(self, name: str | None) -> list[dict[str, Any]]:
        sids = await self._store.kept() if name is None else [await self._find(name)]
        found = []
        for sid in sids:
            try:
                found.append(await exported(self._store, await self._store.load(sid)))
            except UnknownSession:
                continue  # it had expired
        return found

    async def forget(self, name: str | None) -> dict[str, int]:
        if name is not None:
            sid = await self._find(name)
            await asyncio.to_thread(self._forgotten, (await self._store.load(sid)).card)
            await self._store.delete(sid)
            return {self.where: 1}
        sids = await self._store.kept()
        # The check of the key goes, too: someone who lost the key can start again this way.
        gone = await asyncio.gather(*map(self._store.delete, [*sids, CHECK]), return_exceptions=True)
        for result in gone:
            if isinstance(result, BaseException) and not isinstance(result, UnknownSession):
                raise result
        return {self.where: len(sids)}

    async def _find(self, name: str) -> str:
        sid = await self._store.find(name)
        if sid is None:
            raise _no_such(name, await self.names())
        return sid


class _Everywhere:
    """In this store; and what has a name, on each server where this machine's keyring has that name."""

    def __init__(self, here: _InThisFile, keyring: Keyring, key: str) -> None:
        self._here, self._keyring, self._key, self.where = here, keyring, key, here.where

    async def names(self) -> list[str]:
        far = [f"{name} ({url})" for url in self._keyring.urls() for name in self._keyring.names(url)]
        return [*await self._here.names(), *far]

    async def export(self, name: str | None) -> list[dict[str, Any]]:
        found = await self._here.export(name) if await self._has(name) else []
        for url in self._far(name):
            async with self._server(url) as server:
                found += await server.export(name)
        return found

    async def forget(self, name: str | None) -> dict[str, int]:
        removed = await self._here.forget(name) if await self._has(name) else {}
        for url in self._far(name):
            async with self._server(url) as server:
                removed |= await server.forget(name)
        return removed

    async def _has(self, name: str | None) -> bool:
        """Whether the store is meant: also for a name that is nowhere, which it then reports."""
        return name is None or not self._far(name) or name in await self._here.names()

    def _far(self, name: str | None) -> list[str]:
        return [] if name is None else self._keyring.servers(name)

    @asynccontextmanager
    async def _server(self, url: str) -> AsyncIterator[_OnTheServer]:
        try:
            async with Sessions(url, self._key) as sessions:
                yield _OnTheServer(sessions, self._keyring)
        except UnavailableError as error:
            raise UnavailableError(
                f"it is stored on a server that does not answer ({error.what})",
                where=url,
                remedy="start that server (voice serve) and repeat this command",
            ) from error


class _OnTheServer:
    """On a server: the conversations whose names and tokens this machine's keyring has."""

    def __init__(self, sessions: Sessions, keyring: Keyring) -> None:
        self._sessions, self._keyring, self.where = sessions, keyring, sessions.url

    async def names(self) -> list[str]:
        return self._keyring.names(self.where)

    async def export(self, name: str | None) -> list[dict[str, Any]]:
        found = []
        for each in await self.names() if name is None else [name]:
            id, token = self._find(each)
            try:
                info = await self._sessions.info(id, token)
                events = await self._sessions.events(id, token)
                usage = (await self._sessions.usage(id, token))["turns"]
            except SessionError as error:
                if error.code != "session_unknown":
                    raise
                continue  # it has expired there
            kept = {key: info[key] for key in ("session_id", "system", "model", "messages")}
            found.append({"name": each, **kept, "events": events, "usage": usage})
        return found

    async def forget(self, name: str | None) -> dict[str, int]:
        wanted = await self.names() if name is None else [name]
        for each in wanted:
            try:
                await self._sessions.delete(*self._find(each))
            except SessionError as error:
                if error.code != "session_unknown":
                    raise
            self._keyring.drop(self.where, each)
        return {self.where: len(wanted)}

    def _find(self, name: str) -> tuple[str, str]:
        known = self._keyring.find(self.where, name)
        if known is None:
            raise _no_such(name, self._keyring.names(self.where))
        return known


def _no_such(name: str, names: list[str]) -> UsageError:
    expected = "one of " + ", ".join(names) if names else "a name; no conversation is stored"
    return UsageError("no conversation has this name", where=name, expected=expected)
