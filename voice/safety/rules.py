"""Rules that read a text word by word as it arrives, and hold back only what could still break one.

What rules say of a text depends on the text alone, never on how it was split. A rule's match counts unless an
exception of the same category covers it: `kill the process` is harmless, and so is every match within it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from voice.safety.rule_language import Alphabet, PatternError, PatternReader, PatternState, PatternWords, Rule, merged
from voice.safety.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that a text violates, and the code points from `start` to `end` that violate it."""

    rule: Rule
    start: int
    end: int


class Rules:
    """Compiled rules that read texts. Raises PatternError for an invalid pattern."""

    def __init__(
        self, rules: Sequence[Rule], lists: Mapping[str, str] | None = None, variants: Mapping[str, str] | None = None
    ) -> None:
        self.rules = tuple(rules)
        self.alphabet = Alphabet(variants or {})
        reader = PatternReader(self.alphabet, lists or {})
        for number, rule in enumerate(self.rules):
            try:
                reader.add(rule.pattern, number)
            except PatternError as error:
                error.rule = rule
                raise
        self.start = {word: [merged(states)] for word, states in reader.start.words.items()}
        seen: set[int] = set()
        same: dict[Hashable, Any] = {}
        firsts = {
            word for word, states in self.start.items() if True in [self._look_ahead(one, seen, same) for one in states]
        }
        self.prefixes = frozenset(word[:size] for word in firsts for size in range(1, len(word) + 1))

    def _look_ahead(self, state: PatternState, seen: set[int], same: dict[Hashable, Any]) -> bool:
        """Note in the state and those behind it whether a match is ahead, and exceptions of which categories.

        What is the same for several states is kept once (`same`): that is most of the memory.
        """
        if id(state) not in seen:
            seen.add(id(state))
            state.matters = any(not self.rules[number].exception for number in state.ends)
            for following in {id(one): one for many in (*state.words.values(), state.any) for one in many}.values():
                state.matters = self._look_ahead(following, seen, same) or state.matters
                ending = {self.rules[number].category for number in following.ends if self.rules[number].exception}
                state.excuses |= following.excuses | ending
            state.excuses = same.setdefault(state.excuses, state.excuses)
            ways = [(word, tuple(map(id, following))) for word, following in state.words.items()]
            for (word, places), there in zip(ways, state.words.values(), strict=True):
                state.words[word] = same.setdefault(places, there)
            state.words = same.setdefault(tuple(ways), state.words)
        return state.matters

    def verdict(self, text: str) -> Verdict:
        """The rules' verdict on a whole text."""
        return Verdict(tuple(dict.fromkeys(match.rule.category for match in self.matches(text))))

    def matches(self, text: str) -> list[Match]:
        """Every rule a whole text breaks."""
        reading = Reading(self, frozenset())
        reading.feed(text)
        reading.finish()
        return reading.matches


@dataclass(slots=True)
class _Pending:
    """A match that an exception may still cover."""

    match: Match
    first: int
    """Number of its first word."""


class Reading:
    """One text read by rules, piece by piece, up to the first match in one of the categories `stops`.

    `matches` are the rules broken so far, `blocked` the one that ended the reading. The first `safe` code points
    can no longer be part of a match.
    """

    __slots__ = (
        "_count",
        "_length",
        "_pending",
        "_rules",
        "_stops",
        "_threads",
        "_words",
        "blocked",
        "matches",
        "safe",
    )

    def __init__(self, rules: Rules, stops: frozenset[str]) -> None:
        self._rules, self._stops = rules, stops
        self._words = PatternWords(rules.alphabet)
        self._threads: list[tuple[PatternState, int, int]] = []  # state, number of the first word, its code point
        self._pending: list[_Pending] = []
        self._count = 0
        self._length = 0
        self.matches: list[Match] = []
        self.blocked: Match | None = None
        self.safe = 0

    def feed(self, text: str) -> None:
        """Read on."""
        if self.blocked is not None:
            return
        self._length += len(text)
        for word in self._words.feed(text):
            if not self._step(word):
                return
        words, held = self._words, self._length
        if words.tail and (self._threads or words.tail in self._rules.prefixes):
            held = words.tail_at
        self._let_go(held)

    def finish(self) -> None:
        """The text is complete: release the held rest, unless it was blocked."""
        if self.blocked is None:
            for word in self._words.finish():
                if not self._step(word):
                    return
            self.safe = self._length

    def _let_go(self, held: int) -> None:
        for state, _, at in self._threads:
            if at < held and state.matters:
                held = at
        for pending in self._pending:
            held = min(held, pending.match.start)
        self.safe = max(self.safe, held)

    def _step(self, word: tuple[str, int, int] | None) -> bool:
        """Take a word, or None for the end of a sentence. Returns whether reading continues."""
        if word is None:
            self._threads = []
            return not self._pending or self._settle()
        text, at, end = word
        start = self._rules.start.get(text)
        if not self._threads and start is None:
            self._count += 1
            return True
        threads: dict[tuple[int, int], tuple[PatternState, int, int]] = {}
        for state, first, since in self._threads:
            for following in (*state.words.get(text, ()), *state.any):
                threads[id(following), first] = (following, first, since)
        for following in start or ():
            threads[id(following), self._count] = (following, self._count, at)
        self._count += 1
        self._threads = list(threads.values())
        for state, first, since in self._threads:
            if state.ends:
                self._ended(state, first, since, end)
        return not self._pending or self._settle()

    def _ended(self, state: PatternState, first: int, since: int, end: int) -> None:
        for number in state.ends:
            rule = self._rules.rules[number]
            if not rule.exception:
                self._pending.append(_Pending(Match(rule, since, end), first))

    def _settle(self) -> bool:
        """Drop matches that an exception ending here covers; those that no exception can still cover count."""
        rules = self._rules.rules
        ended = [
            (rules[n].category, first) for state, first, _ in self._threads for n in state.ends if rules[n].exception
        ]
        waiting: list[_Pending] = []
        for pending in self._pending:
            category = pending.match.rule.category
            if any(name == category and first <= pending.first for name, first in ended):
                continue
            if self._may_be_covered(category, pending.first):
                waiting.append(pending)
                continue
            self.matches.append(pending.match)
            if category in self._stops:
                self._let_go(pending.match.start)
                self.blocked = pending.match
                return False
        self._pending = waiting
        return True

    def _may_be_covered(self, category: str, first: int) -> bool:
        return any(began <= first and category in state.excuses for state, began, _ in self._threads)
