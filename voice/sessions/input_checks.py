"""A person's words on their way in: redacted, read by the rules of moderation, and judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from voice.safety.filters import Blocked, Guard, screened, screened_data
from voice.safety.moderation import Moderation
from voice.safety.verdict import ALLOWED, UNCHECKED, Verdict, together
from voice.sessions.engine_context import EngineContext
from voice.sessions.log import Refused


@dataclass(frozen=True, slots=True)
class CheckedInput:
    """What a client sent with a turn, as it may be logged, and what the rules say of it."""

    input: str
    msg_id: str
    options: Mapping[str, Any] | None
    by_rules: Verdict

    @property
    def words(self) -> str:
        """All of it that goes into the conversation."""
        return said(self.input, self.options)


def taken(
    guard: Guard, moderation: Moderation | None, input: str, msg_id: str, options: Mapping[str, Any] | None
) -> CheckedInput:
    """Takes time with a long text, and may run in a thread. Raises Refused."""
    try:
        input, msg_id = screened(guard, input), screened(guard, msg_id)
        if options and "before" in options:
            options = {**options, "before": [_screened(guard, one) for one in options["before"]]}
        if options and (options.get("record") or {}).get("metadata"):
            record = options["record"]
            options = {**options, "record": {**record, "metadata": screened_data(guard, record["metadata"])}}
    except Blocked as blocked:
        raise Refused(blocked.code, str(blocked)) from blocked
    return CheckedInput(
        input, msg_id, options, moderation.words(said(input, options)) if moderation is not None else ALLOWED
    )


def _screened(guard: Guard, one: Mapping[str, Any]) -> dict[str, Any]:
    """A message that comes before; what calls are found by stays as it is."""
    found: dict[str, Any] = {**one, "text": screened(guard, one["text"])}
    if "calls" in one:
        found["calls"] = [{**call, "arguments": screened(guard, call["arguments"])} for call in one["calls"]]
    return found


async def looked_at(
    parts: EngineContext, guard: Guard, moderation: Moderation | None, input: str, msg_id: str,
    options: Mapping[str, Any] | None,
) -> tuple[CheckedInput, Verdict | None]:  # fmt: skip
    """The words as they may be logged, and the verdict of those who judge. Raises Refused."""
    size = measured(input, msg_id, options, parts.options.input_chars)
    words = await parts.aside(size, partial(taken, guard, moderation, input, msg_id, options))
    if moderation is None or not moderation.judges:
        return words, None
    verdict = ALLOWED if moderation.blocking(words.by_rules) else await moderation.ask(words.words)
    if verdict.error:
        parts.count("moderation_errors")
    return words, verdict


def ruled(
    moderation: Moderation | None, words: CheckedInput, verdict: Verdict | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the words were flagged for, and for which of it they are stopped. Raises Refused unchecked."""
    if moderation is None:
        return (), ()
    found = together([words.by_rules, verdict or ALLOWED])
    blocking = moderation.blocking(found)
    if UNCHECKED in blocking:
        raise Refused(UNCHECKED, f"moderation failed: {found.error}", temporary=True)
    return found.categories, blocking


def measured(input: str, msg_id: str, options: Mapping[str, Any] | None, most: int) -> int:
    """Code points of all that is said. Raises Refused for more than a turn may have."""
    size = len(said(input, options)) + len(msg_id)
    if size > most:
        raise Refused("input_too_long", f"a turn of {size} characters", expected=f"at most {most}")
    return size


def said(input: str, options: Mapping[str, Any] | None) -> str:
    """All a client puts into the conversation with a turn: what it says comes before the words, and these."""
    before = [str(one.get("text", "")) for one in (options or {}).get("before", ())]
    return "\n".join([*before, input])
