"""Any store, with everything said in it encrypted: who has the file or the server's memory has only times and sizes."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hmac
import json
import logging
import math
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from voice.sessions.log import Event
from voice.sessions.stores.interface import (
    Card,
    FenceLost,
    Lease,
    NameTaken,
    Posted,
    Store,
    Stored,
    StoreError,
    UnknownSession,
    Usage,
    derived,
)

log = logging.getLogger(__name__)

_NONCE = 12
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


class DamagedRecord(Exception):
    """The text was changed, moved from another place, or closed with another key."""


class RecordCipher:
    """One key of 32 bytes. Nonces are random: 2³² texts under one key are safe, and a session logs far fewer."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def close(self, value: Any, place: str) -> str:
        """A JSON value as base64. Raises TypeError or ValueError for what is none."""
        return binascii.b2a_base64(self.seal(_encode(value).encode(), place), newline=False).decode()

    def open(self, text: Any, place: str) -> Any:
        """The value that `close` was given for this place. Raises DamagedRecord."""
        try:
            return json.loads(self.unseal(binascii.a2b_base64(text), place))
        except (ValueError, TypeError) as error:
            raise DamagedRecord from error

    def seal(self, raw: bytes, place: str) -> bytes:
        """Bytes encrypted for this place."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, raw, place.encode())

    def unseal(self, raw: bytes, place: str) -> bytes:
        """The bytes that `seal` was given for this place. Raises DamagedRecord."""
        try:
            return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], place.encode())
        except (InvalidTag, ValueError) as error:
            raise DamagedRecord from error


CHECK = "sealed"
"""The id and name of a card that tells whether the store was sealed with this key. No session has such an id."""


class SessionKeys:
    """Closes and opens cards with the machine's key. A card holds its session's own key: without the card, or without
    the machine's key, nothing of the session can be read."""

    def __init__(self, master: bytes) -> None:
        self._seal, self._names = RecordCipher(derived(master, "cards")), derived(master, "names")

    def name(self, name: str) -> str:
        """What stands in the store for a name: the same for the same name, and of no use without the key."""
        return "n_" + base64.urlsafe_b64encode(hmac.digest(self._names, name.encode(), sha256)[:18]).decode()

    def close(self, card: Card) -> Card:
        inside = {
            "key": card.key.hex(),
            "token_hash": card.token_hash.hex(),
            "system": card.system,
            "model": card.model,
            "options": dict(card.options),
            "name": card.name,
        }
        name = None if card.name is None else self.name(card.name)
        sealed = {CHECK: self._seal.close(inside, f"card {card.sid} {card.epoch}")}
        return Card(card.sid, card.epoch, options=sealed, name=name, owner=card.owner, ttl_s=card.ttl_s)

    def open(self, card: Card) -> Card:
        """Raises DamagedRecord."""
        inside = self._seal.open(card.options.get(CHECK), f"card {card.sid} {card.epoch}")
        inside["key"], inside["token_hash"] = bytes.fromhex(inside["key"]), bytes.fromhex(inside["token_hash"])
        return replace(card, **inside)


def close_event(seal: RecordCipher, sid: str, event: Event) -> Event:
    """The event with its data closed for this place in this session's log."""
    return Event(event.seq, event.turn, event.t, seal.close(event.d, _place(sid, event)), event.o)


def close_saved(seal: RecordCipher, sid: str, saved: Mapping[str, Any]) -> dict[str, Any]:
    """The state saved at a trim, closed."""
    return {CHECK: seal.close(saved, f"saved {sid}")}


def _place(sid: str, event: Event) -> str:
    return f"{sid} {event.seq} {event.turn} {event.t} {event.o}"


