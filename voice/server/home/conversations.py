"""Each person's conversations: listed, searched, renamed, exported, deleted. Their titles are encrypted, too."""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from voice.errors import ConfigError
from voice.server.home.people import owner_of
from voice.sessions.active_session import ActiveSession
from voice.sessions.engine import Engine
from voice.sessions.export import exported
from voice.sessions.log import Refused
from voice.sessions.session_log import unknown_session
from voice.sessions.stores.encrypted import DamagedRecord, RecordCipher
from voice.sessions.stores.interface import UnknownSession

LONGEST_TITLE = 80
MOST = 500
"""Conversations of a person; the one unused for longest gives way."""

Entry = dict[str, Any]
"""`title`, "" until something was said, and `used_s`, seconds since 1970."""


@dataclass(slots=True)
class _Shelf:
    """One person's conversations by session id, and choices; changes are made one after the other."""

    entries: dict[str, Entry] = field(default_factory=dict)
    choices: dict[str, Any] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Conversations:
    """Of all people, over the sessions of `engine`. The lists are files in `folder`, encrypted with `master`.

    `now_s` gives seconds since 1970. Raises Refused session_unknown for a conversation that is not this person's.
    """

    def __init__(self, engine: Engine, folder: Path, master: bytes, now_s: Callable[[], float]) -> None:
        self._engine, self._folder, self._now_s = engine, folder, now_s
        self._cipher = RecordCipher(master)
        self._shelves: dict[str, _Shelf] = {}

    async def begin(self, person: str, *, system: str, model: str) -> str:
        """A new conversation's id. Earlier ones in which nothing was said are removed, unless a page has them open."""
        name = f"home/{person}/{secrets.token_hex(8)}"
        live, _ = await self._engine.create(system=system, model=model, name=name, owner=owner_of(person))
        shelf = self._shelf(person)
        async with shelf.lock:
            for sid in [sid for sid, entry in shelf.entries.items() if not entry["title"]]:
                if await self._unused(sid):
                    await self._remove(shelf, sid)
            shelf.entries[live.card.sid] = {"title": "", "used_s": self._now_s()}
            if len(shelf.entries) > MOST:
                oldest = min(shelf.entries, key=lambda sid: shelf.entries[sid]["used_s"])
                await self._remove(shelf, oldest)
            await self._write(person, shelf)
        return live.card.sid

    async def listed(self, person: str, search: str = "") -> list[Entry]:
        """{id, title, used_s} of each conversation, the latest first; those with the words in title or text."""
        shelf, wanted = self._shelf(person), search.casefold().strip()
        found = []
        for sid, entry in sorted(shelf.entries.items(), key=lambda one: one[1]["used_s"], reverse=True):
            if entry["title"] and (not wanted or wanted in entry["title"].casefold()):
                found.append({"id": sid, **entry})
                continue
            texts = await self._said(sid)
            if texts is None:
                await self._drop(person, shelf, sid)  # it was forgotten elsewhere
                continue
            if not entry["title"] and texts:
                entry["title"] = _title(texts[0])
            if not wanted or any(wanted in text.casefold() for text in texts):
                found.append({"id": sid, **entry})
        return found

    async def open(self, person: str, sid: str) -> ActiveSession:
        """The session of a conversation, used from now on."""
        shelf = self._shelf(person)
        if sid not in shelf.entries:
            raise unknown_session()
        live = await self._engine.open(sid)
        if live.card.owner != owner_of(person):
            raise unknown_session()
        async with shelf.lock:
            shelf.entries[sid]["used_s"] = self._now_s()
            await self._write(person, shelf)
        return live

    async def rename(self, person: str, sid: str, title: str) -> None:
        """Give a conversation a title."""
        shelf = self._shelf(person)
        async with shelf.lock:
            if sid not in shelf.entries:
                raise unknown_session()
            shelf.entries[sid]["title"] = " ".join(title.split())[:LONGEST_TITLE]
            await self._write(person, shelf)

    async def delete(self, person: str, sid: str) -> None:
        """Remove a conversation and everything said in it."""
        shelf = self._shelf(person)
        async with shelf.lock:
            if sid not in shelf.entries:
                raise unknown_session()
            await self._remove(shelf, sid)
            await self._write(person, shelf)

    async def exported(self, person: str, sid: str) -> dict[str, Any]:
        """Everything that is stored of a conversation, with its `title`."""
        live = await self.open(person, sid)
        await live.settled()
        store = self._engine.parts.store
        try:
            told = await exported(store, await store.load(sid))
        except UnknownSession as unknown:
            raise unknown_session() from unknown
        return {"title": self._shelf(person).entries[sid]["title"] or _title(*_texts(live)[:1]), **told}

    def choices(self, person: str) -> dict[str, Any]:
        """What a person has chosen on the page."""
        return self._shelf(person).choices

    async def choose(self, person: str, choices: Mapping[str, Any]) -> None:
        """Keep a person's choices in place of earlier ones."""
        shelf = self._shelf(person)
        async with shelf.lock:
            shelf.choices = dict(choices)
            await self._write(person, shelf)

    async def _said(self, sid: str) -> list[str] | None:
        """What was said in a session, in turn; None where it is gone."""
        try:
            live = await self._engine.open(sid)
        except Refused:
            return None
        return _texts(live)

    async def _unused(self, sid: str) -> bool:
        """Whether nothing was said in a session, and no page waits for it."""
        try:
            live = await self._engine.open(sid)
        except Refused:
            return True
        return not (live.followed or _texts(live))

    async def _remove(self, shelf: _Shelf, sid: str) -> None:
        del shelf.entries[sid]
        try:
            await self._engine.delete(sid)
        except Refused as refused:
            if refused.code != "session_unknown":
                raise

    async def _drop(self, person: str, shelf: _Shelf, sid: str) -> None:
        async with shelf.lock:
            if shelf.entries.pop(sid, None) is not None:
                await self._write(person, shelf)

    # The files

    def _file(self, person: str) -> Path:
        return self._folder / sha256(person.encode()).hexdigest()[:32]

    def _shelf(self, person: str) -> _Shelf:
        shelf = self._shelves.get(person)
        if shelf is None:
            shelf = self._shelves[person] = self._read(person)
        return shelf

    def _read(self, person: str) -> _Shelf:
        file = self._file(person)
        try:
            kept = self._cipher.open(file.read_text("ascii"), file.name)
        except FileNotFoundError:
            return _Shelf()
        except (OSError, DamagedRecord) as error:
            what = "the list of conversations cannot be read with this key"
            raise ConfigError(what, where=str(file), remedy="restore the key, or move the file away") from error
        return _Shelf(kept["conversations"], kept["choices"])

    async def _write(self, person: str, shelf: _Shelf) -> None:
        file = self._file(person)
        kept = {"conversations": shelf.entries, "choices": shelf.choices}
        await asyncio.to_thread(_replace, file, self._cipher.close(kept, file.name))


def _replace(file: Path, text: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, made = tempfile.mkstemp(dir=file.parent, prefix=".list-")
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write(text)
    Path(made).replace(file)


def _texts(live: ActiveSession) -> list[str]:
    return [message.text for _, message in live.talk.messages() if message.role in ("user", "assistant")]


def _title(first: str = "") -> str:
    """The first words of what was said first."""
    words = " ".join(first.split())
    if len(words) <= LONGEST_TITLE // 2:
        return words
    cut = words[: LONGEST_TITLE // 2]
    return (cut[: cut.rfind(" ")] if " " in cut[10:] else cut) + "…"


def as_text(told: Mapping[str, Any], *, markdown: bool, words: Mapping[str, str]) -> str:
    """An exported conversation for people: what was said, in turn. `words` are the speakers' names by role."""
    title = told["title"]
    parts = [f"# {title}" if markdown else title]
    for message in told["messages"]:
        if (who := words.get(message["role"])) and message.get("text"):
            parts.append(f"**{who}:** {message['text']}" if markdown else f"{who}: {message['text']}")
    return "\n\n".join(parts) + "\n"
