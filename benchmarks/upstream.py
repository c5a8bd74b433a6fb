"""A language model server that sends scripted replies at scripted times, in OpenAI's wire format.

Run it with `python -m benchmarks.upstream --first-ms 100 --word-ms 20`; the first line printed is its base
URL. `POST /control` takes `{"default": {…}, "queue": [{…}, …]}` of `Script` fields, `GET /control` tells what
was asked, `DELETE /control` forgets it. A last message ending in `script: {…}` overrides both.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Self

from benchmarks.upstream_slots import ScriptedSlots

KEPT_BODIES = 2000
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}


@dataclass(frozen=True, slots=True)
class Script:
    """What happens to one request.

    `text` is the reply (empty: `Answer N to: …` with the request's own number), sent word by word: the first after
    `first_ms` and `read_ms` for each word of the prompt that no earlier prompt began with, the next every
    `word_ms`. `status` other than 200 refuses, with `retry_after` as header. `fault` strikes after `after` words:
    error (an error object in the stream), cut (connection closed), half (half a UTF-8 character, then closed),
    stall (silence, connection open), die (the process ends). `piece` sends that many bytes per chunk. `cuts` are the
    characters at which the text is cut in place of words. `stamp` says
    in place of each word the time, as `age_s` reads it. `calls` are functions it calls, each a `name` and
    `arguments` as JSON text; without `text` there is none then. `times` is how many requests of the queue it
    serves.
    """

    text: str = ""
    first_ms: float = 0.0
    read_ms: float = 0.0
    word_ms: float = 0.0
    status: int = 200
    retry_after: str = ""
    message: str = ""
    code: str = ""
    fault: str = ""
    after: int = 0
    piece: int = 0
    cuts: Sequence[int] = ()
    stamp: bool = False
    usage: bool = True
    calls: Sequence[Mapping[str, str]] = ()
    times: int = 1


@dataclass(slots=True)
class Asked:
    """What was asked so far: requests by `METHOD path`, the newest chat bodies, and streams open now."""

    counts: Counter[str] = field(default_factory=Counter)
    bodies: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT_BODIES))
    open: int = 0
    most_open: int = 0
    aborted: int = 0

    def told(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__} | {"bodies": list(self.bodies)}


class _Reader(asyncio.StreamReader):
    """Tells that the client left without consuming what it may have sent."""

    def __init__(self) -> None:
        super().__init__()
        self.left = asyncio.Event()

    def feed_eof(self) -> None:
        super().feed_eof()
        self.left.set()


class _Cut(Exception):
    """The script says that the connection ends here."""


class ScriptedUpstream:
    """The server. `kind` adds what generic, llama.cpp or ollama servers answer at their own addresses.

    Used as an async context manager it listens on `host` and a free port; `url` is the base URL for a client.
    """

    def __init__(
        self,
        default: Script | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        kind: str = "generic",
        slots: ScriptedSlots | None = None,
    ) -> None:
        self.default, self.kind = default or Script(), kind
        self.slots = slots or ScriptedSlots()
        self.queue: deque[Script] = deque()
        self.asked = Asked()
        self._host, self._port = host, port
        self._seen: set[int] = set()
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def url(self) -> str:
        return f"http://{self._host}:{self._port}/v1"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(
            lambda: asyncio.StreamReaderProtocol(_Reader(), self._serve), self._host, self._port, backlog=4096
        )
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._open.values():
            writer.transport.abort()
        if self._open:
            await asyncio.wait(tuple(self._open))
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert isinstance(reader, _Reader)
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        with contextlib.suppress(_Cut, ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, path, _ = head[0].split(" ", 2)
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.asked.counts[f"{method} {path}"] += 1
                await self._answer(method, path, json.loads(body or b"{}"), reader, writer)
        writer.transport.abort()
        del self._open[task]

    async def _answer(self, method: str, path: str, body: Any, reader: _Reader, writer: asyncio.StreamWriter) -> None:
        if path == "/v1/chat/completions":
            await self._chat(body, reader, writer)
            return
        owner = {"ollama": "library", "llama.cpp": "llamacpp"}.get(self.kind, "scripted")
        fixed: dict[str, Any] = {
            "GET /v1/models": {"object": "list", "data": [{"id": "scripted", "object": "model", "owned_by": owner}]},
            "GET /control": None,
            "POST /control": None,
            "DELETE /control": None,
        }
        if self.kind == "llama.cpp":
            fixed["GET /props"] = {
                "default_generation_settings": {},
                "model_path": "scripted.gguf",
            } | self.slots.props()
            fixed["GET /slots"] = self.slots.listed()
            if (done := self.slots.acted(path, body)) is not None:
                _send_json(writer, *done)
                return
        if self.kind == "ollama":
            fixed["GET /api/version"] = {"version": "0.12.0"}
            fixed["POST /api/generate"] = {"done": True}
        key = f"{method} {path}"
        if key not in fixed:
            _send_json(writer, 404, {"error": {"message": f"no {path} here", "code": "not_found"}})
            return
        if key == "POST /control":
            self.default = Script(**body["default"]) if "default" in body else self.default
            self.queue.extend(Script(**item) for item in body.get("queue", ()))
        elif key == "DELETE /control":
            self.queue.clear()
            self.default, self.asked = Script(), Asked()
        elif key == "POST /api/generate":
            self.asked.bodies.append(body)
        _send_json(writer, 200, self.asked.told() if path == "/control" else fixed[key])

    def _script(self, last: str) -> Script:
        """Return the script of the next request: the queue's, else the default, overridden by the words."""
        script = self.default
        if self.queue:
            script = self.queue.popleft()
            if script.times > 1:
                self.queue.appendleft(replace(script, times=script.times - 1))
        _, found, told = last.rpartition("script: ")
        return replace(script, **json.loads(told)) if found else script

    async def _chat(self, body: dict[str, Any], reader: _Reader, writer: asyncio.StreamWriter) -> None:
        asked = self.asked
        asked.bodies.append(body)
        last = str(body["messages"][-1].get("content", ""))
        script = self._script(last)
        text = script.text or (
            ""
            if script.calls
            else f"Answer {asked.counts['POST /v1/chat/completions']} to: {last.partition(' script: ')[0]}"
        )
        usage = self._usage(body["messages"], text)
        if self.kind == "llama.cpp" and (slot := int(body.get("id_slot", -1))) >= 0:
            usage["prompt_tokens_details"]["cached_tokens"] = self.slots.cached(slot, body["messages"])
        unread = usage["prompt_tokens"] - usage["prompt_tokens_details"]["cached_tokens"]
        script = replace(script, first_ms=script.first_ms + unread * script.read_ms)
        asked.open += 1
        asked.most_open = max(asked.most_open, asked.open)
        work = asyncio.ensure_future(self._reply(script, text, usage, body, writer))
        left = asyncio.ensure_future(reader.left.wait())
        try:
            await asyncio.wait({work, left}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise ConnectionResetError
            await work
        except ConnectionError:
            asked.aborted += 1
            raise
        finally:
            asked.open -= 1
            left.cancel()
            work.cancel()
            await asyncio.wait({work, left})

    async def _reply(
        self,
        script: Script,
        text: str,
        usage: Mapping[str, Any],
        body: dict[str, Any],
        writer: asyncio.StreamWriter,
    ) -> None:
        if script.status != 200:
            await asyncio.sleep(script.first_ms / 1000)
            error = {"message": script.message or f"scripted {script.status}", "code": script.code or None}
            _send_json(writer, script.status, {"error": error}, retry_after=script.retry_after)
            return
        head = {"id": "chatcmpl-scripted", "created": int(time.time()), "model": body.get("model", "")}
        if not body.get("stream"):
            async for _ in self._paced(script, text, writer):
                pass
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            told = {"usage": usage} if script.usage else {}
            _send_json(writer, 200, head | {"object": "chat.completion", "choices": [choice]} | told)
            return
        head["object"] = "chat.completion.chunk"
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        async for word in self._paced(script, text, writer):
            await _event(writer, head | _choice({"content": word}), script.piece)
        for index, call in enumerate(script.calls):
            begun = {"index": index, "id": f"call_{len(body['messages'])}_{index}", "function": {"name": call["name"]}}
            await _event(writer, head | _choice({"tool_calls": [begun]}), script.piece)
            for char in call["arguments"]:
                more = {"index": index, "function": {"arguments": char}}
                await _event(writer, head | _choice({"tool_calls": [more]}), script.piece)
        await _event(writer, head | _choice({}, "tool_calls" if script.calls else "stop"), script.piece)
        if script.usage and (body.get("stream_options") or {}).get("include_usage"):
            await _event(writer, head | {"choices": [], "usage": usage}, script.piece)
        writer.write(_chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")
        await writer.drain()

    async def _paced(self, script: Script, text: str, writer: asyncio.StreamWriter) -> AsyncIterator[str]:
        """Yield the words at their times, which are counted from now: delays do not add up."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        words = [word + " " for word in text.split(" ")] if text else []
        words[-1:] = [word[:-1] for word in words[-1:]]
        if script.cuts:
            words = [text[start:end] for start, end in pairwise((0, *script.cuts, len(text)))]
        for n, word in enumerate(words):
            if script.fault and n == script.after:
                await self._strike(script.fault, writer)
            due = start + (script.first_ms + n * script.word_ms) / 1000
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            yield f"{stamp()} " if script.stamp else word
        if script.fault and script.after >= len(words):
            await self._strike(script.fault, writer)

    async def _strike(self, fault: str, writer: asyncio.StreamWriter) -> None:
        await writer.drain()
        if fault == "stall":
            await asyncio.Event().wait()
        if fault == "die":
            os._exit(1)
        if fault == "error":
            await _event(writer, {"error": {"message": "scripted failure", "code": "server_error"}}, 0)
        if fault == "half":
            whole = json.dumps(_choice({"content": "ü"}), ensure_ascii=False).encode()
            writer.write(_chunk(b"data: " + whole[: whole.index(b"\xc3") + 1]) + b"0\r\n\r\n")
        if fault in ("error", "half", "cut"):
            await writer.drain()
            writer.close()
        raise _Cut

    def _usage(self, messages: list[dict[str, Any]], text: str) -> dict[str, Any]:
        """Count words as tokens; messages an earlier request began with are cached, as in a prefix cache."""
        total = cached = prefix = 0
        for message in messages:
            total += len(str(message["content"]).split())
            prefix = hash((prefix, message["role"], message["content"]))
            if prefix in self._seen:
                cached = total
            self._seen.add(prefix)
        return {
            "prompt_tokens": total,
            "completion_tokens": len(text.split()),
            "total_tokens": total + len(text.split()),
            "prompt_tokens_details": {"cached_tokens": cached},
        }


def stamp() -> str:
    """The system's steady clock, microseconds, in letters: digits could be mistaken for a telephone number."""
    return str(time.monotonic_ns() // 1000).translate(str.maketrans("0123456789", "abcdefghij"))


def age_s(stamped: str) -> float:
    """Seconds since a stamp was made, on the same machine."""
    made_us = int(stamped.translate(str.maketrans("abcdefghij", "0123456789")))
    return (time.monotonic_ns() // 1000 - made_us) / 1e6


def _choice(delta: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def _event(writer: asyncio.StreamWriter, data: dict[str, Any], piece: int) -> None:
    raw = f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
    step = piece or len(raw)
    for at in range(0, len(raw), step):
        writer.write(_chunk(raw[at : at + step]))
    await writer.drain()


def _send_json(writer: asyncio.StreamWriter, status: int, data: Any, *, retry_after: str = "") -> None:
    raw = json.dumps(data).encode()
    head = f"HTTP/1.1 {status} {REASONS.get(status, 'Error')}\r\ncontent-type: application/json\r\n"
    if retry_after:
        head += f"retry-after: {retry_after}\r\n"
    writer.write(f"{head}content-length: {len(raw)}\r\n\r\n".encode() + raw)


async def _run(server: ScriptedUpstream) -> None:
    async with server:
        print(server.url, flush=True)
        # The parent holds its standard input; when that ends, so does the server.
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.upstream", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--kind", choices=("generic", "llama.cpp", "ollama"), default="generic")
    parser.add_argument("--text", default="")
    parser.add_argument("--first-ms", type=float, default=0.0)
    parser.add_argument("--read-ms", type=float, default=0.0)
    parser.add_argument("--word-ms", type=float, default=0.0)
    parser.add_argument("--stamp", action="store_true")
    told = parser.parse_args()
    script = Script(
        text=told.text, first_ms=told.first_ms, read_ms=told.read_ms, word_ms=told.word_ms, stamp=told.stamp
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(ScriptedUpstream(script, port=told.port, kind=told.kind)))


if __name__ == "__main__":
    main()
