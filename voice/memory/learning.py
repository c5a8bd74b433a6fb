"""Facts that a model draws from what a person said, where the owner has asked for that (`memory.learn`)."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import datetime

from voice.errors import VoiceError
from voice.llm.interface import Ask, Delta, Done, Effect, Message
from voice.memory.fact_book import facts, keep
from voice.memory.facts import MOST_CHARS, fact_request, is_personal, subject
from voice.memory.memory import Memory
from voice.memory.ranking import terms
from voice.memory.vault import Vault, Who
from voice.text.patterns import pattern_of
from voice.text.placeholders import PLACEHOLDER
from voice.tools.interface import ToolError

log = logging.getLogger(__name__)

MOST = 3
"""Facts that are drawn from one turn."""
LEAST_OWN = 0.6
"""The share of a fact's words that the person must have said: what a model adds is not kept."""
_MOST_SEEN = 10_000

PROMPT = (
    "You note lasting facts about a person from one thing they said: who and what belongs to them, where they live "
    "and work, what they like, need, cannot have or plan. Write at most three lines, each one fact in the person's own "
    "words and language, from their own view, such as: I am allergic to nuts. Nothing that holds only for the moment, "
    "no question, no request, no password, code or number of a card, nothing about other people's secrets. If there is "
    "no such fact, write only: none."
)
_SECRET = pattern_of(
    r"\b(?:passwords?|passcodes?|passphrase|pin|codes?|secret|token|key ?phrase|cvv|iban|card number)\b"
    r"|密码|口令|验证码|卡号|暗号|密钥|秘密",
    re.I,
)
_UNDO = pattern_of(
    r"^(?:no[,.]? |please )?(?:forget (?:that|it|this)|(?:don't|do not) (?:remember|keep|note) (?:that|it|this)"
    r"|undo that)(?: please)?[.!]*$"
    r"|^(?:不[，,])?(?:请)?(?:忘掉|忘了|忘记|别记|不要记)(?:这个|那个|它|这件事|刚才的)?[吧了。！]*$",
    re.I,
)


class Learner:
    """Draws facts from turns. `ask` has the model answer, `private` finds what redaction would take out."""

    def __init__(
        self,
        memory: Memory,
        ask: Callable[[Ask, str], AsyncIterator[Delta | Effect | Done]],
        private: Callable[[str], bool],
    ) -> None:
        self._memory, self._ask, self._private = memory, ask, private
        self._seen: OrderedDict[str, int] = OrderedDict()

    async def settled(self, who: Who, sid: str, number: int, said: str) -> None:
        """Learn from a turn that counts, once; or take back what was learned last, where the person says so."""
        if self._seen.get(sid, 0) >= number or self._memory.passes(sid, number):
            return
        self._memory.news.pop(who, None)  # this turn has shown it
        self._seen[sid] = number
        self._seen.move_to_end(sid)
        while len(self._seen) > _MOST_SEEN:
            self._seen.popitem(last=False)
        try:
            if _UNDO.match(said.strip()):
                await self._memory.do(lambda: undo(self._memory.vault, who))
            elif self._may_tell(said):
                drawn = [fact for fact in await self._drawn(said, who.owner) if self._keepable(fact, said)]
                if drawn:
                    now = self._memory.now()
                    news = await self._memory.do(lambda: learn(self._memory.vault, who, drawn[:MOST], now))
                    self._memory.news |= {who: news} if news else {}
        except VoiceError as error:
            log.info("nothing was learned from a turn: %s", error)

    def _may_tell(self, said: str) -> bool:
        """Whether words may hold a fact that the person did not ask to be remembered already."""
        return is_personal(said) and fact_request(said) is None and not said.rstrip().endswith(("?", "？"))

    async def _drawn(self, said: str, owner: str) -> list[str]:
        messages = (Message("system", PROMPT), Message("user", said))
        ask = Ask(messages, options={"max_tokens": 120, "temperature": 0})
        text = ""
        async with aclosing(self._ask(ask, owner)) as stream:  # type: ignore[type-var]
            async for item in stream:
                text += item.text if isinstance(item, Delta) else ""
        return [line.strip(" -*•\t").rstrip(".。") for line in text.splitlines()]

    def _keepable(self, fact: str, said: str) -> bool:
        """Whether a fact is the person's own, from what they said, and no secret."""
        if not 4 <= len(fact) <= MOST_CHARS or fact.lower() == "none" or PLACEHOLDER.search(fact):
            return False
        if not is_personal(fact) or _SECRET.search(fact) or self._private(fact):
            return False
        own, has = {term for term in terms(fact) if term[0] != "#"}, terms(said)
        return bool(own) and sum(term in has for term in own) >= LEAST_OWN * len(own)


def learn(vault: Vault, who: Who, drawn: list[str], now: datetime) -> list[str]:
    """Keep facts as learned together, and return them; never in place of one that was asked to be remembered."""
    at, news = now.isoformat(), list[str]()
    with vault.writing(who) as database:
        for fact in drawn:
            about = subject(fact)
            asked = "SELECT 1 FROM facts WHERE about = ? AND text NOT IN (SELECT text FROM learned)"
            if fact in facts(database) or (about and database.execute(asked, (about,)).fetchone()):
                continue
            try:
                kept, _ = keep(database, fact, now.date())
            except ToolError:
                break  # it is full: what the person asks to have remembered goes before this
            database.execute("INSERT OR REPLACE INTO learned VALUES (?, ?)", (kept, at))
            news.append(kept)
    return news


def learned(database: sqlite3.Connection | None) -> set[str]:
    """The facts that were learned, not asked to be remembered."""
    return set() if database is None else {text for (text,) in database.execute("SELECT text FROM learned")}


def undo(vault: Vault, who: Who) -> list[str]:
    """Take back what was learned last, and return it."""
    with vault.reading(who) as known:
        if not learned(known):
            return []
    with vault.writing(who) as database:
        last = "SELECT text FROM learned WHERE at = (SELECT MAX(at) FROM learned)"
        gone = [text for (text,) in database.execute(last)]
        database.executemany("DELETE FROM facts WHERE text = ?", [(text,) for text in gone])
    return gone
