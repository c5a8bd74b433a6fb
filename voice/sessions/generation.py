"""One turn's reply from the model server into the log: tries, stalls, and exactly one end."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import Any

from voice.llm.context import estimate_tokens
from voice.llm.interface import CALL, Ask, Delta, Done, Effect, Message, UpstreamError
from voice.safety.filters import Blocked, screened, screened_data
from voice.safety.reply_moderator import Flagged, ReplyModerator
from voice.sessions.engine_context import EngineContext
from voice.sessions.log import NOTHING_USED, OWN_OPTIONS, SessionTurn
from voice.sessions.tool_rounds import MOST_ROUNDS, AnsweredSession, Call, Offer, can, offer, resume, to_model, work
from voice.sessions.upstream_queue import NOT_ASKED, Attempt, Ticket
from voice.text.boundaries import well_formed
from voice.text.german.words import question_language
from voice.tools.sayings import saying

log = logging.getLogger(__name__)

MOST_MISFITS = 2
"""Calls whose arguments do not fit go back to the model once; then the person hears about it."""


async def generate(live: AnsweredSession, turn: SessionTurn, parts: EngineContext, ticket: Ticket) -> None:
    """Ask the model server in the ticket's turn, as the retry policy allows, never after something was delivered.

    Where it calls tools of ours, they are called, and it is asked again with what they have answered.
    """
    tried, rounds, misfits, spent = 0, 0, 0, Spent()
    while turn.running:
        tried += 1
        outlet, calls = live.outlet(turn), list[Call]()
        offered = offer({**live.card.options, **turn.options}, parts, personal=bool(parts.person(live.card, turn)))
        try:
            await resume(live, turn, parts, offered)
            await parts.slots.ready(ticket)
            with parts.slots.attempt() as attempt:
                parts.count("upstream_requests")
                begun, last = turn.unfinished, rounds >= MOST_ROUNDS
                outlet.reread(begun)
                done = await _attempt(live, turn, parts, attempt, outlet, begun, offered, calls, last=last)
            await outlet.finish()
            spent.add(live, turn, done, begun)
            if calls and not last and misfits < MOST_MISFITS:
                tried, rounds = 0, rounds + 1
                misfits += await work(live, turn, parts, offered, calls)
                continue
            if calls:
                live.put_delta(turn, saying("too_many" if last else "misfit", question_language(turn.input)))
        except UpstreamError as error:
            asked = error.code not in NOT_ASKED
            tried -= not asked
            delivered = bool(turn.unfinished) or (turn.acted and not turn.steps)
            policy, hint = parts.options.retry, error.retry_after_s
            wait = policy.wait_s(tried, temporary=error.temporary, hint_s=hint, random=parts.random.random)
            if wait is None or delivered or not asked:
                used_up = error.temporary and not delivered
                live.end(turn, "retry_failed" if used_up else "failed", _failure(live, turn, error, tried))
                return
            await asyncio.sleep(wait)
        except Flagged as flagged:
            live.block(turn, "reply", flagged.categories, live.talk.usage(turn))
            return
        except Blocked as blocked:
            live.end(turn, "failed", _told(blocked.code, str(blocked), False, live.talk.usage(turn), tried))
            return
        except Exception:  # an internal error: the turn still ends, so that its readers do
            log.exception("a reply could not be generated")
            if turn.running:
                what = "the server failed during the reply"
                live.end(turn, "failed", _told("broken", what, False, live.talk.usage(turn), tried))
            return
        else:
            live.end(turn, "done", {"usage": spent.told()} | _noted(turn, outlet, tried, done.finish))
            return
        finally:
            outlet.close()


async def _attempt(
    live: AnsweredSession,
    turn: SessionTurn,
    parts: EngineContext,
    attempt: Attempt,
    outlet: ReplyModerator,
    begun: str,
    offered: Offer,
    calls: list[Call],
    *,
    last: bool,
) -> Done:
    """One request; what it calls of our own tools is put into `calls`, and where it is the `last` none may be called.

    Raises UpstreamError, also for a silence longer than `stall_s` and for a reply without an end.
    """
    card, options = live.card, parts.options
    model = str(turn.options.get("model") or card.model or options.model)
    given = {**card.options, **turn.options}
    asked = {name: value for name, value in given.items() if name not in OWN_OPTIONS}
    if offered.ours:
        asked["tools"] = offered.option()
        if last:
            asked["tool_choice"] = "none"
        elif turn.steps:
            asked.pop("tool_choice", None)  # it was for the first request
    screen, loop = live.guard.screen(), asyncio.get_running_loop()
    messages = tuple(to_model(live.guard, said) for said in await _informed(live, turn, parts))
    wanted = Ask(
        messages, key=card.sid, model=model, options=asked, begun=live.guard.to_model(begun), effects=can(given)
    )
    stream = parts.upstream.stream(wanted)
    try:
        async with asyncio.timeout(options.stall_s) as patience:
            rearmed = loop.time()
            async for item in stream:
                attempt.answered()
                now = loop.time()
                if now - rearmed > options.stall_s / 16:  # moving a timer for every word would cost more than the word
                    rearmed = now
                    patience.reschedule(now + options.stall_s)
                if isinstance(item, Delta):
                    outlet.feed(well_formed(screen.feed(item.text)))
                elif isinstance(item, Effect) and _is_ours(item, offered):
                    calls.append({name: str(value) for name, value in item.data.items()})
                elif isinstance(item, Effect):
                    outlet.act(item.kind, screened_data(live.guard, item.data))
                else:
                    outlet.feed(well_formed(screen.flush()))
                    return item
    except TimeoutError as error:
        what = f"the model server was silent for {options.stall_s:g} s"
        raise UpstreamError(what, code="stalled", temporary=True) from error
    except (UpstreamError, Blocked):
        raise
    except Exception as error:
        log.exception("the model adapter %s failed", parts.upstream.name)
        raise UpstreamError(f"the model adapter failed: {error}", code="upstream_broken", temporary=False) from error
    finally:
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()
    raise UpstreamError("the model server's reply is incomplete", code="upstream_incomplete", temporary=True)


def _is_ours(effect: Effect, offered: Offer) -> bool:
    return effect.kind == CALL and offered.takes(str(effect.data.get("name")))


async def _informed(live: AnsweredSession, turn: SessionTurn, parts: EngineContext) -> tuple[Message, ...]:
    """The messages, with what the notes and the memory say about the person's words behind these: all before them stays
    the same."""
    messages, told = live.talk.context(turn), []
    if turn.input:
        told.append(parts.notes(turn.input))
        if parts.recall is not None and (person := parts.person(live.card, turn)):
            told.append(screened(live.guard, await parts.recall(live.card.owner, person, turn.input)))
    notes = "\n\n".join(filter(None, told))
    if not notes:
        return messages
    place = max(index for index, message in enumerate(messages) if message.role == "user")
    asked = messages[place]
    return (*messages[:place], replace(asked, text=f"{asked.text}\n\n{notes}"), *messages[place + 1 :])


def _noted(turn: SessionTurn, outlet: ReplyModerator, tried: int, finish: str) -> dict[str, Any]:
    """What else the end of a complete reply tells: how often it was tried, why it ended where that was not its own end,
    what moderation let pass with a mark."""
    found = list(dict.fromkeys([*turn.categories, *outlet.categories]))
    noted: dict[str, Any] = {"tries": tried} if tried > 1 else {}
    if finish not in ("", "stop"):
        noted["finish"] = finish
    if found:
        noted |= {"flagged": True, "categories": found}
    return noted | ({"unchecked": True} if outlet.unchecked else {})


@dataclass(slots=True)
class Spent:
    """What a reply cost in all of its requests."""

    input: int = 0
    cached: int = 0
    output: int = 0
    estimated: bool = False

    def add(self, live: AnsweredSession, turn: SessionTurn, done: Done, begun: str) -> None:
        """One more request. Of a reply that was continued, the server counted only the rest."""
        if done.input == done.output == 0:
            used = live.talk.usage(turn)
            self.input, self.output, self.estimated = self.input + used["input"], used["output"], True
            return
        self.input, self.cached = self.input + done.input, self.cached + done.cached
        self.output += done.output + estimate_tokens(begun)
        self.estimated = self.estimated or done.estimated or bool(begun)

    def told(self) -> dict[str, Any]:
        return {"input": self.input, "cached": self.cached, "output": self.output, "estimated": self.estimated}


def _failure(live: AnsweredSession, turn: SessionTurn, error: UpstreamError, tried: int) -> dict[str, Any]:
    """What the end of a failed turn tells. Where nothing was delivered, nothing is metered."""
    used = live.talk.usage(turn) if turn.length else NOTHING_USED
    return _told(error.code, _message(live, error), error.temporary, used, tried)


def _message(live: AnsweredSession, error: UpstreamError) -> str:
    """What a model server says of its failure may quote what it was asked."""
    try:
        return screened(live.guard, str(error))
    except Blocked as blocked:
        return str(blocked)


def _told(code: str, message: str, temporary: bool, usage: dict[str, Any], tries: int) -> dict[str, Any]:
    return {"code": code, "message": message, "temporary": temporary, "tries": tries, "usage": usage}
