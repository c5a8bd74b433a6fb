"""The connection to Redis: calls that come together travel together, and an outage is waited out for a while."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from voice.clock import VirtualLoop, working
from voice.errors import ConfigError
from voice.sessions.stores.interface import StoreError
from voice.sessions.stores.redis_scripts import Script

log = logging.getLogger(__name__)

BACKOFF_S = (0.02, 0.5)  # first and longest
CONNECT_S, ANSWER_S = 2.0, 10.0
LARGEST_GROUP = 1024
Words = list[Any]


class RedisAway(StoreError):
    """Redis does not answer, or refuses to work."""

    exit_code = 69


class Call:
    """One call of a script, or a plain command. `words` gives keys and arguments once it is really sent."""

    __slots__ = ("finish", "keys", "script", "sent", "words")

    def __init__(
        self, script: Script | None, keys: int, words: Callable[[], Words], finish: Callable[[Any], None]
    ) -> None:
        self.script, self.keys, self.words, self.finish = script, keys, words, finish
        self.sent = False
        """From now on its words stay as they are, however often it is repeated."""

    def wire(self, *, tried: bool, whole: bool = False) -> Words:
        """The command as Redis takes it; `whole` sends the script, too, for a server that does not know it."""
        words = self.words()
        if self.script is None:
            return words
        what = ["EVAL", self.script.source] if whole else ["EVALSHA", self.script.sha]
        return [*what, self.keys, *words[: self.keys], "1" if tried else "0", *words[self.keys :]]


class RedisConnection:
    """One ordered stream of calls to the Redis at `url`. The password comes apart from the URL.

    Calls wait up to `group_s` seconds for others. While Redis is away they are repeated for `patience_s` seconds, then
    they fail with RedisAway; later ones fail at their first try until it is back.
    """

    def __init__(self, url: str, password: str = "", *, group_s: float = 0.002, patience_s: float = 5.0) -> None:
        try:
            import redis.asyncio as client
            from redis import exceptions
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff
        except ImportError as error:
            raise ConfigError(
                "the package redis is not installed",
                where="chat.store",
                remedy="pip install 'voice-at-home[redis]'",
            ) from error
        self._errors, self._cluster_client = exceptions, client.RedisCluster
        self.where = shown(url)
        self._how: dict[str, Any] = {
            "socket_connect_timeout": CONNECT_S,
            "socket_timeout": ANSWER_S,
            "retry": Retry(NoBackoff(), 0),  # repeated here, where it is known what may be repeated
        }
        if password:
            self._how["password"] = password
        try:
            self.client: Any = client.Redis.from_url(url, **self._how)
        except (ValueError, TypeError) as error:
            raise ConfigError("not a Redis address", where="chat.store", expected="redis://HOST:PORT/NUMBER") from error
        self._url = url
        self._cluster: Any = None
        self._known = False
        self._group_s, self._patience_s = group_s, patience_s
        self._waiting: list[Call] = []
        self._timer: asyncio.TimerHandle | None = None
        self._flying: asyncio.Task[None] | None = None
        self._away_since: float | None = None

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """What is raised where the connection fails."""
        return (self._errors.ConnectionError, self._errors.TimeoutError, OSError)

    @property
    def refusals(self) -> type[Exception]:
        """What is raised where the connection fails or Redis refuses."""
        error: type[Exception] = self._errors.RedisError
        return error

    def put(self, call: Call, *, at_once: bool = True) -> None:
        """Send this with the next group; all are sent in the order they came."""
        self._waiting.append(call)
        if self._flying is not None:
            return
        loop = asyncio.get_running_loop()
        if at_once or len(self._waiting) >= LARGEST_GROUP or isinstance(loop, VirtualLoop):
            self._take_off()
        elif self._timer is None:
            self._timer = loop.call_later(self._group_s, self._take_off)

    def hurry(self) -> None:
        """Stop waiting for others."""
        if self._timer is not None:
            self._take_off()

    async def run(self, script: Script, keys: Sequence[str], *words: Any) -> Any:
        """Run a script and return its answer. Raises RedisAway."""
        return await self._answer(Call(script, len(keys), lambda: [*keys, *words], lambda _: None))

    async def command(self, *words: Any) -> Any:
        """Run a plain command and return its answer. Raises RedisAway."""
        return await self._answer(Call(None, 0, lambda: list(words), lambda _: None))

    async def close(self) -> None:
        """Send what waits, then hang up."""
        while self._flying is not None or self._waiting:
            if self._flying is None:
                self._take_off()
            assert self._flying is not None
            await asyncio.wait({self._flying})
        for client in (self.client, self._cluster):
            if client is not None:
                await client.aclose()

    async def _answer(self, call: Call) -> Any:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def finish(result: Any) -> None:
            if future.done():
                return
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)

        call.finish = finish
        self.put(call)
        return await future

    def _take_off(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting and self._flying is None:
            self._flying = asyncio.get_running_loop().create_task(self._fly(), name="redis")

    async def _fly(self) -> None:
        try:
            with working():
                while self._waiting:
                    calls, self._waiting = self._waiting[:LARGEST_GROUP], self._waiting[LARGEST_GROUP:]
                    for call in calls:
                        call.sent = True
                    await self._deliver(calls)
        finally:
            self._flying = None

    async def _deliver(self, calls: list[Call]) -> None:
        """Have a group answered, however long the patience lasts."""
        loop, tries = asyncio.get_running_loop(), 0
        while True:
            try:
                answers = await self._round_trip([call.wire(tried=tries > 0) for call in calls])
                strange = [n for n, answer in enumerate(answers) if isinstance(answer, self._errors.NoScriptError)]
                if strange:
                    again = await self._round_trip([calls[n].wire(tried=tries > 0, whole=True) for n in strange])
                    for n, answer in zip(strange, again, strict=True):
                        answers[n] = answer
                break
            except self.failures as error:
                self._away_since = loop.time() if self._away_since is None else self._away_since
                if loop.time() - self._away_since >= self._patience_s:
                    answers = [self._explained(error)] * len(calls)
                    break
            except self._errors.RedisError as error:
                answers = [self._explained(error)] * len(calls)
                break
            except Exception as error:  # an internal error: the waiting caller must receive it
                log.exception("calls to Redis could not be made")
                answers = [self._explained(error)] * len(calls)
                break
            await pause(tries)
            tries += 1
        if answers and not isinstance(answers[0], RedisAway):
            self._away_since = None
        for call, answer in zip(calls, answers, strict=True):
            call.finish(self._explained(answer) if isinstance(answer, self._errors.RedisError) else answer)

    async def _round_trip(self, commands: list[Words]) -> list[Any]:
        if not self._known:
            facts = await self.client.info("cluster")
            if facts.get("cluster_enabled"):
                self._cluster = self._cluster_client.from_url(self._url, **self._how)
            self._known = True
        if self._cluster is None:
            async with self.client.pipeline(transaction=False) as pipeline:
                for words in commands:
                    pipeline.execute_command(*words)
                found: list[Any] = await pipeline.execute(raise_on_error=False)
            return found
        return await self._scatter(commands)

    async def _scatter(self, commands: list[Words]) -> list[Any]:
        """In a cluster: the calls of one session one after another, those of different ones side by side."""
        lanes: dict[str, list[int]] = {}
        for n, words in enumerate(commands):
            first = words[3] if words[0] in ("EVAL", "EVALSHA") else words[1]
            lanes.setdefault(first.partition("}")[0], []).append(n)
        answers: list[Any] = [None] * len(commands)

        async def lane(numbers: list[int]) -> None:
            for n in numbers:
                try:
                    answers[n] = await self._cluster.execute_command(*commands[n])
                except self._errors.ResponseError as error:
                    answers[n] = error

        ends = await asyncio.gather(*(lane(numbers) for numbers in lanes.values()), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return answers

    def _explained(self, error: Exception) -> RedisAway:
        """The failure in one line, without anything secret."""
        if isinstance(error, RedisAway):
            return error
        remedies = {
            self._errors.AuthenticationError: "set VOICE_CHAT_STORE_PASSWORD",
            self._errors.NoPermissionError: "give this user the permissions listed in docs/operate.md",
            self._errors.OutOfMemoryError: "give Redis more memory (maxmemory), with the policy noeviction",
            self._errors.ReadOnlyError: "use the address of the primary",
        }
        remedy = next((text for kind, text in remedies.items() if isinstance(error, kind)), "")
        if not remedy and isinstance(error, self.failures):
            return RedisAway(
                f"Redis does not answer ({_short(error)})",
                where=self.where,
                remedy="start redis-server, or correct chat.store",
            )
        return RedisAway(f"Redis refused: {_short(error)}", where=self.where, remedy=remedy)


async def pause(tries: int) -> None:
    """Wait before Redis is tried again after that many tries more than one: longer each time, never for all alike."""
    await asyncio.sleep(random.uniform(0.5, 1) * min(BACKOFF_S[0] * 2 ** min(tries, 10), BACKOFF_S[1]))


def shown(url: str) -> str:
    """The address without user and password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _short(error: Exception) -> str:
    return str(error).split("\n")[0][:160] or type(error).__name__
