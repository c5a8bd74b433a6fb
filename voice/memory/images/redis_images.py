"""Sealed memories in Redis, so that a person has the same memory on every node."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from voice.errors import ConfigError
from voice.memory.images.folder_images import Stamp
from voice.sessions.stores.interface import StoreError

PREFIX = "voice:people:"
ANSWER_S = 2.0
LOCK_S, WAIT_S = 20.0, 10.0
"""How long a node that died keeps others from writing, and how long these wait for it."""

# An image and its version; a write names the version that it replaces, 0 for none. A removed one leaves nothing.
_WRITE = """
local version = tonumber(redis.call('HGET', KEYS[1], 'version') or '0')
if version ~= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'image', ARGV[3])
return 1
"""
_UNLOCK = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class RedisImages:
    """Images in the Redis at `url`; the password comes apart from it."""

    def __init__(self, url: str, password: str = "") -> None:
        try:
            import redis
        except ImportError as error:
            raise ConfigError(
                "the package redis is not installed", where="chat.store", remedy="pip install 'voice-at-home[redis]'"
            ) from error
        self.where, self._errors = url.rpartition("@")[2], redis.RedisError
        self._url, self._single, self._cluster = url, redis.Redis, redis.RedisCluster
        self._how: dict[str, Any] = {"socket_connect_timeout": ANSWER_S, "socket_timeout": ANSWER_S}
        if password:
            self._how["password"] = password

    def begun(self) -> bool:
        return True

    def names(self) -> list[str]:
        with self._asked():
            keys = list(self._client.scan_iter(match=f"{PREFIX}{{*}}", count=1000))
        return sorted({key.decode()[len(PREFIX) + 1 : -1] for key in keys})

    def stamp(self, name: str) -> Stamp | None:
        with self._asked():
            found = self._client.hget(_key(name), "version")
        return None if found is None else (int(found),)

    def read(self, name: str) -> bytes | None:
        with self._asked():
            found: bytes | None = self._client.hget(_key(name), "image")
        return found

    def write(self, name: str, image: bytes, old: Stamp | None) -> Stamp:
        before = old[0] if old else 0
        version = max(before + 1, time.time_ns() // 1000)  # never one that a removed image had
        with self._asked():
            if not self._client.eval(_WRITE, 1, _key(name), before, version, image):
                raise StoreError("another node changed this memory meanwhile", where=self.where, remedy="try again")
        return (version,)

    def remove(self, name: str) -> bool:
        with self._asked():
            return bool(self._client.delete(_key(name)))

    def size(self, name: str) -> int:
        with self._asked():
            return int(self._client.hstrlen(_key(name), "image"))

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        lock, mine, until = f"{_key(name)}:lock", secrets.token_hex(16), time.monotonic() + WAIT_S
        with self._asked():
            while not self._client.set(lock, mine, nx=True, px=int(LOCK_S * 1000)):
                if time.monotonic() > until:
                    raise StoreError("another node is changing this memory", where=self.where, remedy="try again")
                time.sleep(0.01)
        try:
            yield
        finally:
            with self._asked():
                self._client.eval(_UNLOCK, 1, lock, mine)

    def close(self) -> None:
        if (client := self.__dict__.get("_client")) is not None:
            client.close()

    @cached_property
    def _client(self) -> Any:
        """Connected when it is first needed; of a cluster the client that knows its nodes."""
        client: Any = self._single.from_url(self._url, **self._how)
        if not client.info("cluster").get("cluster_enabled"):
            return client
        client.close()
        return self._cluster.from_url(self._url, **self._how)

    @contextmanager
    def _asked(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            raise StoreError(f"the memory cannot be reached: {error}", where=self.where) from error


def _key(name: str) -> str:
    """The part in braces keeps a lock on the cluster node of its image."""
    return f"{PREFIX}{{{name}}}"
