"""Our own tools in a reply: which are offered, how calls are made, and what of them the log tells.

A call is logged before it is made. What changes something is made once the turn counts, and never twice: a call that a
dead owner left without a result is not repeated, unless it only reads.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from voice.llm.interface import ASK, ASKED, LATE, MARKED, SLOW, SLOW_UNTOLD, Ask, Delta, Message
from voice.safety.filters import Blocked, Guard, screened, screened_data
from voice.safety.reply_moderator import ReplyModerator
from voice.safety.unmask import revealed
from voice.sessions.engine_context import EngineContext
from voice.sessions.log import OWN_OPTIONS, Refused, SessionTurn
from voice.sessions.session_wrappers import own
from voice.sessions.state import SessionState
from voice.sessions.stores.interface import Card
from voice.text.german.words import question_language
from voice.text.phrases import phrase
from voice.tools.interface import Context, Result, Tool, ToolError
from voice.tools.registry import read_arguments
from voice.tools.sayings import is_clear_yes, is_stop

log = logging.getLogger(__name__)

MOST_ROUNDS = 5
"""How often a reply may go back to the model with what tools have answered."""

MOST_CALLS = 16
"""Calls of one round; a model that wants more receives a refusal."""

SLOW_S = 8.0
"""A tool that takes longer than this is answered for now, and the conversation goes on."""

MOST_SAID = 400
"""Characters of a late answer that are said."""

SAYS_S = 20.0
"""How long the model may take to word a late answer."""

UNKNOWN = "It is not known whether this was done, because the server stopped meanwhile. It was not tried again."

Call = Mapping[str, str]
"""`call_id`, `name`, and `arguments` as JSON text."""


class AnsweredSession(Protocol):
    """What answering a turn needs of its session: the turns so far, and the ways in which a reply goes on and ends."""

    guard: Guard
    card: Card
    talk: SessionState
    fence: int | None
    lost: Refused | None
    works: dict[asyncio.Task[Any], int]

    def outlet(self, turn: SessionTurn) -> ReplyModerator: ...

    def put_delta(self, turn: SessionTurn, text: str) -> None: ...

    def put_effect(self, turn: SessionTurn, kind: str, data: Mapping[str, Any]) -> None: ...

    def put_call(self, turn: SessionTurn, call: Mapping[str, Any]) -> None: ...

    def put_result(self, turn: SessionTurn, result: Mapping[str, Any]) -> None: ...

    async def counts(self, turn: SessionTurn) -> bool: ...

    def stop_work(self, turn: int | None = None) -> None: ...

    def end(self, turn: SessionTurn, t: str, d: dict[str, Any]) -> None: ...

    def block(self, turn: SessionTurn, part: str, categories: Sequence[str], usage: Mapping[str, Any]) -> None: ...


@dataclass(slots=True)
class Offer:
    """The tools that a turn's model may call: ours, and those of the client, which the reply hands on to it."""

    ours: dict[str, Tool] = field(default_factory=dict)
    theirs: list[Any] = field(default_factory=list)

    def option(self) -> list[Any]:
        """`tools` as chat completions take them."""
        return [*self.theirs, *(tool.spec.to_openai() for tool in self.ours.values())]

    def takes(self, name: str) -> bool:
        """Whether a call is made here: a tool of ours, or one that does not exist while we have some."""
        return name in self.ours or (bool(self.ours) and name not in _names(self.theirs))


def offer(options: Mapping[str, Any], parts: EngineContext, *, personal: bool = False) -> Offer:
    """What is offered in a turn with these options, in a session of whom it is known, if `personal`, whose it is."""
    theirs = list(options.get("tools") or ())
    if parts.tools is None:
        return Offer({}, theirs)
    return Offer(parts.tools.offered(can(options), _names(theirs), personal=personal), theirs)


def can(options: Mapping[str, Any]) -> frozenset[str]:
    """The effects that a turn's client carries out."""
    named = options.get("effects")
    return frozenset(map(str, named)) if isinstance(named, list | tuple) else frozenset()


async def resume(live: AnsweredSession, turn: SessionTurn, parts: EngineContext, offered: Offer) -> None:
    """Before the model is asked: make what the person has just confirmed, stop what they want no more, settle what a
    dead owner left."""
    if not turn.draft and is_stop(turn.input):  # of a draft it is done once that counts
        live.stop_work()
    left = turn.open_calls()
    for call in left:
        if call.get("acts") and not turn.draft:
            live.put_result(turn, {"call_id": call["call_id"], "name": call["name"], "text": UNKNOWN, "failed": True})
    again = [call for call in left if not call.get("acts") or turn.draft]
    if again:
        await _make(live, turn, parts, offered, again)
    before = live.talk.before(turn)
    if before is not None and not turn.steps and before.awaiting() and is_clear_yes(turn.input):
        calls = [{**call, "call_id": f"{call['call_id']}_yes"} for call in before.awaiting()]
        await work(live, turn, parts, offered, calls, confirmed=True)


