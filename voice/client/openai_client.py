"""OpenAI's own Python client with the sessions of `voice serve`: the same calls; the history stays on the server."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NoReturn

import httpx2
import openai
from openai.resources.chat import AsyncChat, Chat
from openai.resources.chat.completions import AsyncCompletions, Completions
from openai.types.chat import ChatCompletion
from pydantic import PrivateAttr

from voice.client.session_book import SessionBook, batches, merged

LOCAL = "http://127.0.0.1:8970/v1"
"""Where `voice serve` listens by default."""


class SessionCompletion(ChatCompletion):
    """A completion with the headers of its answer; of a batch, one choice a session and `results` as they came."""

    _headers: Any = PrivateAttr(default_factory=dict)

    @property
    def headers(self) -> Mapping[str, str]:
        """Among them x-session-id."""
        found: Mapping[str, str] = self._headers
        return found


class SessionStream:
    """The chunks of a reply; each has `seq`, the place in the session's log. Raises openai.APIError if flagged."""

    def __init__(self, chunks: openai.Stream[Any], headers: Mapping[str, str], failed: Any) -> None:
        self._chunks, self.headers, self._failed = chunks, headers, failed

    def __iter__(self) -> Iterator[Any]:
        try:
            for chunk in self._chunks:
                refuse_flagged(chunk, self._chunks.response.request)
                yield chunk
        except openai.APIError as error:
            self._failed(error)
            raise

    def __enter__(self) -> SessionStream:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the reply; the session keeps it."""
        self._chunks.close()


class AsyncSessionStream:
    """The chunks of a reply; each has `seq`, the place in the session's log. Raises openai.APIError if flagged."""

    def __init__(self, chunks: openai.AsyncStream[Any], headers: Mapping[str, str], failed: Any) -> None:
        self._chunks, self.headers, self._failed = chunks, headers, failed

    async def __aiter__(self) -> AsyncIterator[Any]:
        try:
            async for chunk in self._chunks:
                refuse_flagged(chunk, self._chunks.response.request)
                yield chunk
        except openai.APIError as error:
            self._failed(error)
            raise

    async def __aenter__(self) -> AsyncSessionStream:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Leave the reply; the session keeps it."""
        await self._chunks.close()


class SessionCompletions(Completions):
    """`create` with `developer_mode`; without it, the official one."""

    @cached_property
    def _official(self) -> Completions:
        return Completions(self._client)

    @cached_property
    def _book(self) -> SessionBook:
        return SessionBook()

    def create(self, *, developer_mode: bool = False, **request: Any) -> Any:
        """A reply in a session, by `session_id` and `sequence`, or in several, by `batch_sessions`.

        A first call without `session_id` opens a session; the header x-session-id of its answer names it.
        `sequence` is the last `seq` seen, 0 at first: sent again, it attaches to the same turn. `session_token` is
        needed for a session of another process only. Raises openai.APIError, with flagged=true for what is blocked.
        """
        if not developer_mode:
            return super().create(**request)
        ids = request.pop("batch_sessions", None)
        if ids is not None:
            return self._batch(ids, request)
        book, sid = self._book, request.pop("session_id", None)
        sequence, token = request.pop("sequence", None), request.pop("session_token", "")
        if sid and not book.is_sure(sid, sequence, token):
            book.learn(sid, self._asked(sid), token)
        ours = book.turn(sid, sequence, token)
        try:
            raw = self._official.with_raw_response.create(**merged(request, ours))
        except openai.APIError as error:
            book.failed(sid, sequence, final=isinstance(error, openai.APIStatusError))
            raise
        sid = book.answered(sid, raw.headers, request["messages"])
        if request.get("stream"):
            stream: openai.Stream[Any] = raw.parse()
            return SessionStream(stream, raw.headers, lambda error: book.failed(sid, sequence, final=is_final(error)))
        completion = raw.parse(to=SessionCompletion)
        completion._headers = raw.headers
        refuse_flagged(completion, raw.http_request)
        return completion

    def _asked(self, sid: str) -> int:
        found: Any = self._client.get(f"/sessions/{sid}", cast_to=object, options={"headers": self._book.headers(sid)})
        return int(found["expected"])

    def _batch(self, ids: Sequence[str], request: dict[str, Any]) -> SessionCompletion:
        results: list[Any] = []
        for sid in ids:
            if not self._book.is_sure(sid, None, ""):
                self._book.learn(sid, self._asked(sid))
        for items in batches(self._book, ids, request["messages"]):
            answer: Any = self._client.post(
                "/batch", cast_to=object, body={"items": items}, options={"headers": {"x-client-type": "batch"}}
            )
            results += answer["results"]
        self._book.batched(results)
        return batch_completion(results, str(request.get("model", "")))


class AsyncSessionCompletions(AsyncCompletions):
    """`create` with `developer_mode`; without it, the official one."""

    @cached_property
    def _official(self) -> AsyncCompletions:
        return AsyncCompletions(self._client)

    @cached_property
    def _book(self) -> SessionBook:
        return SessionBook()

    async def create(self, *, developer_mode: bool = False, **request: Any) -> Any:
        """See `SessionCompletions.create`."""
        if not developer_mode:
            return await super().create(**request)
        ids = request.pop("batch_sessions", None)
        if ids is not None:
            return await self._batch(ids, request)
        book, sid = self._book, request.pop("session_id", None)
        sequence, token = request.pop("sequence", None), request.pop("session_token", "")
        if sid and not book.is_sure(sid, sequence, token):
            book.learn(sid, await self._asked(sid), token)
        ours = book.turn(sid, sequence, token)
        try:
            raw = await self._official.with_raw_response.create(**merged(request, ours))
        except openai.APIError as error:
            book.failed(sid, sequence, final=isinstance(error, openai.APIStatusError))
            raise
        sid = book.answered(sid, raw.headers, request["messages"])
        if request.get("stream"):
            stream: openai.AsyncStream[Any] = raw.parse()
            return AsyncSessionStream(
                stream, raw.headers, lambda error: book.failed(sid, sequence, final=is_final(error))
            )
        completion = raw.parse(to=SessionCompletion)
        completion._headers = raw.headers
        refuse_flagged(completion, raw.http_request)
        return completion

    async def _asked(self, sid: str) -> int:
        options: Any = {"headers": self._book.headers(sid)}
        found: Any = await self._client.get(f"/sessions/{sid}", cast_to=object, options=options)
        return int(found["expected"])

    async def _batch(self, ids: Sequence[str], request: dict[str, Any]) -> SessionCompletion:
        results: list[Any] = []
        for sid in ids:
            if not self._book.is_sure(sid, None, ""):
                self._book.learn(sid, await self._asked(sid))
        for items in batches(self._book, ids, request["messages"]):
            answer: Any = await self._client.post(
                "/batch", cast_to=object, body={"items": items}, options={"headers": {"x-client-type": "batch"}}
            )
            results += answer["results"]
        self._book.batched(results)
        return batch_completion(results, str(request.get("model", "")))


class SessionChat(Chat):
    """`chat` whose completions know sessions."""

    @cached_property
    def completions(self) -> SessionCompletions:
        return SessionCompletions(self._client)


class AsyncSessionChat(AsyncChat):
    """`chat` whose completions know sessions."""

    @cached_property
    def completions(self) -> AsyncSessionCompletions:
        return AsyncSessionCompletions(self._client)


class OpenAI(openai.OpenAI):
    """The official client; `chat.completions.create(developer_mode=True, …)` uses a session of `voice serve`.

    It talks to the `voice serve` of this machine where neither `base_url` nor OPENAI_BASE_URL names another.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**with_defaults(options))

    @cached_property
    def chat(self) -> SessionChat:
        return SessionChat(self)


