"""The official `openai` package against a real server process: sessions through `extra_body`, and plain use."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from benchmarks.upstream import Script
from tests.support.served import Served

ASK = [{"role": "user", "content": "hello"}]
SYSTEM = {"role": "system", "content": "Be brief."}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("serve")) as running:
        yield running


@pytest.fixture
def served(both: Served) -> Served:
    both.upstream.reset()
    return both


@pytest.fixture
def client(served: Served) -> Iterator[Any]:
    with openai.OpenAI(base_url=f"{served.server.url}/v1", api_key="none", max_retries=0) as made:
        yield made


class Talk:
    """One session through the package: the fields every call of it needs."""

    def __init__(self, client: Any) -> None:
        made = client.chat.completions.with_raw_response.create(
            model="scripted", messages=[SYSTEM], extra_body={"developer_mode": True}
        )
        self.id, token = made.headers["x-session-id"], made.headers["x-session-token"]
        self.fields = {"developer_mode": True, "session_id": self.id}
        self.headers = {"x-session-token": token}

    def turn(self, sequence: int, text: str = "hello", **more: Any) -> dict[str, Any]:
        return {
            "model": "scripted",
            "messages": [{"role": "user", "content": text}],
            "extra_body": self.fields | {"sequence": sequence},
            "extra_headers": self.headers,
            **more,
        }


def spoken(chunks: Any) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def test_the_snippet_of_the_readme(served: Served) -> None:
    from openai import OpenAI

    client = OpenAI(base_url=f"{served.server.url}/v1", api_key="none")
    first = client.chat.completions.with_raw_response.create(
        model="scripted",
        messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "I am Ada."}],
        extra_body={"developer_mode": True},
    )
    session, token = first.headers["x-session-id"], first.headers["x-session-token"]
    second = client.chat.completions.create(
        model="scripted",
        messages=[{"role": "user", "content": "Who am I?"}],  # only the new words
        extra_body={"developer_mode": True, "session_id": session, "sequence": 2},
        extra_headers={"x-session-token": token},
    )
    assert first.parse().choices[0].message.content == "Answer 1 to: I am Ada."
    assert second.choices[0].message.content == "Answer 2 to: Who am I?"
    told = [message["content"] for message in served.upstream.asked()["bodies"][-1]["messages"]]
    assert told == ["Be brief.", "I am Ada.", "Answer 1 to: I am Ada.", "Who am I?"]
    client.close()


def test_system_message_alone_is_no_turn(client: Any, served: Served) -> None:
    talk = Talk(client)
    assert served.upstream.calls() == 0
    assert client.chat.completions.create(**talk.turn(1)).choices[0].message.content == "Answer 1 to: hello"


def test_only_the_creating_answer_has_the_token(client: Any) -> None:
    talk = Talk(client)
    answer = client.chat.completions.with_raw_response.create(**talk.turn(1))
    assert answer.headers["x-session-id"] == talk.id
    assert "x-session-token" not in answer.headers


@pytest.mark.compatible("POST /v1/chat/completions", "sessions by `developer_mode`: only the new words travel")
def test_streamed_chunks_carry_seq_and_the_answer_its_session(client: Any) -> None:
    talk = Talk(client)
    with client.chat.completions.create(**talk.turn(1, stream=True)) as stream:
        assert stream.response.headers["x-session-id"] == talk.id
        chunks = list(stream)
    assert spoken(chunks) == "Answer 1 to: hello"
    seqs = [chunk.seq for chunk in chunks]
    assert seqs == sorted(seqs)
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_usage_is_reported_streamed_and_whole(client: Any) -> None:
    talk = Talk(client)
    chunks = list(client.chat.completions.create(**talk.turn(1, stream=True, stream_options={"include_usage": True})))
    assert chunks[-1].usage.prompt_tokens == 3
    assert chunks[-1].usage.completion_tokens == 4
    usage = client.chat.completions.create(**talk.turn(2)).usage
    assert (usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens) == (8, 3)


@pytest.mark.compatible("POST /v1/chat/completions", "the asynchronous client, streamed")
def test_async_client_streams(served: Served) -> None:
    async def run() -> str:
        async with openai.AsyncOpenAI(base_url=f"{served.server.url}/v1", api_key="none", max_retries=0) as client:
            made = await client.chat.completions.with_raw_response.create(
                model="scripted",
                messages=[{"role": "system", "content": "Be brief."}],
                extra_body={"developer_mode": True},
            )
            stream = await client.chat.completions.create(
                model="scripted",
                messages=[{"role": "user", "content": "hello"}],
                stream=True,
                extra_body={"developer_mode": True, "session_id": made.headers["x-session-id"], "sequence": 1},
                extra_headers={"x-session-token": made.headers["x-session-token"]},
            )
            return spoken([chunk async for chunk in stream])

    assert asyncio.run(run()) == "Answer 1 to: hello"


def test_same_turn_five_times_at_once_is_one_call(client: Any, served: Served) -> None:
    served.upstream.default(Script(first_ms=200, word_ms=20))
    talk = Talk(client)

    async def run() -> list[str]:
        async with openai.AsyncOpenAI(base_url=f"{served.server.url}/v1", api_key="none") as many:

            async def once(stream: bool) -> str:
                answer = await many.chat.completions.create(**talk.turn(1, stream=stream))
                if stream:
                    return spoken([chunk async for chunk in answer])
                return str(answer.choices[0].message.content)

            return await asyncio.gather(*(once(n % 2 == 0) for n in range(5)))

    assert asyncio.run(run()) == ["Answer 1 to: hello"] * 5
    assert served.upstream.calls() == 1


def test_the_packages_own_retries_are_the_same_turn(client: Any, served: Served) -> None:
    served.upstream.default(Script(first_ms=900))
    talk = Talk(client)
    impatient = client.with_options(max_retries=5, timeout=0.4)
    answer = impatient.chat.completions.create(**talk.turn(1))
    assert answer.choices[0].message.content == "Answer 1 to: hello"
    assert served.upstream.calls() == 1


def test_stream_left_early_is_picked_up_by_its_number(client: Any, served: Served) -> None:
    served.upstream.default(Script(text="one two three four", word_ms=30))
    talk = Talk(client)
    with client.chat.completions.create(**talk.turn(1, stream=True)) as stream:
        next(iter(stream))
    assert spoken(client.chat.completions.create(**talk.turn(1, stream=True))) == "one two three four"
    assert served.upstream.calls() == 1


@pytest.mark.parametrize(
    ("sequence", "text", "code"), [(1, "other words", "sequence_conflict"), (3, "hello", "sequence_gap")]
)
def test_wrong_number_is_refused_with_the_right_one(client: Any, sequence: int, text: str, code: str) -> None:
    talk = Talk(client)
    client.chat.completions.create(**talk.turn(1))
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        client.with_options(max_retries=2).chat.completions.create(**talk.turn(sequence, text))
    body: Any = caught.value.body
    assert (caught.value.code, body["expected"], body["temporary"]) == (code, 2, False)


def test_wrong_token_reads_like_an_unknown_session(client: Any) -> None:
    talk, other = Talk(client), Talk(client)
    said = []
    for session, token in ((talk.id, "vt_wrong"), (talk.id, other.headers["x-session-token"]), ("s_none", "vt_x")):
        turn = talk.turn(1, extra_headers={"x-session-token": token})
        turn["extra_body"] = talk.fields | {"session_id": session, "sequence": 1}
        with pytest.raises(openai.NotFoundError) as caught:
            client.chat.completions.create(**turn)
        said.append((caught.value.status_code, caught.value.body))
    assert said[0] == said[1] == said[2]


def test_bare_keyword_never_leaves_the_package(client: Any) -> None:
    with pytest.raises(TypeError):
        client.chat.completions.create(model="scripted", messages=ASK, developer_mode=True)


def test_without_developer_mode_nothing_is_kept(client: Any, served: Served) -> None:
    messages = [SYSTEM, *ASK]
    answer = client.chat.completions.with_raw_response.create(model="scripted", messages=messages, temperature=0.5)
    assert "x-session-id" not in answer.headers
    assert answer.parse().choices[0].message.content == "Answer 1 to: hello"
    chunks = client.chat.completions.create(model="scripted", messages=messages, stream=True)
    assert spoken(chunks) == "Answer 2 to: hello"
    first, second = served.upstream.asked()["bodies"]
    assert first["messages"] == second["messages"] == messages
    assert first["temperature"] == 0.5


def test_models_are_listed(client: Any) -> None:
    assert "scripted" in [model.id for model in client.models.list()]


def test_refusal_before_the_first_token_is_an_error_and_no_retry_of_a_lost_cause(client: Any, served: Served) -> None:
    talk = Talk(client)
    served.upstream.default(Script(status=401, message="no such key"))
    with pytest.raises(openai.APIStatusError) as caught:
        client.with_options(max_retries=3).chat.completions.create(**talk.turn(1))
    assert caught.value.code == "upstream_unauthorized"
    assert "no such key" in caught.value.message
    assert served.upstream.calls() == 1
    served.upstream.default(Script())
    again = client.chat.completions.create(**talk.turn(2, "and now?"))
    assert again.choices[0].message.content == "Answer 2 to: hello\nand now?", "what was said is not forgotten"


def test_break_in_mid_reply_raises_after_the_words_that_came(client: Any, served: Served) -> None:
    talk = Talk(client)
    served.upstream.default(Script(fault="cut", after=2))
    text = ""
    with pytest.raises(openai.APIError) as caught:
        for chunk in client.chat.completions.create(**talk.turn(1, stream=True)):
            text += chunk.choices[0].delta.content or ""
    assert (text, caught.value.code) == ("Answer ", "upstream_cut")  # a number that was cut off is not told
    assert served.upstream.calls() == 1


def test_options_of_the_creating_call_are_remembered(client: Any, served: Served) -> None:
    made = client.chat.completions.with_raw_response.create(
        model="scripted", messages=[SYSTEM], temperature=0.25, extra_body={"developer_mode": True}
    )
    fields = {"developer_mode": True, "session_id": made.headers["x-session-id"], "sequence": 1}
    client.chat.completions.create(
        model="scripted",
        messages=ASK,
        extra_body=fields,
        extra_headers={"x-session-token": made.headers["x-session-token"]},
    )
    assert served.upstream.asked()["bodies"][-1]["temperature"] == 0.25


@pytest.mark.compatible("POST /v1/chat/completions", "API keys")
def test_key_is_asked_for_where_keys_are_configured(tmp_path: Path) -> None:
    with Served(tmp_path, environment={"VOICE_SERVE_API_KEYS": "alpha,beta"}) as served:
        url = f"{served.server.url}/v1"
        with openai.OpenAI(base_url=url, api_key="wrong", max_retries=0) as client:
            with pytest.raises(openai.AuthenticationError) as caught:
                client.chat.completions.create(model="scripted", messages=ASK)  # type: ignore[arg-type]
            assert caught.value.code == "key_invalid"
            right = client.with_options(api_key="beta")
            assert right.chat.completions.create(model="scripted", messages=ASK).id  # type: ignore[arg-type]