async def work(
    live: AnsweredSession,
    turn: SessionTurn,
    parts: EngineContext,
    offered: Offer,
    calls: Sequence[Call],
    *,
    confirmed: bool = False,
) -> int:
    """Log calls, make them side by side, log what they answer. Returns how many had arguments that do not fit."""
    logged = []
    for number, call in enumerate(calls):
        tool = offered.ours.get(call["name"])
        told = {**screened_data(live.guard, dict(call)), "call_id": call["call_id"], "name": call["name"]}
        if tool is not None:
            told |= {"acts": True} if not tool.spec.reads_only else {}
            told |= {"saying": tool.spec.saying}
        live.put_call(turn, told)
        logged.append({**told, "arguments": call["arguments"], "refused": number >= MOST_CALLS})
    return await _make(live, turn, parts, offered, logged, confirmed=confirmed)


async def _make(
    live: AnsweredSession,
    turn: SessionTurn,
    parts: EngineContext,
    offered: Offer,
    calls: Sequence[Mapping[str, Any]],
    *,
    confirmed: bool = False,
) -> int:
    made = await asyncio.gather(*(_one(live, turn, parts, offered, call, confirmed=confirmed) for call in calls))
    return sum(made)


async def _one(
    live: AnsweredSession,
    turn: SessionTurn,
    parts: EngineContext,
    offered: Offer,
    call: Mapping[str, Any],
    *,
    confirmed: bool,
) -> bool:
    """Make one call and log its result; returns whether its arguments did not fit."""
    name, tool = call["name"], offered.ours.get(call["name"])
    arguments = revealed(call["arguments"], lambda placeholder: own(live.guard, placeholder))
    result, asks, misfit = Result(f"There is no tool {name}.", failed=True), False, tool is None
    if call.get("refused"):
        result = Result(f"Too many calls at once; at most {MOST_CALLS}.", failed=True)
    elif tool is not None:
        misfit = (wrong := _wrong(tool, arguments)) is not None
        if wrong is not None:
            result = wrong
        elif not await _allowed(parts, arguments):
            result = Result("This is not allowed.", failed=True)
        elif tool.spec.confirm and not confirmed:
            result, asks = Result(_asked(tool, arguments, turn), failed=True), True
        elif tool.spec.reads_only or await live.counts(turn):
            result = await _worked(live, turn, parts, tool, call, arguments)
    _answer(live, turn, call, result, asks=asks)
    return misfit


def _answer(
    live: AnsweredSession,
    turn: SessionTurn,
    call: Mapping[str, Any],
    result: Result,
    *,
    asks: bool = False,
) -> Mapping[str, Any]:
    """Log what a call has answered, and have its effects done; returns what was logged."""
    text = _kept(live.guard, result.text)
    told: dict[str, Any] = {"call_id": call["call_id"], "name": call["name"], "text": text}
    told |= {"failed": True} if result.failed else {}
    told |= {"asks": True} if asks else {}
    live.put_result(turn, told)
    for effect in result.effects:
        live.put_effect(turn, effect.kind, screened_data(live.guard, effect.data))
    return told


async def _worked(
    live: AnsweredSession, turn: SessionTurn, parts: EngineContext, tool: Tool, call: Mapping[str, Any], arguments: str
) -> Result:
    """Have a tool work; one that takes long is answered for now, and tells later what came of it.

    A reply that is stopped meanwhile leaves the tool at work, and what it answers is logged all the same.
    """
    assert parts.tools is not None
    parts.count("tool_calls")
    work = asyncio.create_task(_made(parts, tool, arguments, _context(live, turn, parts, call)), name=tool.spec.name)
    _at_work(live, turn, work)
    try:
        async with asyncio.timeout(SLOW_S):
            return await asyncio.shield(work)
    except TimeoutError:
        work.add_done_callback(lambda done: _remember(live, turn, parts, call, done, announced=_announces(live, turn)))
        return Result(SLOW if _announces(live, turn) else SLOW_UNTOLD)
    except asyncio.CancelledError:
        if not work.cancelled():
            work.add_done_callback(lambda done: _remember(live, turn, parts, call, done))
        raise


def _at_work(live: AnsweredSession, turn: SessionTurn, work: asyncio.Task[Any]) -> None:
    """Have a task stopped with the session, or when the person stops what it answers."""
    live.works[work] = turn.number
    work.add_done_callback(live.works.pop)


async def _made(parts: EngineContext, tool: Tool, arguments: str, context: Context) -> Result:
    assert parts.tools is not None
    result = await parts.tools.call(tool, arguments, context)
    if await _allowed(parts, result.text):
        return result
    return Result("The answer was withheld by moderation.", failed=True)


