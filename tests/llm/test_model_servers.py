"""Model servers as they are: every shape of a reply that was seen in the wild, read right; nothing is a traceback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.rough_server import DONE, EVENTS, JSON, STOP, Answer, RoughServer, delta, event, stream
from voice.errors import ConfigError
from voice.llm.interface import Ask, Delta, Done, Effect, Message, UpstreamError
from voice.llm.openai import OpenAIUpstream
from voice.llm.openai_dialects import FunctionCalls

SAID = "Hello there, my friend."
WORDS = ["Hello ", "there, ", "my ", "friend."]
WHOLE = {"object": "chat.completion", "choices": [{"message": {"content": SAID}, "finish_reason": "stop"}]}


@dataclass
class Heard:
    text: str = ""
    calls: list[Any] = field(default_factory=list)
    done: Done | None = None
    error: UpstreamError | None = None
    asked: list[tuple[str, Any]] = field(default_factory=list)


async def hear(upstream: OpenAIUpstream) -> Heard:
    heard = Heard()
    try:
        async for item in upstream.stream(Ask((Message("user", "hi"),), key="k")):
            if isinstance(item, Delta):
                heard.text += item.text
            elif isinstance(item, Effect):
                heard.calls.append(dict(item.data))
            else:
                heard.done = item
    except UpstreamError as error:
        heard.error = error
    return heard


def listen(*answers: Answer, times: int = 1, model: str = "m") -> list[Heard]:
    """The replies to `times` requests, one after the other, of one adapter that knows the kind of its server."""

    async def run() -> list[Heard]:
        async with RoughServer(*answers) as server:
            upstream = OpenAIUpstream(server.url, model)
            upstream.kind = "generic"
            try:
                found = [await hear(upstream) for _ in range(times)]
            finally:
                await upstream.close()
        found[-1].asked = server.asked
        return found

    return asyncio.run(run())


def chars(text: str) -> list[dict[str, Any]]:
    return [delta(char) for char in text]


PARTS = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "Hello "}]
AZURE = {"choices": [], "prompt_filter_results": [{"prompt_index": 0}]}

RIGHT: dict[str, Answer] = {
    "think": stream(*chars(f"<think>\nHm, who?\n</think>\n\n{SAID}")),
    "think at once": stream(delta(f"<think>a</think>{SAID}")),
    "thinking": stream(*chars(f"<thinking>Hm</thinking>\n{SAID}")),
    "empty think": stream(*chars(f"<think>\n\n</think>\n\n{SAID}")),
    "unclosed beginning": stream(*chars(f"Okay, the user says hi.\n</think>\n\n{SAID}")),
    "reasoning_content": stream(delta("", reasoning_content="Hm"), *map(delta, WORDS)),
    "reasoning": stream(delta("", reasoning="Hm"), delta(None, reasoning="m"), *map(delta, WORDS)),
    "channels": stream(
        *chars("<|channel|>analysis<|message|>Hm<|end|><|start|>assistant<|channel|>final<|message|>" + SAID)
    ),
    "no finish_reason": stream(*map(delta, WORDS), end=DONE),
    "no end at all": stream(*map(delta, WORDS), end=b""),
    "no end of the last line": (EVENTS, [event(delta(SAID))[:-2]]),
    "finish_reason empty": stream(*(delta(word, "") for word in WORDS), end=event(delta(finish="")) + DONE),
    "parts": stream(delta(PARTS), delta([{"type": "text", "text": "there, my friend."}])),
    "whole JSON": (JSON, [json.dumps(WHOLE).encode()]),
    "whole JSON on several lines": (JSON, [json.dumps(WHOLE, indent=2).encode()]),
    "BOM": (EVENTS, [b"\xef", b"\xbb\xbf" + event(delta("Hello ")), event(delta("there, my friend.")), STOP]),
    "BOM in the text": stream(delta("\ufeffHello "), delta("there, my friend.")),
    "CRLF": (EVENTS, [event(delta(SAID)).replace(b"\n", b"\r\n"), STOP.replace(b"\n", b"\r\n")]),
    "comments and names": (EVENTS, [b": ping\n\nevent: message\nid: 1\nretry: 5\n", event(delta(SAID)), STOP]),
    "no space": (EVENTS, [b"data:" + json.dumps(delta(SAID)).encode() + b"\n\n", STOP]),
    "Azure": stream(AZURE, *map(delta, WORDS), {"choices": [{"index": 0}]}, {"choices": [], "usage": {}}),
    "null everywhere": stream(
        {"choices": None, "usage": None}, {"choices": [{"delta": None, "finish_reason": None}]},
        delta(SAID, tool_calls=None, function_call=None, refusal=None),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", RIGHT)
def test_exactly_the_answer_is_heard(case: str) -> None:
    (heard,) = listen(RIGHT[case])
    assert heard.error is None
    assert heard.text == SAID
    assert heard.done is not None


def test_a_model_whose_template_opens_the_block_is_known_by_its_name() -> None:
    answer = stream(*chars(f"They greet me.\n</think>\n\n{SAID}"))
    assert [heard.text for heard in listen(answer, times=2, model="deepseek-r1")] == [SAID, SAID]


CALL = {"call_id": "a", "name": "light", "arguments": '{"on":true}'}
OTHER = {"call_id": "b", "name": "clock", "arguments": '{"zone": "UTC"}'}


def piece(index: Any = ..., id: Any = ..., name: Any = ..., arguments: Any = ...) -> dict[str, Any]:
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not ...}
    told = {key: value for key, value in (("index", index), ("id", id)) if value is not ...}
    return told | {"type": "function", "function": function}


def split(index: Any, call: dict[str, str]) -> list[dict[str, Any]]:
    """A call whose arguments come byte by byte."""
    first = delta(tool_calls=[piece(index, call["call_id"], call["name"], "")])
    return [first, *(delta(tool_calls=[piece(index, arguments=char)]) for char in call["arguments"])]


def whole(index: Any, call: dict[str, str], arguments: Any = None) -> dict[str, Any]:
    return piece(index, call["call_id"], call["name"], call["arguments"] if arguments is None else arguments)


FINISH = event(delta(finish="tool_calls")) + DONE
CALLS: dict[str, tuple[Answer, list[dict[str, str]]]] = {
    "OpenAI": (stream(*split(0, CALL), end=FINISH), [CALL]),
    "OpenAI, in parallel": (stream(*split(0, CALL), *split(1, OTHER), end=FINISH), [CALL, OTHER]),
    "by turns": (
        stream(*(one for pair in zip(split(0, CALL), split(1, OTHER), strict=False) for one in pair),
               *split(1, OTHER)[len(split(0, CALL)):], end=FINISH),
        [CALL, OTHER],
    ),
    "Ollama": (
        stream(delta("", tool_calls=[whole(0, CALL, {"on": True}), whole(0, OTHER, {"zone": "UTC"})]), end=FINISH),
        [CALL | {"arguments": '{"on": true}'}, OTHER],
    ),
    "whole, one chunk each": (
        stream(delta(tool_calls=[whole(0, CALL)]), delta(tool_calls=[whole(0, OTHER)])), [CALL, OTHER]
    ),
    "index null": (stream(delta(tool_calls=[whole(None, CALL), whole(None, OTHER)])), [CALL, OTHER]),
    "index missing": (stream(delta(tool_calls=[whole(..., CALL)]), delta(tool_calls=[whole(..., OTHER)])),
                      [CALL, OTHER]),
    "index missing, in pieces": (stream(*split(..., CALL), *split(..., OTHER)), [CALL, OTHER]),
    "llama.cpp, id in each piece": (
        stream(*(delta(tool_calls=[piece(0, "a", "light" if n == 0 else ..., part)])
                 for n, part in enumerate(['{"on":', "true}"])), end=FINISH),
        [CALL],
    ),
    "no id": (stream(delta(tool_calls=[piece(0, None, "light", '{"on":true}')]), end=FINISH),
              [CALL | {"call_id": "call_0"}]),
    "no arguments": (stream(delta(tool_calls=[piece(0, "a", "light")]), end=FINISH), [CALL | {"arguments": "{}"}]),
    "function_call": (
        stream(delta(function_call={"name": "light", "arguments": ""}),
               *(delta(function_call={"arguments": char}) for char in '{"on":true}')),
        [CALL | {"call_id": "call_0"}],
    ),
    "whole JSON": (
        (JSON, [json.dumps({"choices": [{"message": {"content": None, "tool_calls": [whole(..., CALL)]},
                                         "finish_reason": "tool_calls"}]}).encode()]),
        [CALL],
    ),
    "no finish_reason": (stream(*split(0, CALL), end=DONE), [CALL]),
    "Azure": (stream(AZURE, *split(0, CALL), {"choices": []}, end=FINISH), [CALL]),
    "vLLM, name alone first": (
        stream(delta(tool_calls=[piece(0, "a", "light")]), delta(tool_calls=[piece(0, None, None, '{"on":')]),
               delta(tool_calls=[piece(0, None, None, "true}")]), delta(""), end=FINISH),
        [CALL],
    ),
    "the name in each piece": (
        stream(*(delta(tool_calls=[piece(0, "a", "light", part)]) for part in ('{"on":', "true}", "")), end=FINISH),
        [CALL],
    ),
    "the id after the name": (
        stream(delta(tool_calls=[piece(0, ..., "light", '{"on":')]), delta(tool_calls=[piece(0, ..., ..., "true}")]),
               end=FINISH),
        [CALL | {"call_id": "call_0"}],
    ),
    "no id and one index": (
        stream(*(delta(tool_calls=[piece(0, ..., call["name"], call["arguments"])]) for call in (CALL, OTHER))),
        [CALL | {"call_id": "call_0"}, OTHER | {"call_id": "call_1"}],
    ),
    "half characters": (
        (EVENTS, [event(delta(tool_calls=[piece(0, "a", "say", '{"a": "')])),
                  *(event(b'{"choices": [{"delta": {"tool_calls": [{"index": 0, "function": %s}]}}]}' % half)
                    for half in (b'{"arguments": "\\ud83d"}', b'{"arguments": "\\ude42"}')),
                  event(delta(tool_calls=[piece(0, arguments='"}')])), FINISH]),
        [{"call_id": "a", "name": "say", "arguments": '{"a": "\U0001f642"}'}],
    ),
}  # fmt: skip


@given(st.data())
def test_pieces_that_are_handed_on_are_the_whole_calls(data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from(["index", "null", "none"]))
    calls = [CALL, OTHER, {"call_id": "c", "name": "say", "arguments": ""}]
    lines = []
    for index, call in enumerate(calls):
        place: Any = {"index": index, "null": None, "none": ...}[shape]
        lines.append([one["choices"][0]["delta"]["tool_calls"] for one in split(place, call)])
    order = [index for index, line in enumerate(lines) for _ in line]
    if shape == "index":  # only then may calls come side by side
        order = data.draw(st.permutations(order))
    gathered, told = FunctionCalls(), dict[object, dict[str, str]]()
    handed = [piece for index in order for piece in gathered.take(lines[index].pop(0))] + gathered.rest()
    for one in handed:
        if "name" in one:
            assert one["place"] not in told
            told[one["place"]] = {"call_id": str(one["call_id"]), "name": str(one["name"]), "arguments": ""}
        told[one["place"]]["arguments"] += str(one["arguments"])
    assert list(told) == [0, 1, 2]
    assert list(told.values()) == gathered.whole()
    assert sorted(told.values(), key=lambda call: call["call_id"]) == [CALL, OTHER, calls[2] | {"arguments": "{}"}]


@pytest.mark.parametrize("case", CALLS)
def test_calls_come_whole_in_every_shape(case: str) -> None:
    answer, calls = CALLS[case]
    (heard,) = listen(answer)
    assert heard.error is None
    assert heard.calls == calls
    assert heard.text == ""


def test_text_around_calls_is_kept() -> None:
    (heard,) = listen(stream(delta("One "), *split(0, CALL), delta("moment."), end=FINISH))
    assert (heard.text, heard.calls) == ("One moment.", [CALL])


@pytest.mark.parametrize("why", ["length", "content_filter", "tool_calls", "eos"])
def test_the_finish_reason_is_passed_on_as_it_was(why: str) -> None:
    (heard,) = listen(stream(delta("Hello"), end=event(delta(finish=why)) + DONE))
    assert heard.done == Done(finish=why)


FAILURES: dict[str, tuple[Answer, str]] = {
    "error JSON": ((JSON, [b'{"error": {"message": "model is loading"}}']), "model is loading"),
    "error text": ((JSON, [b'{"error": "model is loading"}']), "model is loading"),
    "error in mid-stream": (stream(delta("Hello"), {"error": {"message": "out of memory", "code": 500}}), "out of mem"),
    "llama.cpp": ((EVENTS, [event(delta("Hello")), b'error: {"code":500,"message":"slot gone"}\n\n']), "slot gone"),
    "vLLM": (stream({"object": "error", "message": "too many tokens", "code": 400}), "too many tokens"),
    "nothing": ((EVENTS, []), "cut short"),
    "only an end": (stream(end=DONE), "cut short"),
    "a page": (("200 OK\r\ncontent-type: text/html", [b"<html>please log in</html>"]), "not valid"),
    "a list": ((JSON, [b"[1, 2]"]), "not valid"),
    "refused": (("400 Bad Request\r\ncontent-type: application/json", [b'{"detail": "no such template"}']), "no such"),
    "elsewhere": (("307 Temporary Redirect\r\nlocation: https://example.org/v1/chat/completions", []), "example.org"),
    "in a circle": (("307 Temporary Redirect\r\nlocation: /v1/chat/completions", []), "redirects to"),
    "nowhere": (("302 Found", []), "redirects"),
}


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("case", FAILURES)
def test_what_went_wrong_is_said_in_the_servers_words(case: str, times: int) -> None:
    answer, words = FAILURES[case]
    heard = listen(answer, times=times)[-1]
    assert heard.error is not None
    assert words in str(heard.error)
    assert "\n" not in str(heard.error)


@pytest.mark.parametrize("status", ["307 Temporary Redirect", "308 Permanent Redirect", "302 Found"])
def test_a_redirect_on_the_same_server_is_followed_once_and_remembered(status: str) -> None:
    heard = listen(
        (f"{status}\r\nlocation: /v2/chat/completions", []),
        stream(*map(delta, WORDS)),
        times=2,
    )
    assert [one.text for one in heard] == [SAID, SAID]
    assert [path for path, _ in heard[-1].asked] == ["/v1/chat/completions", *["/v2/chat/completions"] * 2]
    assert all(body["messages"] == [{"role": "user", "content": "hi"}] for _, body in heard[-1].asked)


PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY")


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("name", "value"), [("ALL_PROXY", "socks5://10.0.0.1:1080"), ("http_proxy", "http://10.0.0.1:9")]
)
def test_a_proxy_is_not_asked_for_loopback(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, no_proxies: None
) -> None:
    monkeypatch.setenv(name, value)
    assert listen(RIGHT["think"])[0].text == SAID


def test_a_socks_proxy_without_its_package_is_one_clear_sentence(
    monkeypatch: pytest.MonkeyPatch, no_proxies: None
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://10.0.0.1:1080")
    monkeypatch.setitem(__import__("sys").modules, "socksio", None)
    with pytest.raises(ConfigError, match=r"SOCKS proxy needs a package.*voice-at-home\[socks\]"):
        OpenAIUpstream("http://models.example.org/v1")


def test_a_proxy_that_is_none_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch, no_proxies: None) -> None:
    monkeypatch.setenv("ALL_PROXY", "ftp://10.0.0.1:1080")
    with pytest.raises(ConfigError, match="proxy cannot be used"):
        OpenAIUpstream("http://models.example.org/v1")


TOOLS = [{"type": "function", "function": {"name": "light", "parameters": {"type": "object"}}}]
NO_TOOLS = ("400 Bad Request\r\ncontent-type: application/json",
            [b'{"error":{"message":"registry.ollama.ai/library/gemma:2b does not support tools"}}'])  # fmt: skip


@pytest.mark.parametrize("form", ["auto", "prompt"])
def test_a_model_without_tools_is_told_of_them_in_words(form: str, caplog: pytest.LogCaptureFixture) -> None:
    words = '<tool_call>{"name": "light", "arguments": {"on": true}}</tool_call>'
    asked_before = (Message("assistant", "", calls=(CALL,)), Message("tool", "done", call_id="a"))

    async def run() -> list[Any]:
        answers = [NO_TOOLS] * (form == "auto") + [stream(*chars(words)), stream(delta(SAID))]
        async with RoughServer(*answers) as server:
            upstream = OpenAIUpstream(server.url, "gemma", tools=form)
            upstream.kind = "generic"
            asks = [
                Ask((Message("system", "Be brief."), Message("user", "on")), options={"tools": TOOLS}),
                Ask((Message("user", "on"), *asked_before), options={"tools": TOOLS}),
            ]
            heard = [[item async for item in upstream.stream(ask)] for ask in asks]
            await upstream.close()
            return [*heard, [body for _, body in server.asked]]

    first, second, asked = asyncio.run(run())
    assert first[0] == Effect("function_call", {"call_id": "call_0", "name": "light", "arguments": '{"on": true}'})
    assert second[0] == Delta(SAID)
    assert [("tools" in body) for body in asked] == [True] * (form == "auto") + [False, False]
    system, *_ = asked[-2]["messages"]
    assert system["content"].startswith("Be brief.")
    assert '"name": "light"' in system["content"]
    assert [(m["role"], m["content"]) for m in asked[-1]["messages"][2:]] == [
        ("assistant", '<tool_call>{"name": "light", "arguments": {"on":true}}</tool_call>'),
        ("user", "<tool_response>\ndone\n</tool_response>"),
    ]
    assert sum("takes no tools" in record.message for record in caplog.records) == (form == "auto"), "said once"


TYPICAL: list[Any] = [
    delta("Hi", None, reasoning_content="r", refusal=None, function_call=None,
          tool_calls=[piece(0, "a", "light", "{}")]),
    delta([{"type": "text", "text": "a"}], "stop")
    | {"usage": {"prompt_tokens": 1, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}},
       "timings": {"cache_n": 1}, "error": None, "type": None},
]  # fmt: skip
ODD: tuple[Any, ...] = (
    None,
    1,
    -1.5,
    float("inf"),
    True,
    "",
    "x",
    "\ud83d",
    [],
    {},
    [None],
    [{}],
    {"message": "\ud83d"},
)


def places(told: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to everything in a JSON value."""
    yield way
    for key in told if isinstance(told, dict) else range(len(told)) if isinstance(told, list) else ():
        yield from places(told[key], (*way, key))


