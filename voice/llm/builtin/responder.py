"""The skills in the order they are asked; pure, so that the endpointer may ask too whether a command is whole."""

from __future__ import annotations

from datetime import datetime

from voice.llm.builtin.arithmetic import arithmetic
from voice.llm.builtin.clock import clock
from voice.llm.builtin.conversion import conversion
from voice.llm.builtin.question import Answer, Question, Skill
from voice.llm.builtin.repeat import repeat
from voice.llm.builtin.small_talk import manners
from voice.llm.builtin.timers import timer

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
