"""A question about records with what its answer needs: rows of a person's memory, and words for what they say."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from voice.llm.builtin.days import MONTHS
from voice.memory.periods import spoken_day
from voice.memory.record_questions.reading import RecordQuestion
from voice.memory.records import SCALE, RecordKind

MOST_LINES = 12

_STATES = {
    "pending": "待处理", "processing": "处理中", "packed": "已打包", "shipped": "已发货", "in transit": "运输中",
    "out for delivery": "派送中", "delivered": "已送达", "returned": "已退货", "cancelled": "已取消",
}  # fmt: skip
_TO_ENGLISH = {chinese: english for english, chinese in _STATES.items()}
_HAN_KINDS = {"orders": "订单"}


@dataclass(frozen=True, slots=True)
class RecordAsking:
    """A question with what its answer needs."""

    database: sqlite3.Connection
    kind: RecordKind
    question: RecordQuestion
    today: date
    chinese: bool
    brief: bool

    def tell(self, value: str, english: str, chinese: str) -> str:
        """What a model needs, the days and the value; or a sentence to be said, in the question's language."""
        return f"{self.when}: {value}".strip(" :") if self.brief else self.say(english, chinese)

    def say(self, english: str, chinese: str) -> str:
        return chinese if self.chinese else english

    @property
    def colon(self) -> str:
        return self.say(": ", "：")

    @property
    def name(self) -> str:
        return _HAN_KINDS.get(self.kind.name, self.kind.name) if self.chinese else self.kind.name

    def one(self, number: str) -> str:
        """A record as people call it, by its number."""
        if self.brief and number:
            return number
        return f"{self.name}{number}" if self.chinese else f"{self.kind.one.capitalize()} {number}".strip()

    @property
    def what(self) -> str:
        """The things that are asked about."""
        return self.question.missing or self.say(" and ", "和").join(self.question.items)

    def select(self, columns: str, table: str = "records", rest: str = "") -> list[tuple[object, ...]]:
        """Rows of the question's days and things."""
        clauses, values = ["kind = ?"], [self.kind.name]
        if self.question.period is not None:
            clauses.append("day BETWEEN ? AND ?")
            values += [self.question.period.first.isoformat(), self.question.period.last.isoformat()]
        if self.question.items:
            clauses.append(f"item IN ({', '.join('?' * len(self.question.items))})")
            values += self.question.items
            if self.question.nth and table == "totals":
                chosen = "MAX" if self.question.nth < 0 else "MIN"
                clauses.append(f"day = (SELECT {chosen}(day) FROM totals WHERE {' AND '.join(clauses)})")
                values += values
        return self.database.execute(
            f"SELECT {columns} FROM {table} WHERE {' AND '.join(clauses)} {rest}", values
        ).fetchall()

    def money(self, amount: object) -> str:
        """An amount with its currency."""
        value = int(str(amount or 0)) / SCALE
        text = f"{value:.2f}"
        sign = self.kind.currency
        return (
            f"{sign}{text}"
            if len(sign) == 1 and sign in "$€£¥"
            else f"{text}{'' if self.chinese else ' '}{sign}".strip()
        )

    def day(self, text: object) -> str:
        """A day as it is said."""
        day = date.fromisoformat(str(text))
        if self.brief and not self.chinese:
            return f"{MONTHS[day.month - 1][:3]} {day.day}"
        return spoken_day(day, chinese=self.chinese)

    def state(self, text: object) -> str:
        """A state in the question's language, where it is a usual one."""
        said = str(text)
        return _STATES.get(said.lower(), said) if self.chinese else _TO_ENGLISH.get(said, said)

    @property
    def when(self) -> str:
        """The days that are asked about: ` from … to …` behind English, before Chinese words; empty for all."""
        if self.question.period is None:
            return ""
        first, last = (self.day(day.isoformat()) for day in (self.question.period.first, self.question.period.last))
        if self.brief:
            return first if first == last else f"{first}–{last}"
        if first == last:
            return self.say(f" on {first}", first)
        return self.say(f" from {first} to {last}", f"{first}到{last}")


def none_of(asking: RecordAsking) -> str:
    """That there is nothing of what is asked."""
    when = asking.when
    if asking.brief:
        return f"{when}: no {asking.what or asking.kind.name}".strip(" :")
    if asking.what:
        return asking.say(
            f"You have no {asking.what} in your {asking.name}{when}.", f"{when}你的{asking.name}里没有{asking.what}。"
        )
    return asking.say(f"You have no {asking.name}{when}.", f"{when}你没有{asking.name}。")


def counted(quantity: object, item: object) -> str:
    number = float(str(quantity))
    return f"{number:g} {item}"


def listed(parts: Sequence[str], asking: RecordAsking) -> str:
    shown = list(parts[:MOST_LINES])
    if len(parts) > MOST_LINES:
        shown.append(asking.say(f"and {len(parts) - MOST_LINES} more", f"还有{len(parts) - MOST_LINES}项"))
    return asking.say("; ", "；").join(shown)