class EncryptedStore:
    """A Store over another. Event data, system prompts, options, names, token hashes and saved states are encrypted
    with a random key for each session, which stands in its card locked with the machine's key `master`.

    Ids, owners, types and times of events, and the ledger's token counts stay readable. `where` names the store in
    errors. Raises StoreError where the store was sealed with another key, or what it holds was changed.
    """

    def __init__(self, inner: Store, master: bytes, where: str = "") -> None:
        self._inner, self._where = inner, where
        self._locksmith = SessionKeys(master)
        self._check = RecordCipher(derived(master, "check"))
        self._checked = False
        self._keys: dict[str, bytes] = {}

    async def create(self, card: Card) -> None:
        await self._ready()
        card = card if card.key else replace(card, key=secrets.token_bytes(32))
        try:
            await self._inner.create(self._locksmith.close(card))
        except NameTaken as error:
            raise NameTaken(card.name) from error
        self._keys[card.sid] = card.key

    async def find(self, name: str) -> str | None:
        await self._ready()
        return await self._inner.find(self._locksmith.name(name))

    async def count(self, owner: str) -> int:
        return await self._inner.count(owner)

    async def kept(self, before_s: float = math.inf) -> list[str]:
        return [sid for sid in await self._inner.kept(before_s) if sid != CHECK]

    async def load(self, sid: str) -> Stored:
        await self._ready()
        if sid == CHECK:
            raise UnknownSession(sid)
        stored = await self._inner.load(sid)
        try:
            card = self._locksmith.open(stored.card)
            self._keys[sid] = card.key
            saved = None
            if stored.saved is not None:
                saved = RecordCipher(card.key).open(stored.saved.get(CHECK), f"saved {sid}")
        except DamagedRecord as damaged:
            raise self._changed(sid) from damaged
        return replace(stored, card=card, saved=saved)

    def append(
        self, sid: str, fence: int, events: Sequence[Event], turn: Usage | None = None, *, at_once: bool = False
    ) -> asyncio.Future[int]:
        key = self._keys.get(sid)
        try:
            if key is None:
                raise FenceLost(sid)  # its lease was given up here, or never held
            seal = RecordCipher(key)
            closed = [close_event(seal, sid, event) for event in events]
        except (FenceLost, TypeError, ValueError) as error:
            answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            answer.set_exception(error)
            return answer
        return self._inner.append(sid, fence, closed, turn, at_once=at_once)

    async def read(self, sid: str, after: int, limit: int) -> list[Event]:
        seal = RecordCipher(await self._key(sid))
        events = await self._inner.read(sid, after, limit)
        try:
            return [event._replace(d=seal.open(event.d, _place(sid, event))) for event in events]
        except DamagedRecord as damaged:
            raise self._changed(sid) from damaged

    async def usage(self, sid: str) -> list[Usage]:
        return await self._inner.usage(sid)

    async def acquire(self, sid: str, node: str, ttl_s: float) -> Lease:
        key = await self._key(sid)
        lease = await self._inner.acquire(sid, node, ttl_s)
        self._keys[sid] = key  # a lease given up meanwhile has taken it away
        return lease

    async def renew(self, fences: Mapping[str, int], ttl_s: float) -> None:
        for sid in fences if ttl_s <= 0 else ():
            self._keys.pop(sid, None)  # at once: the next owner may be faster than the answer
        await self._inner.renew(fences, ttl_s)

    async def touch(self, left_s: Mapping[str, float]) -> None:
        for sid, left in left_s.items():
            if left <= 0:
                self._keys.pop(sid, None)
        await self._inner.touch(left_s)

    async def trim(self, sid: str, fence: int, through: int, saved: Mapping[str, Any]) -> None:
        await self._inner.trim(sid, fence, through, close_saved(RecordCipher(await self._key(sid)), sid, saved))

    async def delete(self, sid: str) -> None:
        self._keys.pop(sid, None)
        await self._inner.delete(sid)

    def watch(self, sid: str, logged: Callable[[int], None]) -> Callable[[], None]:
        return self._inner.watch(sid, logged)

    async def post(self, sid: str, text: str) -> bool:
        return await self._inner.post(sid, RecordCipher(await self._key(sid)).close(text, f"post {sid}"))

    def wanted(self, node: str, asked: Callable[[str], None], posted: Posted | None = None) -> None:
        def opened(sid: str, text: str) -> None:
            key = self._keys.get(sid)
            if key is None or posted is None:
                return  # its lease was given up here meanwhile
            try:
                posted(sid, RecordCipher(key).open(text, f"post {sid}"))
            except DamagedRecord:
                log.warning("ignored a message to a session: it is not from a node of this store")

        self._inner.wanted(node, asked, opened)

    async def close(self) -> None:
        self._keys.clear()
        await self._inner.close()

    async def _key(self, sid: str) -> bytes:
        if sid not in self._keys:
            await self.load(sid)
        return self._keys[sid]

    async def _ready(self) -> None:
        """Leave the check in a new store; refuse one that was sealed with another key."""
        if self._checked:
            return
        if await self._inner.find(CHECK) is None:
            seal = {CHECK: self._check.close(CHECK, CHECK)}
            with contextlib.suppress(NameTaken):  # another process was first
                await self._inner.create(Card(CHECK, CHECK, options=seal, name=CHECK, owner=CHECK))
        found = (await self._inner.load(CHECK)).card.options.get(CHECK)
        try:
            self._check.open(found, CHECK)
        except DamagedRecord as damaged:
            raise StoreError(
                "the stored conversations were encrypted with another key",
                where=self._where,
                expected="the key file or the VOICE_CHAT_STORE_KEY they were made with",
                remedy="restore that key, or set chat.store to another place",
            ) from damaged
        self._checked = True

    def _changed(self, sid: str) -> StoreError:
        return StoreError(
            "the stored session cannot be decrypted: another program changed it",
            where=self._where,
            expected="it as it was written",
            remedy="restore the store from a backup, or delete the session",
        )
