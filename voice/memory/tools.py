"""The memory as tools: for a model that calls them, and for the built-in responder, whose requests they carry out."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from voice.llm.builtin.question import ToolCall
from voice.llm.interface import NOT_KNOWN
from voice.memory.fact_book import LEAST_SAID, best, drop, facts, keep
from voice.memory.facts import CHANGED, FORGOTTEN, KEPT, MOST_CHARS, TOLD, fact_request, sentence, turned
from voice.memory.memory import Memory
from voice.memory.ranking import terms
from voice.memory.record_questions.reading import about_records
from voice.memory.records import RecordKind
from voice.memory.talks.talk_book import search
from voice.memory.talks.talk_questions import TalkQuestion, line_of, talk_question, told
from voice.memory.vault import Vault, Who
from voice.tools.interface import Context, Result, Spec, Tool, ToolError, schema

MOST_LISTED = 8
"""Facts that are said one after another."""

_TEXT = {"type": "string", "minLength": 1, "maxLength": MOST_CHARS}


def memory_tools(memory: Memory, *, spoken: bool = False) -> list[Tool]:
    """All tools of a memory. Where the results are `spoken` as they are, recall answers from records too."""
    known: list[Tool] = [RememberTool(memory), RecallTool(memory, spoken=spoken), ForgetTool(memory)]
    finds = [] if spoken else [FindTool(memory, kind) for kind in memory.kinds]
    return [*known, ForgetAllTool(memory), *finds]


def memory_call(kinds: Collection[RecordKind], words: str, said: str) -> ToolCall | None:
    """The call that words ask for, behind the last reply `said`; of a mere question it is not certain."""
    request = fact_request(words, said=said)
    talked = talk_question(words, date.today())
    if talked is not None and (request is None or request.kind == "recall"):
        return ToolCall("recall", {"question": words[:MOST_CHARS]})
    if about_records(words, kinds) and (request is None or request.kind in ("recall", "list")):
        return ToolCall("recall", {"question": words[:MOST_CHARS]})
    if request is None:
        return None
    if request.kind == "recall":
        return ToolCall("recall", {"question": request.text}, certain=False)
    if request.kind in ("remember", "correct"):
        instead = {"instead_of": said[:MOST_CHARS]} if request.kind == "correct" else {}
        return ToolCall("remember", {"fact": request.text, **instead})
    if request.kind == "forget":
        return ToolCall("forget", {"fact": request.text})
    return ToolCall("recall" if request.kind == "list" else "forget_everything", {})


class RememberTool:
    """Keeps what the person asks to have remembered."""

    spec = Spec(
        "remember",
        "Remembers something about the person for later conversations. Only when they ask you to remember it; never on "
        "your own.",
        schema(
            "fact",
            fact={**_TEXT, "description": "one sentence in the person's own words: I am allergic to nuts"},
            instead_of={**_TEXT, "description": "what it corrects, if they correct something you remembered"},
        ),
        reads_only=False,
        saying="working",
        personal=True,
    )

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """What is remembered, said back."""
        fact, instead_of = str(arguments["fact"]), str(arguments.get("instead_of", ""))
        kept, replaced = await self._memory.do(lambda: self._keep(context, fact, instead_of))
        return Result(sentence(CHANGED if replaced else KEPT, kept, context.language))

    def _keep(self, context: Context, fact: str, instead_of: str) -> tuple[str, bool]:
        with self._memory.vault.writing(_who(context)) as database:
            return keep(database, fact, context.now.date(), instead_of)


class RecallTool:
    """Finds what is remembered, or lists all."""

    spec = Spec(
        "recall",
        "What the person asked you to remember about them, and what was said in earlier conversations. Without a "
        "question: all that they asked you to remember.",
        schema(question={**_TEXT, "description": "what is to be found, in the person's words"}),
        personal=True,
    )

    def __init__(self, memory: Memory, *, spoken: bool = False) -> None:
        self._memory, self._spoken = memory, spoken

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """The fact that fits and the talks, or NOT_KNOWN."""
        question = str(arguments.get("question", ""))
        return Result(await self._memory.do(lambda: self._found(context, question)))

    def _found(self, context: Context, question: str) -> str:
        now, chinese = self._memory.now(), context.language == "zh"
        talked = talk_question(question, now.date())
        with self._memory.vault.reading(_who(context)) as database:
            known = facts(database)
            if not question:
                return _listed(known, context.language)
            if talked is None and self._spoken and (answered := _answered(self._memory, database, question)):
                return answered
            if talked is None and not self._spoken:
                talked = TalkQuestion(terms(question))
            talks = search(database, talked, now) if talked is not None else []
        found = best(known, question, least=LEAST_SAID, most=1)
        fact = sentence(TOLD, found[0], context.language) if found else ""
        if not self._spoken:
            return "\n".join(filter(None, [fact, *(line_of(talk, answered=True) for talk in talks)])) or NOT_KNOWN
        if talked is not None and (talks or not fact):
            return told(talked, talks, chinese=chinese)
        return fact or NOT_KNOWN


class FindTool:
    """Answers questions about one kind of a person's records."""

    def __init__(self, memory: Memory, kind: str) -> None:
        self._memory = memory
        self.spec = Spec(
            f"find_{kind}",
            f"Answers a question about the person's own {kind}: what, when, how many, how much, in which state, in a "
            "period, of a thing, by number, the last one. Nothing else is known about them.",
            schema(
                "question", question={**_TEXT, "description": "in the person's own words: what did I order last week"}
            ),
            trusted=False,
            personal=True,
        )

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """The answer in a sentence, or NOT_KNOWN."""
        question = str(arguments["question"])
        return Result(await self._memory.do(lambda: self._found(context, question)) or NOT_KNOWN)

    def _found(self, context: Context, question: str) -> str:
        with self._memory.vault.reading(_who(context)) as database:
            return _answered(self._memory, database, question)


