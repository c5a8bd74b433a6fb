"""Sixteen people in one session on two nodes over Redis, both nodes killed meanwhile: one order, fair to each."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
from websockets.exceptions import WebSocketException

from benchmarks.upstream import Script
from tests.server.test_faults_nodes import Nodes
from tests.support.redis import needs_redis
from tests.support.served import ServedProcess
from tests.support.serving import Socket

pytestmark = needs_redis
AUTHORS, EACH = 16, 3
Event = dict[str, Any]
Places = dict[tuple[str, int], int]


async def ask(http: httpx.AsyncClient, urls: list[str], path: str, token: str, body: Any) -> Any:
    """The answer of the first node that takes it; another one is asked, again and again, while that may help."""
    nodes = itertools.cycle(urls)
    while True:
        with suppress(httpx.TransportError):
            answer = await http.post(f"{next(nodes)}{path}", json=body, headers={"x-session-token": token})
            if answer.is_success:
                return answer.json()
            assert answer.json()["error"]["temporary"], answer.text
        await asyncio.sleep(random.uniform(0.1, 0.3))


async def listen(urls: list[str], session: dict[str, Any], epoch: str, log: list[Event], going: asyncio.Event) -> None:
    """Every event until all has been answered, resumed alone at any node after each loss of a connection."""
    for url in itertools.cycle(urls):
        with suppress(OSError, WebSocketException, TimeoutError):
            async with Socket(url) as socket:
                op = await socket.attach(session, after=len(log), epoch=epoch, credit=1 << 24)
                assert op.get("recovered", True), "nothing is lost"
                while op["op"] != "err":
                    op = await socket.get()
                    log += [op] if op["op"] == "ev" else []
                    ends = sum(event["t"] in ("done", "failed") for event in log)
                    if ends >= AUTHORS * EACH // 4:
                        going.set()
                    if ends == AUTHORS * EACH:
                        return
        await asyncio.sleep(0.1)


async def play(
    nodes: list[ServedProcess], sid: str, token: str
) -> tuple[list[list[Event]], dict[tuple[str, int], int]]:
    """The logs that three people heard, and the place in it that was acknowledged for each message."""
    urls, path = [node.url for node in nodes], f"/v1/sessions/{sid}"
    places: Places = {}
    async with httpx.AsyncClient(trust_env=False, timeout=5) as http, asyncio.timeout(60):
        people = [await ask(http, urls, f"{path}/participants", token, {"name": f"Author {n}"}) for n in range(AUTHORS)]

        async def speak(number: int) -> None:
            who, mine = people[number], urls[number % 2 :] + urls[: number % 2]
            for n in range(1, EACH + 1):
                body = {"n": n, "input": f"message {n}"}
                place = await ask(http, mine, f"{path}/say", who["session_token"], body)
                assert places.setdefault((who["id"], n), place["seq"]) == place["seq"]
                again = await ask(http, urls, f"{path}/say", who["session_token"], body)
                assert again["seq"] == place["seq"], "said twice"

        headers = {"x-session-token": token}
        epoch = (await http.get(f"{urls[0]}{path}", headers=headers)).json()["epoch"]
        going, logs = asyncio.Event(), [list[Event]() for _ in range(3)]
        seats = [{"session_id": sid, "session_token": one["session_token"]} for one in people[:3]]
        async with asyncio.TaskGroup() as group:
            for number, log in enumerate(logs):
                mine = urls[number % 2 :] + urls[: number % 2]
                group.create_task(listen(mine, seats[number], epoch, log, going))
            for number in range(AUTHORS):
                group.create_task(speak(number))
            await going.wait()
            for node in reversed(nodes):  # the one that answers last
                await asyncio.to_thread(node.kill)
                await asyncio.to_thread(node.start)
    return logs, places


def fair(log: list[Event]) -> bool:
    """Whether no turn answers an author while one waits that was served longer ago."""
    waiting: Counter[str] = Counter()
    served: dict[str, int] = {}
    for event in log:
        if event["t"] == "said":
            waiting[event["d"]["author"]] += 1
        elif event["t"] == "started":
            author = event["d"]["said"][0]["author"]
            if any(served.get(other, 0) < served.get(author, 0) for other, count in waiting.items() if count):
                return False
            waiting[author] -= 1
            served[author] = event["turn"]
    return True


def test_sixteen_people_on_two_nodes_that_are_killed(tmp_path: Path) -> None:
    with ExitStack() as stack:
        nodes = Nodes(tmp_path, stack)
        nodes.upstream.default(Script(text="yes", first_ms=20))
        both = [nodes.node(), nodes.node()]
        sid, token = both[0].create()
        logs, places = asyncio.run(play(both, sid, token))
    log = logs[0]
    assert logs == [log] * 3, "every reader has the same order"
    assert [event["seq"] for event in log] == list(range(1, len(log) + 1))
    said = {(event["d"]["author"], event["d"]["n"]): event["seq"] for event in log if event["t"] == "said"}
    assert said == places, "what was acknowledged is logged, where it was acknowledged, and nothing else"
    answered = [(one["author"], one["n"]) for event in log if event["t"] == "started" for one in event["d"]["said"]]
    assert sorted(answered) == sorted(said), "each message has one answer"
    shares = Counter(author for author, _ in answered).values()
    assert sum(shares) ** 2 / (AUTHORS * sum(share**2 for share in shares)) >= 0.95, "Jain's index"
    assert fair(log), "the author served longest ago comes next"
    broken = sum(event["t"] == "failed" for event in log)
    assert broken <= 1, "only the reply that was being spoken when its node died"