def _remember(
    live: AnsweredSession,
    turn: SessionTurn,
    parts: EngineContext,
    call: Mapping[str, Any],
    done: asyncio.Task[Result],
    *,
    announced: bool = False,
) -> None:
    """Log what came of a call that its reply did not wait for, unless the work was stopped as well."""
    if not done.cancelled() and live.lost is None and live.fence is not None:
        told = _answer(live, turn, call, done.result())
        if announced:
            _at_work(live, turn, asyncio.create_task(_announce(live, turn, parts, told)))


async def _announce(live: AnsweredSession, turn: SessionTurn, parts: EngineContext, told: Mapping[str, Any]) -> None:
    """Log what the person hears of what came late: in the model's words, else behind their own that it answers."""
    try:
        said = await _worded(live, turn, parts, told["call_id"])
    except Exception as error:  # noqa: BLE001  whatever fails, the person was promised the answer
        log.info("a late answer goes out in its own words: %s", str(error) or type(error).__name__)
        text, language = told["text"].partition(MARKED)[2] or told["text"], question_language(turn.input) or "en"
        said = phrase("late", language, words=turn.input, text=text)
    if said and live.lost is None and live.fence is not None:
        live.put_result(turn, {**told, "announce": said[:MOST_SAID]})


async def _worded(live: AnsweredSession, turn: SessionTurn, parts: EngineContext, call_id: str) -> str:
    """The reply that the model gives now that the tool has answered, as it may be logged."""
    messages = [to_model(live.guard, message) for message in live.talk.context(turn)]
    asked = {**live.card.options, **turn.options}
    options = {name: value for name, value in asked.items() if name not in OWN_OPTIONS and name != "tool_choice"}
    ask = Ask(
        tuple(replace(one, text=f"{one.text}\n\n{LATE}") if one.call_id == call_id else one for one in messages),
        key=live.card.sid,
        model=str(turn.options.get("model") or live.card.model or parts.options.model),
        options=options,
        effects=frozenset(),
    )
    said = ""
    parts.slots.check(live.card.owner)
    async with asyncio.timeout(SAYS_S), aclosing(parts.slots.stream(parts.upstream, ask, live.card.owner)) as items:
        async for item in items:
            said += item.text if isinstance(item, Delta) else ""
    said = " ".join(screened(live.guard, said).split())
    if not said or not await _allowed(parts, said):
        raise Blocked("empty", "nothing to say was left of it")
    return said


def to_model(guard: Guard, said: Message) -> Message:
    """A logged message as the model server is given it."""
    calls = tuple({name: guard.to_model(value) for name, value in call.items()} for call in said.calls)
    return replace(said, text=guard.to_model(said.text), calls=calls)


def _announces(live: AnsweredSession, turn: SessionTurn) -> bool:
    """Whether the turn's client tells the person what comes later."""
    return "announce" in can({**live.card.options, **turn.options})


def _context(live: AnsweredSession, turn: SessionTurn, parts: EngineContext, call: Mapping[str, Any]) -> Context:
    before = live.talk.before(turn)
    return Context(
        parts.now(),
        question_language(turn.input) or "en",
        key=f"{live.card.sid}:{call['call_id']}:{turn.number}",
        owner=live.card.owner or ("" if live.card.name is not None else live.card.sid),
        passing=not live.card.owner and live.card.name is None,
        said=revealed(before.text, lambda placeholder: own(live.guard, placeholder)) if before is not None else "",
        can=can({**live.card.options, **turn.options}),
        person=parts.person(live.card, turn),
    )


def _asked(tool: Tool, arguments: str, turn: SessionTurn) -> str:
    """What a caller hears whose call has to be confirmed, with the tool's own question where it has one."""
    question = tool.spec.question.get(question_language(turn.input) or "en", "")
    return f"{ASKED}{ASK}{question.format(**json.loads(arguments))}" if question else ASKED


def _wrong(tool: Tool, arguments: str) -> Result | None:
    """What does not fit about the arguments, for the model."""
    try:
        read_arguments(arguments, tool.spec.parameters)
    except ToolError as error:
        return Result(str(error), failed=True)
    return None


def _kept(guard: Guard, text: str) -> str:
    """A result as it may be logged."""
    try:
        return screened(guard, text)
    except Blocked as blocked:
        return str(blocked)


async def _allowed(parts: EngineContext, text: str) -> bool:
    """Whether moderation lets it pass, as it would let words."""
    moderation = parts.moderation
    if moderation is None:
        return True
    verdict = moderation.words(text)
    if moderation.judges and not moderation.blocking(verdict):
        verdict = await moderation.ask(text)
    return not moderation.blocking(verdict)


def _names(tools: Sequence[Any]) -> set[str]:
    functions = [tool.get("function") for tool in tools if isinstance(tool, Mapping)]
    return {str(function.get("name")) for function in functions if isinstance(function, Mapping)}