class AsyncOpenAI(openai.AsyncOpenAI):
    """See `OpenAI`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**with_defaults(options))

    @cached_property
    def chat(self) -> AsyncSessionChat:
        return AsyncSessionChat(self)


def with_defaults(options: dict[str, Any]) -> dict[str, Any]:
    """The options of a client, with this machine's server and no key where none are named."""
    where = os.environ.get("OPENAI_BASE_URL") or LOCAL
    return {"base_url": where, "api_key": os.environ.get("OPENAI_API_KEY") or "none", **options}


def is_final(error: openai.APIError) -> bool:
    """Whether the server itself ended the turn; else the connection broke, and the turn may be attached to again."""
    return not isinstance(error, openai.APIConnectionError)


def refuse_flagged(answer: Any, request: httpx2.Request) -> None:
    """Raise openai.APIError where moderation blocked the words or the reply."""
    if blocked := getattr(answer, "blocked", None):
        _flagged(blocked, getattr(answer, "categories", None) or [], request)


def _flagged(blocked: str, categories: Sequence[str], request: httpx2.Request) -> NoReturn:
    body = {"flagged": True, "blocked": blocked, "categories": list(categories)}
    message = f"flagged=true: the {blocked} was blocked for {', '.join(categories)}"
    raise openai.APIError(message, request, body=body)


def batch_completion(results: Sequence[Mapping[str, Any]], model: str) -> SessionCompletion:
    """The answers of a batch: one choice a session, in their order; a failure is its choice's `refusal`."""
    choices = [
        {
            "index": place,
            "finish_reason": "stop",
            "logprobs": None,
            "message": {
                "role": "assistant",
                "content": result.get("text"),
                "refusal": (result.get("error") or {}).get("message"),
            },
        }
        for place, result in enumerate(results)
    ]
    return SessionCompletion.model_validate(
        {
            "id": "batch",
            "object": "chat.completion",
            "created": 0,
            "model": model,
            "choices": choices,
            "results": list(results),
        }
    )
