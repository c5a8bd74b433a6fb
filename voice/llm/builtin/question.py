"""A question as the skills read it, and the answer they give."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from voice.llm.builtin.timer_list import Running
from voice.llm.interface import Effect, Message
from voice.text.german.words import leaning
from voice.text.plain_words import plain_words

RunningTimers = Sequence[Running]
"""The timers of the conversation, oldest first; `Timers.seen` gives it."""


@dataclass(frozen=True, slots=True)
class Question:
    """The person's latest words and what is known around them.

    `text` is as received, `words` as `plain_words` gives them. `before` is the conversation up to here, oldest first;
    `now` the local time; `assistant` the name the assistant was given, or empty. Of the `timers` given, `rung` is the
    one that rang just now, and no longer one of them.
    """

    text: str
    now: datetime
    before: Sequence[Message] = ()
    timers: RunningTimers | None = None
    assistant: str = ""
    rung: Running | None = None
    words: str = field(init=False)
    language: str = field(init=False)

    def __post_init__(self) -> None:
        words, chinese = plain_words(self.text)
        object.__setattr__(self, "language", "zh" if chinese else "de" if self._in_german() else "en")
        object.__setattr__(self, "words", words)
        if self.timers is not None and any(timer.left < 0 for timer in self.timers):
            object.__setattr__(self, "rung", next(timer for timer in self.timers if timer.left < 0))
            object.__setattr__(self, "timers", [timer for timer in self.timers if timer.left >= 0])

    def _in_german(self) -> bool:
        """Whether the words are German; where they tell nothing, as `8`, the last that tell."""
        said = (message.text for message in reversed(self.before) if message.role == "user")
        return next((leans for text in chain((self.text,), said) if (leans := leaning(text))), 0) > 0

    @property
    def chinese(self) -> bool:
        return self.language == "zh"

    def say(self, english: str, chinese: str, german: str = "") -> str:
        """The one of the texts in the question's language; English where that has none."""
        return {"zh": chinese, "de": german}.get(self.language) or english

    def previous(self) -> Question | None:
        """The question the person asked before this one, None at the beginning."""
        for index in range(len(self.before) - 1, -1, -1):
            if self.before[index].role == "user":
                return Question(
                    self.before[index].text, self.now, self.before[:index], self.timers, self.assistant, self.rung
                )
        return None

    def last_reply(self) -> str:
        """What was last answered and heard, empty at the beginning."""
        return next((message.text for message in reversed(self.before) if message.role == "assistant"), "")


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply and what it wants done. `whole` is False when the question lacks something and the reply asks for it."""

    text: str
    effects: tuple[Effect, ...] = ()
    whole: bool = True


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that some words ask for. Where that is not `certain`, whatever else understands the words goes first."""

    name: str
    arguments: Mapping[str, object]
    certain: bool = True


Skill = Callable[[Question], Answer | None]
"""Answers the questions it understands, None for all others."""
