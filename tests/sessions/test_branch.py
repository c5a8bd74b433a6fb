"""A conversation that continues from an earlier turn, in a session of its own."""

from __future__ import annotations

from tests.support.engine import scene, until_end
from tests.support.scripted_llm import ScriptedUpstream
from voice.llm.interface import Delta, Done, Effect, Message
from voice.sessions.branch import branched
from voice.sessions.engine import Engine
from voice.sessions.log import Event
from voice.sessions.state import SessionState

CALL = {"call_id": "c1", "name": "light", "arguments": "{}"}


def test_a_branch_remembers_what_was_said_up_to_its_turn_and_nothing_else() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create(system="Be brief.", model="m", options={"record": {}}, owner="ada")
        before = [{"role": "assistant", "text": "Hello."}]
        live.send(1, "one", options={"before": before})
        await until_end(live)
        live.send(2, "two")
        await until_end(live, live.talk.seq)
        live.remove(1, ["reply"])
        branch = await branched(engine, live, 1)
        assert (branch.card.system, branch.card.model, branch.card.owner) == ("Be brief.", "m", "ada")
        assert (branch.card.options, branch.card.sid != live.card.sid) == ({}, True)
        branch.send(2, "other")
        await until_end(branch, branch.talk.seq)
        assert upstream.asked[-1].messages == (
            Message("system", "Be brief."), Message("assistant", "Hello."), Message("user", "one\nother"),
        )  # fmt: skip
        assert live.talk.last == 2
        row = (await engine.usage(branch.card.sid))[0]
        assert row.turn == 2, "what was paid for before is not paid again"

    scene(play, [Delta("reply"), Effect("function_call", CALL), Done()])


def test_the_answers_of_tools_go_with_it() -> None:
    async def play(engine: Engine, upstream: ScriptedUpstream) -> None:
        live, _ = await engine.create()
        turn = live.send(1, "one")
        await until_end(live)
        turn.steps.append({"at": 3, "calls": [CALL], "results": [{"call_id": "c1", "name": "light", "text": "on"}]})
        turn.memo = None
        branch = await branched(engine, live, 1)
        assert branch.talk.turns[1].messages() == turn.messages()

    scene(play, [Delta("reply"), Done()])


def test_removed_parts_are_remembered_with_the_log() -> None:
    state = SessionState("e")
    turn, _ = state.send(1, "one", options={"before": [{"role": "user", "text": "zero"}]})
    state.delta(turn, "reply")
    state.end(turn, "done", {})
    assert [event.t for event in state.remove(1, ["before0", "reply"])] == ["removed"]
    assert state.remove(1, ["reply"]) == []
    assert [message.text for message in state.turns[1].messages() if message.text] == ["one"]
    again = SessionState("e")
    again.restore(state.to_json())
    assert again.turns[1].removed == ["before0", "reply"]
    again.apply(Event(again.seq + 1, 1, "removed", {"parts": ["input"]}))
    assert not any(message.text for message in again.turns[1].messages())
