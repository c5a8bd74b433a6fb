"""The built-in responder: its skills in the order they are asked, and the same as a model behind a session."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from voice.llm.builtin.arithmetic import arithmetic
from voice.llm.builtin.clock import clock
from voice.llm.builtin.device import device
from voice.llm.builtin.german.everyday import german_everyday
from voice.llm.builtin.german.timers import german_timer
from voice.llm.builtin.list_words import list_request
from voice.llm.builtin.notes import Knowledge
from voice.llm.builtin.question import Answer, Question, RunningTimers, Skill, ToolCall
from voice.llm.builtin.small_talk import manners, repeat
from voice.llm.builtin.timers import timer
from voice.llm.builtin.units import conversion
from voice.llm.interface import (
    ASK,
    ASKED,
    CALL,
    LATE,
    MARKED,
    NOT_KNOWN,
    SLOW,
    SLOW_UNTOLD,
    Ask,
    Delta,
    Done,
    Effect,
    UpstreamError,
)
from voice.text.german.words import question_language
from voice.text.patterns import pattern_of
from voice.text.phrases import phrase
from voice.text.speakable import HAN

SKILLS: tuple[Skill, ...] = (timer, device, manners, clock, conversion, arithmetic, repeat)
GERMAN_SKILLS: tuple[Skill, ...] = (german_timer, german_everyday)

_SAID_FOR = {
    ASKED: (
        "Shall I really do that? Say yes.",
        "确定要这样做吗？请说“是的”。",
        "Soll ich das wirklich tun? Dann sag ja.",
    ),
    SLOW: (
        "This takes a while. I'll tell you when it is done.",
        "这需要一点时间，好了我会告诉你。",
        "Das dauert etwas. Ich sage Bescheid, wenn es fertig ist.",
    ),
    SLOW_UNTOLD: (
        "This takes a while. Please ask me again later.",
        "这需要一点时间，请过一会儿再问我。",
        "Das dauert etwas. Bitte frag mich später noch einmal.",
    ),
}
"""What a person hears in place of the instruction to a model."""

_OWN = pattern_of(r"\b(?:my|mine|am i|meine?[nmrs]?|bin ich)\b|我的|我家", re.IGNORECASE)
_UNTOLD = (
    "You have not told me that. Say “remember that”, and what it is, and I will know it.",
    "这个你还没告诉过我。说“记住”，再告诉我是什么，我就记住了。",
    "Das hast du mir noch nicht gesagt.",
)
"""The answer to a question about the person that their memory cannot answer."""

_CANNOT = {
    "timer": (
        "I can't set or stop timers from here.",
        "在这里我不能设置或停止计时器。",
        "Von hier aus kann ich keine Timer stellen oder löschen.",
    ),
    "device": (
        "I can't change the sound from here.",
        "在这里我不能调节声音。",
        "Von hier aus kann ich den Ton nicht ändern.",
    ),
}
"""What is said where the client cannot carry out an effect."""

_SOME_DAY = datetime(2000, 1, 1)


def answer(question: Question) -> Answer | None:
    """The first skill's answer, None when no skill understands the question."""
    for skill in (*GERMAN_SKILLS, *SKILLS) if question.language == "de" else SKILLS:
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
    request = list_request(question)
    if request is not None:
        return request["action"] not in ("add", "remove")  # "and eggs" may follow
    found = answer(question)
    return found is not None and found.whole


def unknown(question: Question, *, visitors: bool = False, sentences: Sequence[str] = ()) -> Answer:
    """The answer to questions it does not understand; the owner also hears what would help.

    `sentences` are the owner's own for `visitors`: the first in the question's language, else the first of all.
    """
    if visitors and sentences:
        fitting = (sentence for sentence in sentences if question_language(sentence) == question.language)
        return Answer(next(fitting, sentences[0]))
    if visitors:
        return Answer(
            question.say(
                "I'm sorry, I don't know that. Please ask me something else.",
                "抱歉，这个我不知道。请问别的吧。",
                "Das weiß ich leider nicht. Bitte frag etwas anderes.",
            )
        )
    return Answer(
        question.say(
            "I don't know that. Connect a model with --llm to ask me anything.",
            "这个我不知道。用 --llm 接上一个模型，就什么都能问了。",
            "Das weiß ich nicht. Mit --llm und einem Modell beantworte ich alles.",
        )
    )


_PIECE = pattern_of(rf"\s*(?:[{HAN}]{{1,2}}[，。！？；：、…”’）》]*|[^\s{HAN}]+)|\s+")
_NAMED = pattern_of(r"^[^:]{1,40}: ")
_TOKEN = pattern_of(rf"[{HAN}]|[^\s{HAN}]{{1,6}}")


