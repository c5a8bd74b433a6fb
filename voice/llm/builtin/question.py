"""A question as the skills read it, and the answer they give."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from voice.llm.interface import Effect, Message
from voice.text.numbers import in_digits, simplified
from voice.text.speakable import language_of

RunningTimers = Sequence[tuple[str, float]]
"""Label and seconds left of each timer, the next to ring first; `Timers.left` gives it."""

_LONGEST = 400  # code points of a question that the skills look at

_MARKS = re.compile(r"(?<!\d)[.,:]|[.,:](?!\d)|[?!;\"“”]")
_POLITE = re.compile(
    r"^(?:(?:hey|hi|hello|okay|ok|so|well|now|and|please|then|can you|could you|would you|will you|tell me"
    r"|i want to know|do you know|i'd like to know|computer|assistant) )+(?=\S)"
    r"|\b(?:um|uh|erm|please)\b ?| (?:please|thanks|thank you|now)$"
)
_HAN_MARKS = re.compile(r"[\s，。！？；：、…“”‘’\"'?!;:]|(?<!\d)[.,]|[.,](?!\d)")
_HAN_POLITE = re.compile(
    r"^(?:请问|请你|请|麻烦你|麻烦|帮我|你能|能不能|可以|告诉我|那么|那|然后|再)+|(?:吗|呢|啊|呀|吧|谢谢)+$"
)


@dataclass(frozen=True, slots=True)
class Question:
    """The person's latest words and what is known around them.

    `text` is as received; `words` is lower case without marks and politeness, English numbers in digits,
    Chinese in simplified characters. `before` is
    the conversation up to here, oldest first.
    """

    text: str
    now: datetime
    before: Sequence[Message] = ()
    timers: RunningTimers | None = None
    words: str = field(init=False)
    language: str = field(init=False)

    def __post_init__(self) -> None:
        language = "zh" if language_of(self.text) == "zh" else "en"
        object.__setattr__(self, "language", language)
        object.__setattr__(self, "words", (_chinese if language == "zh" else _english)(self.text[:_LONGEST]))

    @property
    def chinese(self) -> bool:
        return self.language == "zh"

    def say(self, english: str, chinese: str) -> str:
        """The one of two texts in the question's language."""
        return chinese if self.chinese else english

    def previous(self) -> Question | None:
        """The question the person asked before this one, None at the beginning."""
        for index in range(len(self.before) - 1, -1, -1):
            if self.before[index].role == "user":
                return Question(self.before[index].text, self.now, self.before[:index], self.timers)
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


Skill = Callable[[Question], Answer | None]
"""Answers the questions it understands, None for all others."""


def _english(text: str) -> str:
    words = " ".join(_MARKS.sub(" ", in_digits(text.lower().replace("’", "'"))).split())
    stripped = " ".join(_POLITE.sub("", words).split())
    return stripped or words


def _chinese(text: str) -> str:
    words = _HAN_MARKS.sub("", simplified(text.lower()))
    return _HAN_POLITE.sub("", words) or words
