"""Any OpenAI-compatible server as upstream: OpenAI, Ollama, llama.cpp, vLLM, LiteLLM, another `voice serve`."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

from voice import proxies
from voice.errors import ConfigError
from voice.llm import openai_dialects as dialects
from voice.llm.interface import CALL, CALL_PIECE, Ask, Delta, Done, Effect, UpstreamError
from voice.llm.prompted_tools import called, in_words
from voice.llm.reasoning import Reasoning, opens_by_itself

log = logging.getLogger(__name__)

COMPLETIONS = "/chat/completions"
MOST_HOPS = 3
PROBE_S = 2.0
DRAIN_S = 0.1
SEE_LOG = "see that server's log"
LOAD_S = 120.0  # a large model read from a slow disk


class OpenAIUpstream:
    """A model behind `/chat/completions`, reached through the official `openai` package.

    `base_url` as in `http://localhost:11434/v1`; without `model` the only one the server has is taken. Waits at most
    `connect_s` seconds for a connection and `stall_s` for anything to arrive on it. `continues` names how the server is
    asked to continue a partial reply, if it can; `tools` how tools are described: native, prompt (in words), or auto,
    which finds out once whether the model takes them.
    """

    def __init__(
        self,
        base_url: str,
        model: str = "",
        api_key: str = "",
        *,
        connect_s: float = 5.0,
        stall_s: float = 60.0,
        continues: str = "off",
        tools: str = "auto",
    ) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise ConfigError(
                f"cannot reach {base_url!r}", where="chat.llm", expected="a URL such as http://HOST:PORT/v1"
            )
        import httpx2
        import openai  # 0.5 s, so only when needed

        self._sdk, self._transport = openai, httpx2
        self.url = dialects.base_url(base_url)
        self.model, self.kind = model, dialects.known_kind(self.url)
        self._stall_s = stall_s
        self._tells_usage = True
        self._in_words = tools == "prompt"
        """Tools are described in words: the model, or its server, has no field for them."""
        self._asks_tools = tools == "auto"
        self._opens: dict[str, bool | None] = {}
        self._looking: asyncio.Task[None] | None = None
        self.continues, self._continuing = continues != "off", dialects.CONTINUING[continues]
        self._plain = self._plain_transport()
        self._first: Any = None
        how = {"transport": self._plain} if self._plain is not None else proxies.client_options(self.url)
        with proxies.explained():
            http = openai.DefaultAsyncHttpxClient(**how)
        self._client = openai.AsyncOpenAI(
            base_url=self.url,
            api_key=api_key or "none",  # the package insists on one; local servers ignore it
            max_retries=0,
            timeout=openai.Timeout(stall_s, connect=connect_s),
            http_client=http,
        )

    def _plain_transport(self) -> Any:
        """Return a transport that is cheap where the server is near; None where the package's own is needed."""
        from voice.llm.plain_http import PlainTransport, reaches

        return PlainTransport() if reaches(self.url) else None

    @property
    def name(self) -> str:
        return f"{self.model or 'model'} at {self.url}"

    async def prepare(self) -> str:
        """Find out which kind of server this is, keep its model loaded where it can be asked to; return the kind."""
        await asyncio.shield(self._look_once())
        return self.kind

    async def stream(self, ask: Ask) -> AsyncGenerator[Delta | Effect | Done]:
        """Yield the reply's deltas as they arrive, its calls, then `Done`; raises UpstreamError, also for a cut."""
        model = ask.model or self.model or await self._only_model()
        if not self.kind:
            self._look_once()  # the hints are for later turns; this one does not wait for them
        begun = [{"role": "assistant", "content": ask.begun}] if ask.begun else []
        body: dict[str, object] = {
            "messages": [*(dialects.message_json(message) for message in ask.messages), *begun],
            **ask.options,
            **dialects.hints(self.kind, ask.key),
            **(self._continuing if begun else {}),
            "model": model,
            "stream": True,
        }
        counts, finish, held, calls, answered = None, "", "", dialects.FunctionCalls(), False
        thoughts = Reasoning(self._opened(model))
        async with contextlib.aclosing(self._chunks(body)) as chunks:
            async for chunk in chunks:
                counts = dialects.token_counts(chunk) or counts
                for delta, why in dialects.choices(chunk):
                    finish = why or finish
                    said = dialects.content_text(delta.get("content") or delta.get("refusal"))
                    if delta.get("reasoning_content") or delta.get("reasoning"):
                        said, answered = thoughts.separate() + said, True
                    text, held = dialects.join_surrogates(held, said)
                    answered = answered or bool(text)
                    if text := thoughts.feed(text):
                        yield Delta(text)
                    told = delta.get("tool_calls")
                    if delta.get("function_call"):  # what tools were called before they were tools
                        told = [{"index": 0, "function": delta["function_call"]}]
                    if (new := calls.take(told)) and ask.pieces:
                        for piece in new:
                            yield Effect(CALL_PIECE, piece)
        # Some servers give no finish reason at all. A connection that breaks off has raised already.
        if not (finish or answered or len(calls) or thoughts.calls):
            raise self._error("the reply was cut short", "upstream_cut", temporary=True, remedy=SEE_LOG)
        if text := thoughts.flush(cut=finish == "length"):
            yield Delta(text)
        self._opens[model] = thoughts.opened
        found = calls.whole()
        if found and ask.pieces:
            for piece in calls.rest():
                yield Effect(CALL_PIECE, piece)
        else:
            for call in found or (called(thoughts.calls) if ask.options.get("tools") else ()):
                yield Effect(CALL, call)
        if counts is None:
            yield Done(finish=finish)
        else:
            yield Done(input=counts[0], cached=counts[1], output=counts[2], estimated=False, finish=finish)

    def _opened(self, model: str) -> bool | None:
        """Whether replies of this model begin inside their reasoning; None while that is not known."""
        if self.kind == "openai":
            return False
        return self._opens.get(model, True if opens_by_itself(model) else None)

    async def ask_root(self, method: str, path: str, body: object = None) -> Mapping[str, Any]:
        """Ask the server's own API, which hangs from the address without `/v1`. Raises UpstreamError."""
        url = dialects.root_url(self.url) + path
        asking = self._client.get if method == "GET" else functools.partial(self._client.post, body=body)
        try:
            answer: object = await asking(url, cast_to=object)
        except self._sdk.APIError as error:
            raise self._explain(error, started=False) from error
        return answer if isinstance(answer, Mapping) else {}

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})
        await self._client.close()

    async def _chunks(self, body: dict[str, object]) -> AsyncGenerator[Mapping[str, Any]]:
        """Yield the decoded chunks of one answer. Closing it closes the connection, which stops the generation."""
        stream, lines = None, dialects.DataLines()
        try:
            stream = await self._open(body)
            # The package's own iterator costs twice as much as everything else that is done with a word, and httpx2's
            # three more for each piece as much again.
            plain = None if "content-encoding" in stream.headers else stream.extensions.get("body")
            source = aiter(plain) if plain is not None else stream.aiter_bytes()
            async for raw in source:
                for data in lines.feed(raw):
                    if data == b"[DONE]":
                        await _drain(source)
                        return
                    yield self._decoded(data)
            for data in lines.end():
                yield self._decoded(data)
        except self._sdk.APIError as error:
            raise self._explain(error, started=stream is not None) from error
        except self._transport.TimeoutException as error:
            raise self._stalled() from error
        except self._transport.HTTPError as error:
            raise self._error("the connection broke", "upstream_cut", temporary=True, remedy=SEE_LOG) from error
        finally:
            if stream is not None:
                await stream.aclose()

    def _decoded(self, data: bytes) -> Mapping[str, Any]:
        """Return one chunk; raises UpstreamError for an error told in the stream and for what is no JSON object."""
        try:
            chunk = json.loads(data.decode("utf-8", "surrogatepass"))
        except ValueError as error:  # half a UTF-8 character, or half an object
            chunk = error
        if not isinstance(chunk, Mapping):
            expected = "whole server-sent events"
            raise self._error(
                "the reply is not valid UTF-8 JSON", "upstream_garbled", temporary=True, expected=expected
            )
        if said := dialects.told_error(chunk):
            raise self._error(said, "upstream_error", temporary=True, remedy=SEE_LOG)
        return chunk

    async def _open(self, body: dict[str, object], hops: int = 0) -> Any:
        """Ask, with usage reporting unless the server is known to refuse that field; return the response, unread."""
        if self._in_words:
            body = in_words(body)
        try:
            return await self._post(body | ({"stream_options": {"include_usage": True}} if self._tells_usage else {}))
        except self._sdk.APIStatusError as error:
            if 300 <= error.status_code < 400 and hops < MOST_HOPS and self._moved(error.response.headers):
                return await self._open(body, hops + 1)
            if self._refuses_tools(error, body):
                return await self._open(body, hops)
            refused = error.status_code in (400, 422) and self._tells_usage and "stream_options" in str(error.body)
            if not refused:
                raise
            self._tells_usage = False
            return await self._open(body, hops)

    def _refuses_tools(self, error: Any, body: Mapping[str, object]) -> bool:
        """Whether this answer says that the model takes no tools; then they are put in words from now on."""
        said = f"{dialects.error_text(error.body)} {error.body}".lower()
        if not self._asks_tools or "tools" not in body or error.status_code not in (400, 404, 422, 500, 501):
            return False
        if not any(word in said for word in ("tool", "function call", "--jinja")):
            return False
        self._asks_tools, self._in_words = False, True
        log.warning("%s: %s takes no tools; they are described to it in words", self.url, body.get("model"))
        return True

    def _moved(self, headers: Mapping[str, str]) -> bool:
        """Whether a redirect leads to another path of this server; then that is its address from now on.

        The key and the words go nowhere else than to the host that the settings name.
        """
        here = f"{str(self._client.base_url).rstrip('/')}{COMPLETIONS}"
        there = dialects.same_server(here, headers.get("location", ""))
        if not there.endswith(COMPLETIONS):
            return False
        self.url = there.removesuffix(COMPLETIONS)
        self._client.base_url, self._first = self.url, None
        return True

    async def _post(self, body: dict[str, object]) -> Any:
        """Send one request. Raises the package's errors.

        `post` with plain dicts costs half of `chat.completions.create`, which walks and models every message. Where the
        server is near, the package makes the first request only: later ones are that one with another body.
        """
        if self._first is None:
            stream = await self._client.post(
                COMPLETIONS,
                body=body,
                cast_to=object,
                options={"follow_redirects": False},  # a redirected POST may become a GET; `_open` asks again
                stream=True,
                stream_cls=self._sdk.AsyncStream[object],
            )
            self._first = stream.response.request if self._plain is not None else None
            return stream.response
        assert self._plain is not None
        headers = [(name, value) for name, value in self._first.headers.raw if name.lower() != b"content-length"]
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        request = self._transport.Request(
            "POST", self._first.url, headers=headers, content=content, extensions=self._first.extensions
        )
        try:
            response = await self._plain.handle_async_request(request)
        except self._transport.TimeoutException as error:
            raise self._sdk.APITimeoutError(request=request) from error
        except self._transport.HTTPError as error:
            raise self._sdk.APIConnectionError(request=request) from error
        if response.status_code < 300:
            return response
        said: Any = (await response.aread()).decode(errors="replace").strip()
        with contextlib.suppress(ValueError):  # words, not JSON
            said = json.loads(said)
        said = said.get("error", said) if isinstance(said, Mapping) else said
        raise self._sdk.APIStatusError(f"HTTP {response.status_code}", response=response, body=said)

    async def _only_model(self) -> str:
        """Return the server's model where it has exactly one."""
        try:
            names = [model.id for model in (await self._client.models.list()).data or ()]
        except self._sdk.APIError as error:
            raise self._explain(error, started=False) from error
        if len(names) != 1:
            few = ", ".join(names[:8]) or "none"
            raise self._error(
                "no model is set",
                "upstream_no_model",
                temporary=False,
                expected=f"one of: {few}",
                remedy="set chat.model",
            )
        self.model = names[0]
        return self.model

    def _look_once(self) -> asyncio.Task[None]:
        if self._looking is None or (self._looking.done() and not self.kind):
            self._looking = asyncio.create_task(self._look())
        return self._looking

    async def _look(self) -> None:
        """Tell the server's kind by addresses only it has; an unreachable one is asked again at the next turn."""
        root = dialects.root_url(self.url)
        probing, loading = (self._client.with_options(timeout=seconds) for seconds in (PROBE_S, LOAD_S))
        kind = "generic"
        for path, sign, name in () if self.kind else dialects.PROBES:
            try:
                answer = await probing.get(root + path, cast_to=object)
            except self._sdk.APIStatusError:
                continue
            except self._sdk.APIError as error:
                log.debug("%s: cannot identify the server: %s", self.url, error)
                return
            if isinstance(answer, Mapping) and sign in answer:
                kind = name
                break
        self.kind = self.kind or kind
        if self.kind == "ollama" and self.model:
            # Only Ollama's own API takes keep_alive; it holds for requests that come the OpenAI way afterwards.
            body = {"model": self.model, "keep_alive": dialects.KEEP_ALIVE}
            try:
                await loading.post(f"{root}/api/generate", body=body, cast_to=object)
            except self._sdk.APIError as error:
                log.warning("%s: the model was not loaded: %s", self.url, self._explain(error, started=False).code)

    def _explain(self, error: Any, *, started: bool) -> UpstreamError:
        """Turn the package's exception into the one line a person needs."""
        if isinstance(error, self._sdk.APIStatusError) and 300 <= error.status_code < 400:
            there = error.response.headers.get("location", "nowhere")
            return self._error(f"the server redirects to {there}", "upstream_moved", temporary=False,
                               remedy="set chat.llm to the address that answers")  # fmt: skip
        if isinstance(error, self._sdk.APIStatusError):
            said = dialects.error_text(error.body)
            code, temporary, remedy = dialects.refusal(error.status_code, str(error.code or ""), said)
            what = f"HTTP {error.status_code}" + (f": {said}" if said else "")
            after = dialects.retry_after_s(error.response.headers)
            return self._error(what, code, temporary=temporary, remedy=remedy, retry_after_s=after)
        cause = error.__cause__ or error
        if isinstance(error, self._sdk.APITimeoutError) and type(cause).__name__ != "ConnectTimeout":
            return self._stalled()
        if isinstance(error, self._sdk.APIConnectionError):
            if started:
                return self._error("the connection broke", "upstream_cut", temporary=True, remedy=SEE_LOG)
            return self._error(
                f"cannot connect ({str(cause) or type(cause).__name__})",
                "upstream_unreachable",
                temporary=True,
                remedy="start it or correct chat.llm",
            )
        said = dialects.error_text(error.body) or error.message
        return self._error(said, "upstream_error", temporary=True, remedy=SEE_LOG)

    def _stalled(self) -> UpstreamError:
        what, remedy = f"no data for {self._stall_s:g} s", "check whether the model is too large for this machine"
        return self._error(what, "stalled", temporary=True, remedy=remedy)

    def _error(self, what: str, code: str, *, temporary: bool, **more: Any) -> UpstreamError:
        return UpstreamError(what, code=code, temporary=temporary, where=self.url, **more)


async def _drain(source: AsyncIterator[bytes]) -> None:
    """Read what follows the last chunk, usually nothing, so that the connection can be used again."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_S):
            async for _ in source:
                pass
