"""The judges of a text and the actions on their verdicts: rules immediately, servers when they answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from voice.safety.classifiers import ModerationError
from voice.safety.rules import Reading, Rules
from voice.safety.verdict import ALLOWED, UNCHECKED, Verdict, together
from voice.text.german.words import question_language
from voice.text.phrases import phrase
from voice.text.placeholders import BLOCKED

log = logging.getLogger(__name__)

SELF_HARM = "self-harm"


class ModerationProvider(Protocol):
    """A judge that takes time, such as a server."""

    name: str

    async def judge(self, text: str, question: str | None) -> tuple[str, ...]:
        """The categories `text` is flagged for. It answers `question`, or is a person's words where that is None.

        Raises ModerationError.
        """
        ...

    async def close(self) -> None: ...


@dataclass(slots=True)
class Moderation:
    """The moderation of both sides of a conversation.

    `actions` by category are block, flag or off; what is not among them is blocked. `optimistic` lets a reply go
    ahead of its verdict. `closed` stops what a judge failed to judge. `help` answers messages about self-harm; empty: a
    standard text in the language of the message.
    """

    rules: Rules | None = None
    judges: Sequence[ModerationProvider] = ()
    actions: Mapping[str, str] = field(default_factory=dict)
    optimistic: bool = False
    closed: bool = True
    help: str = ""
    _stops: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        names = {rule.category for rule in self.rules.rules} if self.rules else set()
        self._stops = frozenset(name for name in names if self._action(name) == "block")

    def reading(self) -> Reading | None:
        """A new reader for the rules, which stops if a text is blocked."""
        return Reading(self.rules, self._stops) if self.rules else None

    def words(self, text: str) -> Verdict:
        """The rules' verdict on a whole text."""
        return self._heeded(self.rules.verdict(text)) if self.rules else ALLOWED

    async def ask(self, text: str, question: str | None = None) -> Verdict:
        """The combined verdict of all judges. The log names a judge that fails, but not the text."""
        if not self.judges or not text.strip():
            return ALLOWED
        return self._heeded(together(await asyncio.gather(*(self._asked(one, text, question) for one in self.judges))))

    def blocking(self, verdict: Verdict) -> tuple[str, ...]:
        """The categories for which a text must be blocked, empty if it may pass."""
        found = tuple(name for name in verdict.categories if self._action(name) == "block")
        return found or ((UNCHECKED,) if verdict.error and self.closed else ())

    def answer(self, categories: Sequence[str], words: str) -> str:
        """The text spoken in place of blocked text, in the language of the user's `words`."""
        if SELF_HARM in categories:
            return self.help or phrase("self_harm", question_language(words) or "en")
        return BLOCKED

    async def close(self) -> None:
        for judge in self.judges:
            await judge.close()

    def _action(self, category: str) -> str:
        return self.actions.get(category, "block")

    def _heeded(self, verdict: Verdict) -> Verdict:
        return Verdict(tuple(name for name in verdict.categories if self._action(name) != "off"), verdict.error)

    async def _asked(self, judge: ModerationProvider, text: str, question: str | None) -> Verdict:
        try:
            return Verdict(await judge.judge(text, question))
        except ModerationError as error:
            failure = str(error)
        except Exception as error:  # noqa: BLE001 - a defect of a judge is a failure like any: `closed` decides
            failure = f"internal error: {type(error).__name__}"  # its message may quote the text
        log.warning(
            "moderation by %s failed; text was %s: %s", judge.name, "stopped" if self.closed else "let on", failure
        )
        return Verdict(error=failure)
