"""What of a conversation travels to the model: a prefix that stays the same byte for byte, plus the new words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from voice.llm.interface import Message

PER_MESSAGE = 4
"""Tokens a chat template spends around each message."""


def estimate_tokens(text: str) -> int:
    """Tokens of a text without its tokenizer: a quarter per code point up to U+2E7F, one per code point above (CJK)."""
    wide = sum(1 for char in text if char >= "\u2e80") if not text.isascii() else 0
    return wide + -(-(len(text) - wide) // 4)


def estimate_messages(messages: Iterable[Message]) -> int:
    """Tokens of messages in a chat template."""
    return sum(estimate_tokens(message.said) + PER_MESSAGE for message in messages)


def merged(messages: Iterable[Message]) -> tuple[Message, ...]:
    """Join neighbours of one role and drop empty ones: many chat templates refuse anything but strict alternation.

    A turn that failed or of which nothing was heard leaves two user messages side by side. Calls of one reply may come
    one by one, and their answers must follow all of them.
    """
    joined: list[Message] = []
    for message in messages:
        if not message.text and not message.calls and not message.call_id:
            continue
        before = joined[-1] if joined else None
        together = message.role in ("user", "assistant") and before is not None and before.role == message.role
        if before is not None and together and not (before.calls and message.text):
            same = before.name == message.name
            both = (before.text, message.text) if same else (before.said, message.said)
            text, name = "\n".join(part for part in both if part), before.name if same else ""
            joined[-1] = Message(message.role, text, before.calls + message.calls, name=name)
        else:
            joined.append(message)
    return tuple(joined)


def answered(messages: Sequence[Message]) -> list[Message]:
    """Without function calls that have no answer and answers that have no call: model servers refuse either."""
    told = {message.call_id for message in messages if message.role == "tool"}
    asked = {call["call_id"] for message in messages for call in message.calls}
    if not told and not asked:
        return list(messages)
    return [
        replace(message, calls=tuple(call for call in message.calls if call["call_id"] in told))
        for message in messages
        if message.role != "tool" or message.call_id in asked
    ]


def room_of(window: int) -> int:
    """Tokens of the model's window that may be asked; the rest is for the reply."""
    return window - min(window // 4, 1024)


def cut_at(fixed: int, turns: Sequence[tuple[int, int]], window: int) -> int | None:
    """The turn the context must begin at from now on, or None while everything fits the model's window.

    `fixed` tokens are always sent (system message and the new words), `turns` are (number, tokens), oldest first. A
    quarter of the window, at most 1,024 tokens, is kept for the reply. Cuts go down to half of the rest: a rare large
    step keeps the prefix, and with it the model server's cache, unchanged for many turns.
    """
    room = room_of(window)
    total = fixed + sum(tokens for _, tokens in turns)
    if total <= room or not turns:
        return None
    for number, tokens in turns:
        if total <= room // 2:
            return number
        total -= tokens
    return turns[-1][0] + 1
