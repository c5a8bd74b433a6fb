"""The OpenAI adapter against a real server process that can be told to fail in every way."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from benchmarks.upstream import Script
from tests.support.scripted_upstream import UpstreamProcess
from voice.errors import ConfigError
from voice.llm.interface import Ask, Delta, Done, Effect, Message, UpstreamError
from voice.llm.openai import OpenAIUpstream


@pytest.fixture(scope="module")
def process() -> Iterator[UpstreamProcess]:
    with UpstreamProcess() as running:
        yield running


@pytest.fixture
def server(process: UpstreamProcess) -> UpstreamProcess:
    process.reset()
    return process


@dataclass
class Heard:
    text: str = ""
    deltas: int = 0
    done: Done | None = None
    calls: list[Effect] = field(default_factory=list)
    error: UpstreamError | None = None
    asks: list[Done] = field(default_factory=list)


def ask(*texts: str) -> Ask:
    system, *users = texts
    return Ask((Message("system", system), *(Message("user", text) for text in users)), key="session-1")


async def hear(upstream: OpenAIUpstream, request: Ask) -> Heard:
    heard = Heard()
    try:
        async for item in upstream.stream(request):
            if isinstance(item, Delta):
                heard.text += item.text
                heard.deltas += 1
            elif isinstance(item, Effect):
                heard.calls.append(item)
            else:
                heard.done = item
    except UpstreamError as error:
        heard.error = error
    return heard


def one(url: str, request: Ask | None = None, *, later: bool = False, **settings: Any) -> Heard:
    """One reply; `later` is the second of its adapter, which is asked for in a shorter way."""

    async def run() -> Heard:
        upstream = OpenAIUpstream(url, "scripted", "key", **settings)
        try:
            if later:
                assert (await hear(upstream, ask("Be brief.", "first"))).done is not None
            return await hear(upstream, request or ask("Be brief.", "hello"))
        finally:
            await upstream.close()

    return asyncio.run(run())


def test_reply_arrives_word_by_word_and_is_counted(server: UpstreamProcess) -> None:
    heard = one(server.url)
    assert (heard.text, heard.deltas) == ("Answer 1 to: hello", 4)
    assert heard.done == Done(input=3, cached=0, output=4, estimated=False, finish="stop")


def test_growing_context_is_reported_as_cached(server: UpstreamProcess) -> None:
    one(server.url, ask("Be brief and kind.", "first question"))
    heard = one(server.url, ask("Be brief and kind.", "first question", "second one"))
    assert heard.done is not None
    assert (heard.done.input, heard.done.cached) == (8, 6)


def test_server_without_usage_gives_estimated_counts(server: UpstreamProcess) -> None:
    server.default(Script(usage=False))
    assert one(server.url).done == Done(estimated=True, finish="stop")


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("piece", [1, 3, 7])
def test_characters_split_between_chunks_arrive_whole(server: UpstreamProcess, piece: int, later: bool) -> None:
    server.default(Script(text="天气很好 🙂 grüße", piece=piece))
    assert one(server.url, later=later).text == "天气很好 🙂 grüße"


@pytest.mark.parametrize("later", [False, True])
def test_options_reach_the_server_and_nothing_unknown_does(server: UpstreamProcess, later: bool) -> None:
    one(server.url, Ask((Message("user", "hi"),), key="k", options={"temperature": 0.5}), later=later)
    body = server.asked()["bodies"][-1]
    assert set(body) == {"messages", "model", "stream", "stream_options", "temperature"}


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(
    ("script", "code", "temporary", "line"),
    [
        (Script(status=401, message="bad key"), "upstream_unauthorized", False, "VOICE_CHAT_API_KEY"),
        (Script(status=404, message="model 'x' not found"), "upstream_model_not_found", False, "set chat.model"),
        (Script(status=404), "upstream_not_found", False, "/v1"),
        (Script(status=400, code="context_length_exceeded"), "upstream_context_too_long", False, "context_tokens"),
        (Script(status=429), "upstream_rate_limited", True, "wait"),
        (Script(status=429, code="insufficient_quota"), "upstream_quota_exhausted", False, "credit"),
        (Script(status=500), "upstream_error", True, "log"),
        (Script(status=503), "upstream_error", True, "log"),
        (Script(status=418, message="teapot"), "upstream_bad_request", False, "teapot"),
    ],
)
def test_refusals_say_what_and_what_to_do(
    server: UpstreamProcess, script: Script, code: str, temporary: bool, line: str, later: bool
) -> None:
    server.queue(*[Script()] * later, script)
    heard = one(server.url, later=later)
    assert heard.error is not None
    assert (heard.error.code, heard.error.temporary) == (code, temporary)
    assert line in str(heard.error)
    assert str(heard.error).startswith(server.url)
    assert "\n" not in str(heard.error)
    assert server.calls() == 1 + later, "the adapter retries nothing by itself"


def test_retry_after_is_read_as_seconds_and_as_date(server: UpstreamProcess) -> None:
    server.queue(Script(status=429, retry_after="7"), Script(status=503, retry_after="Wed, 21 Oct 2015 07:28:00 GMT"))
    first, second = one(server.url).error, one(server.url).error
    assert first is not None
    assert second is not None
    assert (first.retry_after_s, second.retry_after_s) == (7.0, 0.0)


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(
    ("fault", "after", "code", "kept"),
    [
        ("error", 2, "upstream_error", "Answer 1 "),
        ("cut", 2, "upstream_cut", "Answer 1 "),
        ("cut", 0, "upstream_cut", ""),
        ("half", 3, "upstream_garbled", "Answer 1 to: "),
        ("stall", 2, "stalled", "Answer 1 "),
        ("stall", 0, "stalled", ""),
    ],
)
def test_broken_reply_keeps_its_words_and_raises(
    server: UpstreamProcess, fault: str, after: int, code: str, kept: str, later: bool
) -> None:
    server.queue(*[Script()] * later, Script(text="Answer 1 to: hello", fault=fault, after=after))
    heard = one(server.url, later=later, stall_s=0.3)
    assert heard.error is not None
    assert (heard.error.code, heard.error.temporary, heard.text) == (code, True, kept)
    assert heard.done is None


def test_server_that_dies_in_mid_reply_and_is_then_gone() -> None:
    with UpstreamProcess() as server:
        server.default(Script(fault="die", after=1))
        died, gone = one(server.url), one(server.url)
    assert died.error is not None
    assert died.error.code == "upstream_cut"
    assert gone.error is not None
    assert (gone.error.code, gone.error.temporary) == ("upstream_unreachable", True)


def test_refused_connection_names_the_address() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        error = one(url).error
    assert error is not None
    assert error.code == "upstream_unreachable"
    assert str(error).startswith(url)


@pytest.mark.parametrize("url", ["localhost:11434", "ftp://x/v1", ""])
def test_what_is_no_url_is_refused_at_once(url: str) -> None:
    with pytest.raises(ConfigError, match=r"chat\.llm"):
        OpenAIUpstream(url)


def test_leaving_early_stops_the_generation(server: UpstreamProcess) -> None:
    server.default(Script(text="word " * 1000, word_ms=5))

    async def leave() -> None:
        upstream = OpenAIUpstream(server.url, "scripted")
        stream = upstream.stream(ask("hello"))
        await anext(stream)
        await stream.aclose()
        async with asyncio.timeout(5):
            while await asyncio.to_thread(lambda: server.asked()["open"]):
                pass
        await upstream.close()

    asyncio.run(leave())
    assert server.asked()["aborted"] == 1


def test_model_is_found_where_there_is_only_one(server: UpstreamProcess) -> None:
    async def run() -> str:
        upstream = OpenAIUpstream(server.url)
        await hear(upstream, ask("hello"))
        await upstream.close()
        return upstream.name

    assert asyncio.run(run()) == f"scripted at {server.url}"


@pytest.mark.parametrize(
    ("kind", "field", "extra"), [("llama.cpp", "cache_prompt", 0), ("ollama", "keep_alive", 1), ("generic", "", 0)]
)
def test_each_server_gets_only_the_hints_it_knows(kind: str, field: str, extra: int) -> None:
    async def run(url: str) -> str:
        upstream = OpenAIUpstream(url, "scripted", "key")
        found = await upstream.prepare()
        await hear(upstream, ask("hello"))
        await upstream.close()
        return found

    with UpstreamProcess(kind=kind) as server:
        assert asyncio.run(run(server.url)) == kind
        bodies = server.asked()["bodies"]
    plain = {"messages", "model", "stream", "stream_options"}
    if kind == "ollama":
        assert bodies[0] == {"model": "scripted", "keep_alive": "30m"}
    assert len(bodies) == 1 + extra
    assert set(bodies[-1]) == plain | ({field} if kind == "llama.cpp" else set())


def test_function_calls_come_whole_and_go_back_with_their_answers(server: UpstreamProcess) -> None:
    server.default(Script(calls=[{"name": "light", "arguments": '{"on": true}'}]))
    heard = one(server.url)
    assert heard.text == ""
    assert [call.data["name"] for call in heard.calls] == ["light"]
    call = heard.calls[0].data
    assert call["arguments"] == '{"on": true}'
    said = Message("assistant", "", calls=(dict(call),)), Message("tool", "done", call_id=str(call["call_id"]))  # type: ignore[arg-type]
    one(server.url, Ask((Message("user", "light on"), *said)))
    sent = server.asked()["bodies"][-1]["messages"]
    function = {"name": "light", "arguments": '{"on": true}'}
    assert sent[1]["tool_calls"] == [{"id": call["call_id"], "type": "function", "function": function}]
    assert sent[2] == {"role": "tool", "tool_call_id": call["call_id"], "content": "done"}
