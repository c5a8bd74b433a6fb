"""The skills in the order they are asked; pure, so that the endpointer may ask too whether a command is whole."""

from __future__ import annotations

from datetime import datetime

from voice.chat.upstream.builtin.arithmetic import arithmetic
from voice.chat.upstream.builtin.clock import clock
from voice.chat.upstream.builtin.conversion import conversion
from voice.chat.upstream.builtin.manners import manners
from voice.chat.upstream.builtin.question import Answer, Question, Skill
from voice.chat.upstream.builtin.repeat import repeat
from voice.chat.upstream.builtin.timer import timer

SKILLS: tuple[Skill, ...] = (manners, timer, clock, conversion, arithmetic, repeat)

_SOME_DAY = datetime(2000, 1, 1)


def answer(question: Question) -> Answer | None:
    """The first skill's answer, None when no skill understands the question."""
    for skill in SKILLS:
        if (found := skill(question)) is not None:
            return found
    return None


def understands(text: str) -> bool:
    """Whether the words are a whole command or question to one of the skills; notes are not looked at.

    What is said after "repeat" may always go on, so that is never whole.
    """
    question = Question(text, _SOME_DAY)
    if not question.words or (repeat(question) is not None and len(question.words.split()) > 3):
        return False
    found = answer(question)
    return found is not None and found.whole


def unknown(question: Question) -> Answer:
    """What is said when nobody knows."""
    return Answer(
        question.say(
            "I don't know that. Connect a model with --llm to ask me anything.",
            "这个我不知道。用 --llm 接上一个模型，就什么都能问了。",
        )
    )