class BuiltinUpstream:
    """An `Upstream` of small skills and a folder of notes; it answers at once and says so when it does not know.

    `now` gives the local time, `timers` the timers running, if the caller keeps any. To `visitors` nothing is said of
    what only the owner can do. It goes by `name` where one is given; `unknown` are the
    owner's words for questions it cannot answer. Raises MissingError for a folder of notes that
    cannot be read.
    """

    name, continues = "builtin", True

    def __init__(
        self,
        knowledge: Path | None = None,
        now: Callable[[], datetime] = datetime.now,
        timers: Callable[[], RunningTimers] | None = None,
        *,
        visitors: bool = False,
        name: str = "",
        unknown: Sequence[str] = (),
    ) -> None:
        self._knowledge = Knowledge(knowledge) if knowledge is not None else None
        self._now, self._timers, self._visitors, self._name = now, timers, visitors, name
        self._unknown = unknown
        self.commands: Callable[[str, str], str] | None = None
        """Given words and their language, the tool that carries them out, or an empty string."""
        self.memory: Callable[[str, str], ToolCall | None] | None = None
        """Given words and the reply before them, what they ask of the person's memory."""

    async def stream(self, ask: Ask) -> AsyncIterator[Delta | Effect | Done]:
        """Yield effects, then the reply word by word, then the usage, estimated; or the call of a tool."""
        call = await self._called(ask)
        if call is not None:
            yield call
            yield Done(finish="tool_calls")
            return
        reply = self._answer(ask)
        for effect in reply.effects:
            yield effect
        if not reply.text.startswith(ask.begun):
            raise UpstreamError("the answer would be another one now", code="interrupted", temporary=True)
        for piece in pieces(reply.text[len(ask.begun) :]):
            yield Delta(piece)
            await asyncio.sleep(0)
        yield Done(
            input=sum(tokens(message.text) for message in ask.messages), output=tokens(reply.text), estimated=True
        )

    async def prepare(self) -> None:
        """The notes were read when this was made."""

    async def close(self) -> None:
        """Forget the notes."""
        if self._knowledge is not None:
            self._knowledge.close()

    async def _called(self, ask: Ask) -> Effect | None:
        """The call of the tool that carries the last words out, if there is one, and it is offered."""
        said, offered = ask.messages[-1] if ask.messages else None, _names(ask.options.get("tools"))
        if said is None or said.role != "user" or not offered:
            return None
        words, question = said.text, self._question(ask, len(ask.messages) - 1)
        kept = self.memory(words.rpartition("\n")[2], question.last_reply()) if self.memory is not None else None
        if kept is not None and kept.certain and kept.name in offered:
            return _call(ask, kept.name, kept.arguments)
        listed, tool = list_request(question), ""
        if listed is not None:
            return _call(ask, "lists", listed) if "lists" in offered else None
        if self.commands is not None:
            tool = await asyncio.to_thread(self.commands, words, question_language(words) or "en")
        if tool in offered:
            return _call(ask, tool, {"command": words})
        if kept is not None and kept.name in offered and self._found(question) is None:
            return _call(ask, kept.name, kept.arguments)
        return None

    def _answer(self, ask: Ask) -> Answer:
        last = max((index for index, message in enumerate(ask.messages) if message.role == "user"), default=None)
        if last is None:
            return Answer("")
        question, result = self._question(ask, last), ask.messages[-1]
        if result.role == "tool" and result.text != NOT_KNOWN:
            return _reported(question, result.text)
        if result.role == "tool" and _OWN.search(question.text):
            return Answer(question.say(*_UNTOLD))
        found = self._found(question) or unknown(question, visitors=self._visitors, sentences=self._unknown)
        return _kept(found, question, ask.effects)

    def _question(self, ask: Ask, last: int) -> Question:
        timers = self._timers() if self._timers is not None else None
        return Question(ask.messages[last].text, self._now(), ask.messages[:last], timers, self._name)

    def _found(self, question: Question) -> Answer | None:
        """The answer of a skill or the notes."""
        found = answer(question)
        # Earlier words went unanswered, or a name says who speaks: the last ones may be a question alone.
        if found is None and (alone := _NAMED.sub("", question.text.rpartition("\n")[2])) != question.text:
            found = answer(replace(question, text=alone))
        if found is None and self._knowledge is not None and (text := self._knowledge.answer(question.text)):
            found = Answer(text)
        return found


def _call(ask: Ask, tool: str, arguments: Mapping[str, object]) -> Effect:
    text = json.dumps(arguments, ensure_ascii=False)
    return Effect(CALL, {"call_id": f"call_{len(ask.messages)}", "name": tool, "arguments": text})


def _kept(answer: Answer, question: Question, effects: frozenset[str] | None) -> Answer:
    """The answer, or an honest sentence where the client cannot carry out what it promises."""
    kinds = {effect.kind.partition(".")[0] for effect in answer.effects}
    if effects is None or kinds <= effects:
        return answer
    return Answer(question.say(*_CANNOT["timer" if "timer" in kinds else "device"]))


def _reported(question: Question, result: str) -> Answer:
    """What a tool has answered, as it is said."""
    if result.endswith(LATE):
        text = result.removesuffix(LATE).rstrip()
        return Answer(phrase("late", question.language, words=question.text, text=text.partition(MARKED)[2] or text))
    own = result.removeprefix(f"{ASKED}{ASK}")
    return Answer(question.say(*_SAID_FOR.get(result, (own, own))))


def _names(tools: object) -> set[str]:
    """The names of tools as chat completions describe them."""
    functions = [tool.get("function") for tool in tools if isinstance(tool, Mapping)] if isinstance(tools, list) else []
    return {str(function.get("name")) for function in functions if isinstance(function, Mapping)}


def pieces(text: str) -> list[str]:
    """The text as a model would stream it: words with the space before them, Chinese by one or two characters."""
    return _PIECE.findall(text)


def tokens(text: str) -> int:
    """A rough count of a model's tokens."""
    return len(_TOKEN.findall(text))
