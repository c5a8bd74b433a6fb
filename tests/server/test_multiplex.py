"""Many sessions of one client over one connection: each whole, none in the way of another."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.support.patience import PATIENCE_S
from tests.support.scripted_llm import Step
from tests.support.serving import serving
from voice.client import Sessions
from voice.llm.interface import Ask, Delta, Done
from voice.sessions.log import Refused

MANY = 60


def slow(ask: Ask) -> Iterator[Step]:
    for n in range(30):
        yield Delta(f"{ask.messages[-1].text}-{n} ")
        yield 0.005
    yield Done()


def reply(text: str) -> str:
    return "".join(f"{text}-{n} " for n in range(30))


def test_sixty_sessions_share_one_connection_and_survive_its_loss() -> None:
    async def play() -> None:
        async with serving(slow) as here, Sessions(here.url) as sessions:
            made = [await sessions.create() for _ in range(MANY)]
            assert len(here.app.hub.connections) == 1
            asked = [asyncio.create_task(one.ask(f"t{n}")) for n, one in enumerate(made)]
            for links in (2, 3, 4):
                made[0].link.drop()
                while min(one.links for one in made) < links:  # noqa: ASYNC110 - the client counts, and tells nobody
                    await asyncio.sleep(0.005)
            assert await asyncio.gather(*asked) == [reply(f"t{n}") for n in range(MANY)]
            assert [one.links for one in made] == [4] * MANY
            assert len(here.upstream.asked) == MANY
            assert len(here.app.hub.connections) == 1

    asyncio.run(play())


def test_one_that_leaves_or_is_refused_does_not_disturb_the_others() -> None:
    async def play() -> None:
        async with serving() as here, Sessions(here.url) as sessions:
            first, second = await sessions.create(), await sessions.create()
            with pytest.raises(Exception, match="no such session"):
                await sessions.open("s_nobody", "vt_nothing")
            await first.close()
            assert await second.ask("still there") == "You said: still there"
            third = await sessions.open(first.id, first.token)
            assert await third.ask("and back") == "You said: and back"
            assert (second.links, len(here.app.hub.connections)) == (1, 1)
            assert [message.text for message in await third.history()] == ["and back", "You said: and back"]

    asyncio.run(play())


def test_one_that_moved_is_attached_again_while_the_others_talk_on() -> None:
    async def play() -> None:
        async with serving(slow) as here, Sessions(here.url) as sessions:
            moved, other = await sessions.create(), await sessions.create()
            talking = asyncio.create_task(other.ask("on"))
            live = await here.engine.open(moved.id)
            live.leave(Refused("session_moved", "another process took over the session", temporary=True))
            assert await moved.ask("where") == reply("where")
            assert await talking == reply("on")
            assert (other.links, moved.links) == (1, 2)

    asyncio.run(play())


def test_closing_the_last_one_closes_the_connection_and_the_next_opens_another() -> None:
    async def play() -> None:
        async with serving() as here:
            sessions = Sessions(here.url)
            async with sessions:
                await sessions.create()
            async with asyncio.timeout(PATIENCE_S):
                while here.app.hub.connections:  # noqa: ASYNC110 - a set, which tells nobody
                    await asyncio.sleep(0.005)
            async with sessions:
                again = await sessions.create()
                assert await again.ask("hello") == "You said: hello"

    asyncio.run(play())
