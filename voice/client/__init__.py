"""Python client of `voice serve`: sessions that remember, survive lost connections and send only new messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

from voice.client.connection import ServerConnection
from voice.client.http import HttpClient, SessionError
from voice.client.keyring import Keyring
from voice.client.session import RemoteReply, RemoteSession
from voice.llm.interface import Delta, Done, Effect, Message
from voice.sessions.interface import ConnectionChanged, ReplyFailed

if TYPE_CHECKING:
    from voice.client.openai_client import AsyncOpenAI, OpenAI

__all__ = [
    "AsyncOpenAI",
    "BatchItem",
    "ConnectionChanged",
    "Delta",
    "Done",
    "Effect",
    "Message",
    "OpenAI",
    "RemoteReply",
    "RemoteSession",
    "ReplyFailed",
    "SessionError",
    "Sessions",
]


def __getattr__(name: str) -> Any:
    """OpenAI's package takes half a second to load, so only programs that use it wait for it."""
    if name in ("OpenAI", "AsyncOpenAI"):
        from voice.client import openai_client

        return getattr(openai_client, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One turn for `Sessions.batch`; `sequence` is the session's `expected` from `Sessions.info`."""

    session_id: str
    session_token: str
    sequence: int
    input: str


class Sessions:
    """The sessions of one server at `url`; `key` is one of its API keys, where it has any.

    An async context manager: sessions opened through it share one connection, are closed with it, and stay on the
    server. Every method
    raises UnavailableError where no server answers, ConfigError for a wrong key, SessionError for a refusal.
    """

    def __init__(self, url: str, key: str = "") -> None:
        self.url = url.rstrip("/")
        self._key, self._rest = key, HttpClient(url, key)
        self._link = ServerConnection(self.url, key)
        self._open: list[RemoteSession] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        for session in self._open:
            await session.close()

    async def create(
        self, *, system: str = "", model: str = "", options: Mapping[str, object] | None = None, person: str = ""
    ) -> RemoteSession:
        """Create a conversation. Keep its `id` and `token`: they reopen it, and the server shows them only once.

        `person` names whose it is, so that the server remembers what they ask it to remember.
        """
        session = await RemoteSession.create(
            self.url, key=self._key, system=system, model=model, options=options, person=person, link=self._link
        )
        self._open.append(session)
        return session

    async def open(self, id: str, token: str) -> RemoteSession:
        """Reopen a conversation. SessionError `session_unknown`: it expired, was deleted, or the token is wrong."""
        session = await RemoteSession.attach(self.url, id, token, key=self._key, link=self._link)
        self._open.append(session)
        return session

    async def named(
        self, name: str, keyring: Keyring, *, system: str = "", model: str = "", person: str = ""
    ) -> RemoteSession:
        """Reopen the conversation that the keyring knows as `name`, or create it."""
        known = keyring.find(self.url, name)
        if known is not None:
            try:
                return await self.open(*known)
            except SessionError as error:
                if error.code != "session_unknown":
                    raise
        session = await self.create(system=system, model=model, person=person)
        keyring.keep(self.url, name, session.id, session.token)
        return session

    async def info(self, id: str, token: str) -> dict[str, Any]:
        """Return the session's state: epoch, expected turn, messages, expiry, usage."""
        return await self._rest.call("GET", f"/v1/sessions/{id}", token=token)

    async def usage(self, id: str, token: str) -> dict[str, Any]:
        """Return the ledger: totals, and per turn its input, cached input and output tokens."""
        return await self._rest.call("GET", f"/v1/sessions/{id}/usage", token=token)

    async def events(self, id: str, token: str) -> list[dict[str, Any]]:
        """Return every event of the session's log that was not trimmed."""
        state = await self._rest.call("GET", f"/v1/sessions/{id}/events?after=0&limit=1000", token=token)
        events: list[dict[str, Any]] = state["events"]
        while events and events[-1]["seq"] < state["seq"]:
            path = f"/v1/sessions/{id}/events?after={events[-1]['seq']}&epoch={state['epoch']}&limit=1000"
            state = await self._rest.call("GET", path, token=token)
            events += state["events"]
        return events

    async def batch(self, items: Sequence[BatchItem], *, within_s: float = 120.0) -> list[dict[str, Any]]:
        """Send one turn each to at most ten sessions; return the results in the same order.

        A result has `status` 200 and `text`, or another status and `error`. Sending the same items again starts nothing
        new.
        """
        body = {"items": [asdict(item) for item in items]}
        headers = {"x-client-type": "batch"}
        answer = await self._rest.call("POST", "/v1/batch", body, headers=headers, within_s=within_s)
        results: list[dict[str, Any]] = answer["results"]
        return results

    async def lend(self, id: str, token: str, scope: Literal["read", "write"] = "read", ttl_s: int = 600) -> str:
        """Return a token for another client that opens the session for `ttl_s` seconds, at most 3600."""
        body = {"scope": scope, "ttl_s": ttl_s}
        made = await self._rest.call("POST", f"/v1/sessions/{id}/token", body, token=token)
        return str(made["session_token"])

    async def delete(self, id: str, token: str) -> None:
        """Delete the conversation with its text and usage."""
        await self._rest.call("DELETE", f"/v1/sessions/{id}", token=token)
