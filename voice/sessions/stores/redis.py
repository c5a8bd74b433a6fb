"""Sessions in Redis or Valkey, for many processes on many machines: a stream for each, one call per append."""

from __future__ import annotations

import asyncio
import json
import math
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

from voice.sessions.log import Event
from voice.sessions.stores import redis_scripts as scripts
from voice.sessions.stores.interface import (
    Card,
    FenceLost,
    Lease,
    LeaseHeld,
    NameTaken,
    Posted,
    Stored,
    StoreError,
    UnknownSession,
    Usage,
)
from voice.sessions.stores.redis_connection import Call, RedisAway, RedisConnection
from voice.sessions.stores.redis_notifications import RedisNotifications, WatchedSession
from voice.sessions.stores.redis_scripts import NEWS, NODES, key, keys_of

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
USED, ENDS, NAMES = "voice:{index}:used", "voice:{index}:ends", "voice:{index}:names"
AT_ONCE = 256
"""Sessions touched together: the event loop is not to be busy with thousands."""
UNNAMED_MS = 60_000
"""How long a session lives if its creator failed before naming it."""


@dataclass(slots=True)
class _Append:
    """Appends of one session that travel as one call."""

    held: WatchedSession
    first: int
    lines: list[str] = field(default_factory=list)
    rows: list[Any] = field(default_factory=list)
    answers: list[tuple[asyncio.Future[int], int]] = field(default_factory=list)
    call: Call | None = None