def changed(told: Any, way: tuple[Any, ...], value: Any) -> Any:
    if not way:
        return value
    told = told.copy()
    told[way[0]] = changed(told[way[0]], way[1:], value)
    return told


def test_whatever_stands_in_a_chunk_is_a_reply_or_one_sentence() -> None:
    """Every value of two chunks that have all fields, one after the other, in every odd shape."""
    cases = [(which, way, value) for which, chunk in enumerate(TYPICAL) for way in places(chunk) for value in ODD]

    class Scripted(OpenAIUpstream):
        told: list[Any]

        async def _chunks(self, body: dict[str, object]) -> AsyncGenerator[Mapping[str, Any]]:
            for chunk in self.told:
                yield self._decoded(json.dumps(chunk).encode())

    async def run() -> None:
        upstream = Scripted("http://127.0.0.1:9/v1", "m")
        upstream.kind = "generic"
        for which, way, value in cases:
            upstream.told = [changed(c, way, value) if i == which else c for i, c in enumerate(TYPICAL)]
            heard = await hear(upstream)
            said = [heard.text, *heard.calls, str(heard.error), heard.done and [heard.done.input, heard.done.output]]
            json.dumps(said, ensure_ascii=False, allow_nan=False).encode()  # a client can be told of all of it
        await upstream.close()

    asyncio.run(run())
