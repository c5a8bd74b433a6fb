"""The inventor's own lines of code against a real `voice serve`, and what they meet when something goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from benchmarks.upstream import Script
from tests.support.served import Served, ServedProcess
from voice.client import AsyncOpenAI, OpenAI

SYSTEM = {"role": "system", "content": "Be brief."}


def user(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("serve")) as running:
        yield running


@pytest.fixture
def served(both: Served) -> Served:
    both.upstream.reset()
    return both


@pytest.fixture
def client(served: Served) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{served.server.url}/v1", max_retries=0) as made:
        yield made


def opened(client: OpenAI) -> str:
    resp = client.chat.completions.create(model="scripted", messages=[SYSTEM], developer_mode=True, stream=False)
    return str(resp.headers["x-session-id"])


def spoken(chunks: Any) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


@pytest.mark.compatible(
    "POST /v1/chat/completions", "`voice.client.OpenAI`: `session_id`, `sequence`, `batch_sessions` as arguments"
)
def test_the_lines_as_their_inventor_writes_them(tmp_path: Path) -> None:
    model, prompt = "builtin", "Answer in one sentence."
    with ServedProcess(tmp_path, "builtin") as server, OpenAI(base_url=f"{server.url}/v1") as client:
        resp = client.chat.completions.create(
            model=model, messages=[{"role": "system", "content": prompt}], developer_mode=True, stream=False
        )
        session_id = resp.headers["x-session-id"]
        seq, answers = 0, []
        for text in ("what is twelve times seven", "divide that by two"):
            stream = client.chat.completions.create(
                model=model,
                developer_mode=True,
                session_id=session_id,
                messages=[{"role": "user", "content": text}],
                sequence=seq,
                stream=True,
            )
            said = ""
            for chunk in stream:
                said += chunk.choices[0].delta.content or ""
            seq = chunk.seq
            answers.append(said)
        assert answers == ["12 times 7 is 84.", "84 divided by 2 is 42."]
        ids = [session_id, opened(client)]
        resp = client.chat.completions.create(
            model=model,
            developer_mode=True,
            batch_sessions=ids,
            messages=[[{"role": "user", "content": t}] for t in ("add one to that", "what is 3 times 3")],
            stream=False,
        )
        assert [choice.message.content for choice in resp.choices] == ["42 plus 1 is 43.", "3 times 3 is 9."]


def test_a_repeated_sequence_attaches_to_its_turn(served: Served, client: OpenAI) -> None:
    session = opened(client)
    ask: dict[str, Any] = {"model": "scripted", "developer_mode": True, "session_id": session, "stream": True}
    first = list(client.chat.completions.create(messages=user("hello"), sequence=0, **ask))
    again = list(client.chat.completions.create(messages=user("hello"), sequence=0, **ask))
    assert [chunk.seq for chunk in again] == [chunk.seq for chunk in first]
    assert served.upstream.calls() == 1, "the model was asked once"
    later = list(client.chat.completions.create(messages=user("and now"), sequence=first[-1].seq, **ask))
    assert later[0].seq > first[-1].seq
    with pytest.raises(openai.UnprocessableEntityError, match="turn 2"):
        client.chat.completions.create(messages=user("something else"), sequence=first[-1].seq, **ask)


def test_without_a_sequence_each_call_is_the_next_turn(client: OpenAI) -> None:
    session = opened(client)
    for _ in range(3):
        answer = client.chat.completions.create(
            model="scripted", developer_mode=True, session_id=session, messages=user("hi")
        )
        assert answer.choices[0].message.content
    assert answer.headers["x-session-id"] == session


def test_a_turn_that_failed_is_not_replayed(served: Served, client: OpenAI) -> None:
    session = opened(client)
    ask: dict[str, Any] = {"model": "scripted", "developer_mode": True, "session_id": session, "sequence": 0}
    served.upstream.queue(*[Script(status=400)] * 4)
    with pytest.raises(openai.APIError):
        client.chat.completions.create(messages=user("hello"), **ask)
    served.upstream.reset()
    assert client.chat.completions.create(messages=user("hello"), **ask).choices[0].message.content


def test_a_session_of_another_process_needs_its_token(client: OpenAI, served: Served) -> None:
    resp = client.chat.completions.create(model="scripted", messages=[SYSTEM], developer_mode=True)
    session, token = resp.headers["x-session-id"], resp.headers["x-session-token"]
    ask: dict[str, Any] = {"model": "scripted", "developer_mode": True, "session_id": session, "messages": user("hi")}
    client.chat.completions.create(**ask)
    with OpenAI(base_url=f"{served.server.url}/v1", max_retries=0) as other:
        with pytest.raises(openai.NotFoundError):
            other.chat.completions.create(**ask)
        assert other.chat.completions.create(session_token=token, **ask).choices[0].message.content


@pytest.mark.parametrize("stream", [False, True])
def test_a_flagged_text_is_an_error(client: OpenAI, stream: bool) -> None:
    session = opened(client)
    with pytest.raises(openai.APIError, match="flagged=true") as failed:
        answer = client.chat.completions.create(
            model="scripted",
            developer_mode=True,
            session_id=session,
            messages=user("how do I build a bomb at home"),
            sequence=0,
            stream=stream,
        )
        list(answer)
    assert isinstance(failed.value.body, dict)
    assert failed.value.body["categories"]


def test_in_a_batch_one_session_may_fail(client: OpenAI) -> None:
    ids = [opened(client) for _ in range(12)]
    texts = [f"number {place}" for place in range(12)]
    resp = client.chat.completions.create(
        model="scripted", developer_mode=True, batch_sessions=[*ids[:11], ids[11]], messages=[user(t) for t in texts]
    )
    assert len(resp.choices) == 12
    assert all(choice.message.content for choice in resp.choices)
    with pytest.raises(ValueError, match="1 lists of messages for 2 sessions"):
        client.chat.completions.create(
            model="scripted", developer_mode=True, batch_sessions=ids[:2], messages=[user("a")]
        )


def test_without_developer_mode_it_is_the_official_client(client: OpenAI) -> None:
    answer = client.chat.completions.create(model="scripted", messages=user("hello"))
    assert type(answer).__name__ == "ChatCompletion"
    raw = client.chat.completions.with_raw_response.create(model="scripted", messages=user("hello"))
    assert raw.headers["content-type"] == "application/json"


def test_the_asynchronous_client_does_the_same(served: Served) -> None:
    async def run() -> None:
        async with AsyncOpenAI(base_url=f"{served.server.url}/v1", max_retries=0) as client:
            create = client.chat.completions.create
            resp = await create(model="scripted", messages=[SYSTEM], developer_mode=True)
            session, seq = resp.headers["x-session-id"], 0
            for text in ("one", "two"):
                stream = await create(
                    model="scripted",
                    developer_mode=True,
                    session_id=session,
                    messages=user(text),
                    sequence=seq,
                    stream=True,
                )
                async for chunk in stream:
                    seq = chunk.seq
            batch = await create(
                model="scripted", developer_mode=True, batch_sessions=[session], messages=[user("three")]
            )
            assert batch.choices[0].message.content
            assert (await create(model="scripted", messages=user("plain"))).choices[0].message.content
            with pytest.raises(openai.APIError, match="flagged=true"):
                await create(
                    model="scripted",
                    developer_mode=True,
                    session_id=session,
                    messages=user("how do I build a bomb at home"),
                )

    asyncio.run(run())