class RedisStore:
    """A Store in the Redis at `url`; lives and leases are counted by its clock, not by those of the processes.

    Appends wait up to `group_s` seconds for others. An outage is waited out for `patience_s` seconds. `wall` gives
    seconds since 1970, which show how long ago a session was used.
    """

    def __init__(
        self,
        url: str,
        password: str = "",
        *,
        wall: Callable[[], float] = time.time,
        group_s: float = 0.002,
        patience_s: float = 5.0,
    ) -> None:
        self._link = RedisConnection(url, password, group_s=group_s, patience_s=patience_s)
        self.where = self._link.where
        self._wall, self._me = wall, secrets.token_hex(4)
        self._following = RedisNotifications(self._link)
        self._open: dict[str, _Append] = {}

    async def create(self, card: Card) -> None:
        fixed = {name: getattr(card, name) for name in ("epoch", "system", "model", "name", "owner", "ttl_s")}
        line = json.dumps(fixed | {"token_hash": card.token_hash.hex(), "options": dict(card.options)})
        life = "" if card.ttl_s is None else _ms(card.ttl_s)
        first = UNNAMED_MS if card.name is not None else life
        await self._link.run(scripts.CREATE, [key(card.sid)], line, card.epoch, first, self._me, card.owner)
        if not await self._enter(card, life):
            await self._link.run(scripts.DELETE, keys_of(card.sid), NEWS + card.sid)
            raise NameTaken(card.name)
        if card.name is not None and life == "":
            await self._link.command("PERSIST", key(card.sid))

    async def find(self, name: str) -> str | None:
        sid = await self._link.command("HGET", NAMES, name)
        if sid is None or not await self._link.command("EXISTS", key(sid.decode())):
            return None
        return str(sid.decode())

    async def count(self, owner: str) -> int:
        return int(await self._link.run(scripts.COUNT, [_owned(owner)]))

    async def kept(self, before_s: float = math.inf) -> list[str]:
        latest = "+inf" if before_s == math.inf else f"({before_s!r}"
        sids = [sid.decode() for sid in await self._link.command("ZRANGEBYSCORE", USED, "-inf", latest)]
        live = await asyncio.gather(*(self._link.command("EXISTS", key(sid)) for sid in sids))
        return [sid for sid, there in zip(sids, live, strict=True) if there]

    async def load(self, sid: str) -> Stored:
        line, epoch, seq, saved = await self._link.command("HMGET", key(sid), "card", "epoch", "seq", "saved")
        if line is None:
            raise UnknownSession(sid)
        fixed = json.loads(line)
        fixed["token_hash"] = bytes.fromhex(fixed["token_hash"])
        return Stored(Card(sid=sid, **fixed), int(seq), None if saved is None else json.loads(saved), epoch.decode())

    def append(
        self, sid: str, fence: int, events: Sequence[Event], turn: Usage | None = None, *, at_once: bool = False
    ) -> asyncio.Future[int]:
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        try:
            held = self._following.held(sid, fence)
            if held is None:
                raise FenceLost(sid)
            if held.broken:
                raise RedisAway("an earlier append was lost", where=self._link.where, remedy="open it again")
            lines = [_line(event) for event in events]
            row = [] if turn is None else [turn.turn, json.dumps(astuple(turn))]
        except (FenceLost, StoreError, TypeError, ValueError) as error:
            answer.set_exception(error)
            return answer
        open = self._open.get(sid)
        together = open is not None and open.held is held and open.first + len(open.lines) == events[0].seq
        if open is None or open.call is None or open.call.sent or not together:
            open = self._open[sid] = _Append(held, events[0].seq)
            open.call = self._appending(sid, open)
            self._link.put(open.call, at_once=at_once)
        elif at_once:
            self._link.hurry()
        open.lines += lines
        open.rows += row
        open.answers.append((answer, events[-1].seq))
        return answer

    async def read(self, sid: str, after: int, limit: int) -> list[Event]:
        rows = await self._link.command("XRANGE", key(sid, "log"), f"{after + 1}-0", "+", "COUNT", limit)
        return [Event(int(id.partition(b"-")[0]), *json.loads(fields[b"e"])) for id, fields in rows]

    async def usage(self, sid: str) -> list[Usage]:
        rows = await self._link.command("HGETALL", key(sid, "ledger"))
        return sorted((Usage(*json.loads(row)) for row in rows.values()), key=lambda row: row.turn)

    async def acquire(self, sid: str, node: str, ttl_s: float) -> Lease:
        self._following.node(node)
        what = (node, _ms(ttl_s), sid, NODES)
        answer = await self._link.run(scripts.ACQUIRE, [key(sid), key(sid, "lease")], *what)
        if answer[0] == scripts.UNKNOWN:
            raise UnknownSession(sid)
        if answer[0] == scripts.REFUSED:
            raise LeaseHeld(sid, answer[1].decode(), max(0, answer[2]) / 1000)
        fence, seq = answer
        self._following.hold(sid, WatchedSession(fence, node), seq)
        self._link.put(
            Call(None, 0, lambda: ["ZADD", USED, "XX", repr(self._wall()), sid], lambda _: None), at_once=False
        )
        return Lease(fence, seq)

    async def renew(self, fences: Mapping[str, int], ttl_s: float) -> None:
        for sid, fence in fences.items() if ttl_s <= 0 else ():
            self._following.drop(sid, fence)
        keys = [(sid, fence, [key(sid), key(sid, "lease")]) for sid, fence in fences.items()]
        await asyncio.gather(*(self._link.run(scripts.RENEW, two, fence, _ms(ttl_s)) for _, fence, two in keys))

    async def touch(self, left_s: Mapping[str, float]) -> None:
        sids = list(left_s)
        for start in range(0, len(sids), AT_ONCE):
            some = sids[start : start + AT_ONCE]
            answers = await asyncio.gather(
                *(self._link.run(scripts.TOUCH, keys_of(sid), _ms(left_s[sid]), self._me, NEWS + sid) for sid in some)
            )
            lives: dict[str, list[Any]] = {}
            for sid, answer in zip(some, answers, strict=True):
                if answer is not None and answer[1] > 0:
                    lives.setdefault(answer[0].decode(), []).extend((sid, answer[1]))
                elif answer is not None:
                    await self._link.run(scripts.LEAVE, [USED, ENDS, _owned(answer[0].decode()), NAMES], sid, "")
            for owner, moves in lives.items():
                await self._link.run(scripts.PROLONG, [ENDS, _owned(owner)], *moves)

    async def trim(self, sid: str, fence: int, through: int, saved: Mapping[str, Any]) -> None:
        keys = [key(sid), key(sid, "log")]
        answer = await self._link.run(scripts.TRIM, keys, fence, through, json.dumps(saved))
        if answer == scripts.UNKNOWN:
            raise UnknownSession(sid)
        if answer == scripts.REFUSED:
            raise FenceLost(sid)

    async def delete(self, sid: str) -> None:
        line = await self._link.run(scripts.DELETE, keys_of(sid), NEWS + sid)
        self._following.drop(sid)
        if line is None:
            raise UnknownSession(sid)
        card = json.loads(line)
        index = [USED, ENDS, _owned(card.get("owner", "")), NAMES]
        await self._link.run(scripts.LEAVE, index, sid, card.get("name") or "")

    def watch(self, sid: str, logged: Callable[[int], None]) -> Callable[[], None]:
        return self._following.watch(sid, logged)

    async def post(self, sid: str, text: str) -> bool:
        return bool(await self._link.run(scripts.POST, [key(sid, "lease")], sid, text, NODES))

    def wanted(self, node: str, asked: Callable[[str], None], posted: Posted | None = None) -> None:
        self._following.node(node, asked, posted)

    async def close(self) -> None:
        await self._following.close()
        await self._link.close()

    # Inside

    async def _enter(self, card: Card, life: Any) -> bool:
        """Put a new session into the index; False where another one has its name."""
        index, stale = [USED, ENDS, _owned(card.owner), NAMES], ""
        while True:
            what = (card.sid, repr(self._wall()), life, card.name or "", stale)
            has = (await self._link.run(scripts.ENTER, index, *what)).decode()
            if has == card.sid:
                return True
            if await self._link.command("EXISTS", key(has)):
                return False
            stale = has

    def _appending(self, sid: str, open: _Append) -> Call:
        held = open.held
        keys = [key(sid), key(sid, "log"), key(sid, "ledger")]

        def words() -> list[Any]:
            what = [held.fence, held.node, open.first, len(open.lines), secrets.token_hex(4), NEWS + sid]
            return [*keys, *what, len(open.rows) // 2, *open.rows, *open.lines]

        def finish(result: Any) -> None:
            if self._open.get(sid) is open:
                del self._open[sid]
            wrong: Exception | None = None
            if isinstance(result, Exception):
                wrong, held.broken = result, True
            elif result == scripts.UNKNOWN:
                wrong = UnknownSession(sid)
            elif result in (scripts.REFUSED, scripts.WENT_BACK):
                wrong = FenceLost(sid)
            if isinstance(wrong, FenceLost | UnknownSession):
                self._following.drop(sid, held.fence)
            for answer, seq in open.answers:
                if answer.done():
                    continue
                if wrong is None:
                    answer.set_result(seq)
                else:
                    answer.set_exception(wrong)
            if wrong is None:
                self._following.logged(sid, result, held.fence)

        return Call(scripts.APPEND, len(keys), words, finish)


def _line(event: Event) -> str:
    """All of it but its seq, which is its id in the stream. Raises TypeError or ValueError for what is no JSON."""
    o = "null" if event.o is None else event.o
    return f"[{event.turn},{_encode(event.t)},{_encode(event.d)},{o}]"


def _owned(owner: str) -> str:
    return f"voice:{{index}}:owner:{owner}"


def _ms(seconds: float) -> int:
    return math.ceil(seconds * 1000)