class ForgetTool:
    """Forgets one fact."""

    spec = Spec(
        "forget",
        "Forgets one thing that the person asked you to remember.",
        schema("fact", fact={**_TEXT, "description": "which, in the person's words"}),
        reads_only=False,
        saying="working",
        personal=True,
    )

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """What is forgotten, said a last time."""
        found = await self._memory.do(lambda: self._drop(context, str(arguments["fact"])))
        if found is None:
            what = "我没有记过这件事。" if context.language == "zh" else "I don't remember anything like that."
            raise ToolError(what)
        return Result(sentence(FORGOTTEN, found, context.language))

    def _drop(self, context: Context, words: str) -> str | None:
        with self._memory.vault.reading(_who(context)) as known:
            if known is None:
                return None
        with self._memory.vault.writing(_who(context)) as database:
            return drop(database, words)


class ForgetAllTool:
    """Forgets everything about the person, once they have confirmed it."""

    spec = Spec(
        "forget_everything",
        "Forgets everything that is remembered about the person.",
        reads_only=False,
        confirm=True,
        saying="working",
        personal=True,
    )

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """That it is done."""
        await self._memory.forget(_who(context))
        chinese = context.language == "zh"
        return Result("好的，关于你的一切我都忘掉了。" if chinese else "I've forgotten everything about you.")


def _answered(memory: Memory, database: sqlite3.Connection | None, question: str) -> str:
    """What the records say; a person of whom nothing is kept has none."""
    if database is not None:
        return memory.answered(database, question)
    with Vault(None, bytes).writing(Who("", "")) as nothing:
        return memory.answered(nothing, question)


def _who(context: Context) -> Who:
    return Who(context.owner if not context.passing else "", context.person)


def _listed(known: list[str], language: str) -> str:
    if language == "zh":
        if not known:
            return "你还没有让我记住什么。"
        more = f"还有{len(known) - MOST_LISTED}件别的事。" if len(known) > MOST_LISTED else ""
        return f"你告诉过我：{'；'.join(map(turned, known[-MOST_LISTED:]))}。{more}"
    if not known:
        return "You have not asked me to remember anything yet."
    more = f" And {len(known) - MOST_LISTED} more." if len(known) > MOST_LISTED else ""
    return f"You told me: {'; '.join(map(turned, known[-MOST_LISTED:]))}.{more}"
