"""A request of no session, moderated on its way through: nothing of it is remembered."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from voice.llm.interface import CALL_PIECE, Ask, Delta, Done, Effect, Message, UpstreamError
from voice.safety.filters import Blocked, Guard, TextFilter, screened_data
from voice.safety.moderation import Moderation
from voice.safety.reply_moderator import Flagged, ReplyModerator
from voice.safety.unmask import Unmasking
from voice.safety.verdict import ALLOWED, UNCHECKED, Verdict, together
from voice.sessions.engine_context import EngineContext
from voice.sessions.log import Refused
from voice.sessions.session_wrappers import own


def through(parts: EngineContext, ask: Ask, owner: str, guard: Guard) -> AsyncGenerator[Delta | Effect | Done]:
    """The model server's reply to a request of no session, redacted and moderated. Raises Refused where it is full."""
    parts.slots.check(owner)
    return moderated(parts, ask.messages, redacted(guard, parts.slots.stream(parts.upstream, ask, owner)))


async def redacted(guard: Guard, stream: AsyncIterator[Delta | Effect | Done]) -> AsyncGenerator[Delta | Effect | Done]:
    """The reply as its guard lets it through; what stood in the request comes back as it was written, where it may."""
    screen = guard.screen()
    shown = Unmasking(lambda name: own(guard, name) or name)
    calls: dict[object, TextFilter] = {}
    async for item in stream:
        text = ""
        if isinstance(item, Delta):
            text = shown.feed(screen.feed(item.text))
        elif isinstance(item, Done):
            text = shown.feed(screen.flush()) + shown.flush()
        if text:
            yield Delta(text)
        if isinstance(item, Done):
            for place, arguments in calls.items():
                if rest := arguments.flush():
                    yield Effect(CALL_PIECE, {"place": place, "arguments": rest})
        elif isinstance(item, Effect) and item.kind == CALL_PIECE:
            arguments = calls.setdefault(item.data["place"], guard.screen())
            more = {"arguments": arguments.feed(str(item.data["arguments"]))}
            head = {name: value for name, value in item.data.items() if name not in more}
            item = Effect(CALL_PIECE, screened_data(guard, head) | more)
        elif isinstance(item, Effect):
            item = Effect(item.kind, screened_data(guard, item.data))
        if not isinstance(item, Delta):
            yield item


async def moderated(
    parts: EngineContext, messages: Sequence[Message], stream: AsyncIterator[Delta | Effect | Done]
) -> AsyncGenerator[Delta | Effect | Done]:
    """The reply to `messages` as far as moderation lets it through; the model server is not asked if the words are not.

    Raises Refused `unchecked` for input that could not be checked, UpstreamError `unchecked` for such a reply.
    """
    moderation = parts.moderation
    if moderation is None:
        async for item in stream:
            yield item
        return
    words = [message.text for message in messages if message.role != "system"]
    verdict = await _judged(parts, moderation, words)
    blocking = moderation.blocking(verdict)
    if UNCHECKED in blocking:
        raise Refused(UNCHECKED, f"moderation failed: {verdict.error}", temporary=True)
    if blocking:
        parts.count("moderation_blocked_input")
        yield Delta(moderation.answer(blocking, words[-1]))
        yield Done(flagged=blocking, blocked="input")
        return
    ready: list[Delta | Effect] = []

    def act(kind: str, data: Mapping[str, Any]) -> None:
        ready.append(Effect(kind, dict(data)))

    outlet = ReplyModerator(
        moderation, words[-1] if words else "", lambda text: ready.append(Delta(text)), act, parts.count
    )
    try:
        async for item in stream:
            if isinstance(item, Delta):
                outlet.feed(item.text)
            elif isinstance(item, Effect):
                outlet.act(item.kind, item.data)
            else:
                await outlet.finish()
            while ready:
                yield ready.pop(0)
            if isinstance(item, Done):
                found = (*verdict.categories, *outlet.categories)
                unchecked = outlet.unchecked or bool(verdict.error)
                yield replace(item, flagged=found, unchecked=unchecked)
    except Flagged as flagged:
        parts.count("moderation_blocked_reply")
        for passed in ready:
            yield passed
        yield Delta(moderation.answer(flagged.categories, words[-1] if words else ""))
        yield Done(flagged=flagged.categories, blocked="reply")
    except Blocked as blocked:
        raise UpstreamError(str(blocked), code=blocked.code, temporary=False) from blocked
    finally:
        outlet.close()
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()


async def _judged(parts: EngineContext, moderation: Moderation, words: Sequence[str]) -> Verdict:
    """The rules read all that was said, which a client may have made up; judges are asked about the last words."""
    everything = "\n".join(words)
    by_rules = await parts.aside(len(everything), partial(moderation.words, everything))
    if not words or moderation.blocking(by_rules):
        return by_rules
    verdict = await moderation.ask(words[-1]) if moderation.judges else ALLOWED
    if verdict.error:
        parts.count("moderation_errors")
    return together([by_rules, verdict])
