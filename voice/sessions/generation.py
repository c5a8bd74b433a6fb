"""One turn's reply from the model server into the log: tries, stalls, and exactly one end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from voice.llm.context import estimate_tokens
from voice.llm.interface import Ask, Delta, Done, Effect, Message, UpstreamError
from voice.safety.filters import Blocked, Guard, screened, screened_data
from voice.safety.reply_moderator import Flagged, ReplyModerator
from voice.sessions.engine_context import EngineContext
from voice.sessions.log import OWN_OPTIONS, SessionTurn
from voice.sessions.state import SessionState
from voice.sessions.stores.interface import Card
from voice.sessions.upstream_queue import NOT_ASKED, Attempt, Ticket

log = logging.getLogger(__name__)


class Answered(Protocol):
    """What a generation needs of its session: the turns so far, and the ways in which a reply continues and ends."""

    guard: Guard
    card: Card
    talk: SessionState

    def outlet(self, turn: SessionTurn) -> ReplyModerator: ...

    def end(self, turn: SessionTurn, t: str, d: dict[str, Any]) -> None: ...

    def block(self, turn: SessionTurn, part: str, categories: Sequence[str], usage: Mapping[str, Any]) -> None: ...


async def generate(live: Answered, turn: SessionTurn, parts: EngineContext, ticket: Ticket) -> None:
    """Ask the model server in the ticket's turn, as the retry policy allows, never after something was delivered."""
    tried = 0
    while turn.running:
        tried += 1
        outlet = live.outlet(turn)
        try:
            await parts.slots.ready(ticket)
            with parts.slots.attempt() as attempt:
                parts.count("upstream_requests")
                begun = "".join(turn.parts)
                done = await _attempt(live, turn, parts, attempt, outlet, begun)
            await outlet.finish()
        except UpstreamError as error:
            asked = error.code not in NOT_ASKED
            tried -= not asked
            delivered = turn.length > 0 or turn.acted
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
            live.end(turn, "done", {"usage": _usage(live, turn, done, begun)} | _noted(turn, outlet, tried))
            return
        finally:
            outlet.close()


async def _attempt(
    live: Answered, turn: SessionTurn, parts: EngineContext, attempt: Attempt, outlet: ReplyModerator, begun: str
) -> Done:
    """One request. Raises UpstreamError, also for a silence longer than `stall_s` and for a reply without an end."""
    card, options = live.card, parts.options
    model = str(turn.options.get("model") or card.model or options.model)
    asked = {name: value for name, value in {**card.options, **turn.options}.items() if name not in OWN_OPTIONS}
    screen, loop = live.guard.screen(), asyncio.get_running_loop()
    messages = tuple(_to_model(live.guard, said) for said in live.talk.context(turn))
    wanted = Ask(messages, key=card.sid, model=model, options=asked, begun=live.guard.to_model(begun))
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


def _to_model(guard: Guard, said: Message) -> Message:
    calls = tuple({name: guard.to_model(value) for name, value in call.items()} for call in said.calls)
    return replace(said, text=guard.to_model(said.text), calls=calls)


def well_formed(text: str) -> str:
    """Text without halves of surrogate pairs, which cannot be written as UTF-8; whole pairs are joined."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _noted(turn: SessionTurn, outlet: ReplyModerator, tried: int) -> dict[str, Any]:
    """What else the end of a complete reply tells: how often it was tried, what moderation let pass with a mark."""
    found = list(dict.fromkeys([*turn.categories, *outlet.categories]))
    noted: dict[str, Any] = {"tries": tried} if tried > 1 else {}
    if found:
        noted |= {"flagged": True, "categories": found}
    return noted | ({"unchecked": True} if outlet.unchecked else {})


def _usage(live: Answered, turn: SessionTurn, done: Done, begun: str) -> dict[str, Any]:
    """What the reply cost. Of one that was continued, the server counted only the rest."""
    if done.input == done.output == 0:
        return live.talk.usage(turn)
    output, estimated = done.output + estimate_tokens(begun), done.estimated or bool(begun)
    return {"input": done.input, "cached": done.cached, "output": output, "estimated": estimated}


def _failure(live: Answered, turn: SessionTurn, error: UpstreamError, tried: int) -> dict[str, Any]:
    """What the end of a failed turn tells. Where nothing was delivered, nothing is metered."""
    nothing = {"input": 0, "cached": 0, "output": 0, "estimated": True}
    message = _message(live, error)
    return _told(error.code, message, error.temporary, live.talk.usage(turn) if turn.length else nothing, tried)


def _message(live: Answered, error: UpstreamError) -> str:
    """What a model server says of its failure may quote what it was asked."""
    try:
        return screened(live.guard, str(error))
    except Blocked as blocked:
        return str(blocked)


def _told(code: str, message: str, temporary: bool, usage: dict[str, Any], tries: int) -> dict[str, Any]:
    return {"code": code, "message": message, "temporary": temporary, "tries": tries, "usage": usage}
