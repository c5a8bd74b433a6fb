"""Answers to questions about records: SQL over a person's rows and their roll-ups, in at most a dozen lines."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

from voice.memory.asking import MOST_LINES, RecordAsking, counted, listed, none_of
from voice.memory.record_questions.reading import about_records, record_question
from voice.memory.record_questions.signs import Asked
from voice.memory.records import RecordKind, states
from voice.text.speakable import language_of

DAYS_SHOWN = 5
"""Days that are listed one by one; of more than these, only what there was of each thing."""

REFUSED = ("I can only tell you about your own {kind}.", "我只能告诉你你自己的{kind}。")


def answer(
    database: sqlite3.Connection, kinds: Mapping[str, RecordKind], text: str, today: date, *, brief: bool = False
) -> tuple[str, bool] | None:
    """What a person's records say about the words, and whether it is a refusal; None where these are about none.

    It is a sentence to be said, or `brief`, for a model that has the question and reads the answer in few tokens. Of a
    kind that the person has none of, only what certainly asks for it is answered.
    """
    for kind in kinds.values():
        rows = database.execute("SELECT DISTINCT item, number FROM records WHERE kind = ?", (kind.name,)).fetchall()
        if not rows and not about_records(text, [kind]):
            continue
        things, numbers = {item for item, _ in rows}, {number for _, number in rows}
        question = record_question(text, kind, things, numbers, today)
        if question is not None:
            asking = RecordAsking(database, kind, question, today, language_of(text) == "zh", brief)
            if question.asked == "refused":
                return asking.say(*REFUSED).format(kind=asking.name), True
            return _ANSWERS[question.asked](asking), False
    return None


def _list(asking: RecordAsking) -> str:
    if asking.question.states:
        return _by_state(asking)
    if asking.question.missing:
        return none_of(asking)
    days = asking.select("DISTINCT day", "totals", "ORDER BY day")
    if not days:
        return none_of(asking)
    if len(days) <= (1 if asking.brief and not asking.question.items else DAYS_SHOWN):
        rows = asking.select("day, item, quantity", "totals", "ORDER BY day, item")
        parts = [
            f"{asking.day(day)}{asking.colon}" + ", ".join(counted(n, item) for at, item, n in rows if at == day)
            for (day,) in days
        ]
    else:
        rows = asking.select("item, SUM(quantity)", "totals", "GROUP BY item ORDER BY SUM(quantity) DESC, item")
        parts = [counted(quantity, item) for item, quantity in rows]
    told = listed(parts, asking)
    if (period := asking.question.period) is not None and period.first == period.last:
        told = told.removeprefix(f"{asking.day(period.first)}{asking.colon}")  # `when` says it
    elif asking.brief and period is not None and len(days) == 1:
        return told  # it begins with the day
    return asking.tell(told, f"Your {asking.name}{asking.when}: {told}.",
                       f"{asking.when}你的{asking.name}：{told}。")  # fmt: skip


def _by_state(asking: RecordAsking) -> str:
    rows = asking.select(
        "number, day, state, GROUP_CONCAT(item, ', ')", "records", "GROUP BY number, day, state ORDER BY day"
    )
    wanted = [row for row in rows if states(str(row[2])) & asking.question.states]
    wanted = wanted[min(asking.question.nth, 0) :]
    if not wanted:
        name = "/".join(sorted(asking.question.states))
        return asking.say(f"None of your {asking.name} is {name}.", f"没有这样的{asking.name}。")
    parts = [
        f"{asking.one(str(number))} ({asking.state(state)}, {asking.day(day)}: {items})"
        for number, day, state, items in wanted
    ]
    return listed(parts, asking) + asking.say(".", "。")


def _spent(asking: RecordAsking) -> str:
    if asking.question.missing:
        return none_of(asking)
    ((amount, count),) = asking.select("SUM(amount), COUNT(*)", "totals")
    if not count:
        return none_of(asking)
    what = asking.say(" on ", "买") + asking.what if asking.what else ""
    money = asking.money(amount)
    return asking.tell(money, f"You spent {money}{what}{asking.when}.", f"{asking.when}你{what}一共花了{money}。")


_ORDERS = "COUNT(DISTINCT CASE number WHEN '' THEN key ELSE number END)"


def _count(asking: RecordAsking) -> str:
    ((count,),) = asking.select(_ORDERS)
    if not count:
        return none_of(asking)
    name = asking.kind.one if count == 1 else asking.name
    told = f"{count}{asking.say(' ', '个')}{name}"
    return asking.tell(told, f"You placed {told}{asking.when}.", f"{asking.when}你有{told}。")


def _quantity(asking: RecordAsking) -> str:
    ((quantity,),) = asking.select("SUM(quantity)", "totals") if not asking.question.missing else ((None,),)
    if not quantity:
        return none_of(asking)
    told = counted(quantity, asking.what)
    return asking.tell(told, f"{told}{asking.when}.", f"{asking.when}一共{told}。")


def _times(asking: RecordAsking) -> str:
    ((count,),) = asking.select(_ORDERS) if not asking.question.missing else ((0,),)
    if not count:
        return none_of(asking)
    times = {1: "once", 2: "twice"}.get(int(str(count)), f"{count} times")
    number = f" ({count})" if times in ("once", "twice") else ""
    return asking.tell(
        f"{count}×",
        f"You ordered {asking.what} {times}{number}{asking.when}.",
        f"{asking.when}{asking.what}你买过{count}次。",
    )


def _pieces(asking: RecordAsking) -> str:
    ((pieces, things),) = asking.select("SUM(quantity), COUNT(DISTINCT item)", "totals")
    if not things:
        return none_of(asking)
    kinds = f"{things} kind{'' if things == 1 else 's'}"
    return asking.tell(f"{pieces:g} pieces, {kinds}", f"{pieces:g} pieces of {kinds}{asking.when}.",
                       f"{asking.when}一共{pieces:g}件，{things}种。")  # fmt: skip


def _last_of(asking: RecordAsking) -> list[tuple[object, ...]]:
    """The last line of the things; the first one where that is asked for."""
    order = "ASC" if asking.question.nth > 0 else "DESC"
    return asking.select(
        "day, number, quantity, amount, state, item", "records", f"ORDER BY day {order}, number {order} LIMIT 1"
    )


def _when(asking: RecordAsking) -> str:
    rows = _last_of(asking) if not asking.question.missing else []
    if not rows:
        return none_of(asking)
    day = asking.day(rows[0][0])
    which, han = ("first", "第一次") if asking.question.nth > 0 else ("last", "上次")
    return asking.tell(
        f"{which} {day}",
        f"You {which} ordered {asking.what or 'something'} on {day}.",
        f"你{han}买{asking.what}是{day}。",
    )


def _price(asking: RecordAsking) -> str:
    rows = _last_of(asking) if not asking.question.missing else []
    if not rows:
        return none_of(asking)
    day, _, quantity, amount, _, item = rows[0]
    each, number = int(str(amount or 0)) / float(str(quantity)), float(str(quantity))
    whole = (
        ""
        if number == 1
        else asking.say(f", {asking.money(amount)} for {number:g}", f"，{number:g}份共{asking.money(amount)}")
    )
    price = asking.money(round(each))
    return asking.tell(f"{price}{whole} on {asking.day(day)}", f"{item} was {price}{whole} on {asking.day(day)}.",
                       f"{asking.day(day)}的{item}是{price}{whole}。")  # fmt: skip


def _paid(asking: RecordAsking) -> str:
    """What a thing cost, the last time and all times: `how much did I pay for the coffee` may mean either."""
    last = _price(asking)
    ((amount, count),) = asking.select("SUM(amount), COUNT(*)", "records")
    if not count or count == 1:
        return last
    whole = asking.money(amount)
    if asking.brief:
        return f"{last}{asking.say('; in all ', '；一共')}{whole}"
    return last + asking.say(f" {whole} in all.", f"一共{whole}。")


def _did(asking: RecordAsking) -> str:
    if asking.question.nth and not asking.question.missing:
        return _did_in_one(asking)
    if asking.question.missing or not (rows := asking.select("day, item, quantity", "totals", "ORDER BY day")):
        return ("" if asking.brief else asking.say("No. ", "没有。")) + none_of(asking)
    parts = [f"{counted(quantity, item)} ({asking.day(day)})" for day, item, quantity in rows]
    if asking.brief:
        day, item, quantity = rows[-1]
        before = f", {len(rows) - 1}× before" if len(rows) > 1 else ""
        return f"Yes: {counted(quantity, item)} {asking.day(day)}{before}"
    return asking.say(f"Yes: {listed(parts, asking)}.", f"买过：{listed(parts, asking)}。")


def _did_in_one(asking: RecordAsking) -> str:
    """Whether the record at a place has the things."""
    number, day = _at_place(replace(asking, question=replace(asking.question, items=())), asking.question.nth)
    rows = asking.select("item, quantity, number, day", "records", "ORDER BY item")
    bought = ", ".join(counted(row[1], row[0]) for row in rows if (row[2], row[3]) == (number, day))
    one = asking.one(number)
    if not bought:
        return asking.tell(f"{one}: no {asking.what}", f"No. {one} has no {asking.what}.",
                           f"没有。{one}里没有{asking.what}。")  # fmt: skip
    return asking.tell(f"Yes: {bought} ({one})", f"Yes: {one} has {bought}.", f"买过：{one}里有{bought}。")


def _thing(
    columns: str, order: str, english: str, chinese: str, *, money: bool = False
) -> Callable[[RecordAsking], str]:
    """The thing that is first by an order, with its number or amount."""

    def found(asking: RecordAsking) -> str:
        rest = f"GROUP BY item ORDER BY {columns} {order}, item LIMIT 1"
        rows = asking.select(f"item, {columns}", "totals", rest)
        if not rows:
            return none_of(asking)
        item, value = rows[0]
        told = asking.money(round(float(str(value or 0)))) if money else f"{float(str(value)):g}"
        return asking.tell(f"{item} {told}" if money else f"{told} {item}",
                           f"{english.capitalize()} {item}: {told}{asking.when}.",
                           f"{asking.when}{chinese}的是{item}，{told}。")  # fmt: skip

    return found


def _average(asking: RecordAsking) -> str:
    if asking.question.items:
        ((amount, quantity),) = asking.select("SUM(amount), SUM(quantity)", "totals")
        if not quantity:
            return none_of(asking)
        each = asking.money(round(float(str(amount or 0)) / float(str(quantity))))
        return asking.tell(each, f"On average {each} for one{asking.when}.", f"{asking.when}平均每份{each}。")
    ((amount, count),) = asking.select(f"SUM(amount), {_ORDERS}")
    if not count:
        return none_of(asking)
    each = asking.money(round(int(str(amount or 0)) / int(str(count))))
    return asking.tell(each, f"On average {each} per {asking.kind.one}{asking.when}.", f"{asking.when}平均每单{each}。")


def _per_day(asking: RecordAsking) -> str:
    rows = asking.select("day, SUM(amount)", "totals", "GROUP BY day ORDER BY day")
    if not rows:
        return none_of(asking)
    parts = [f"{asking.day(day)}{asking.colon}{asking.money(amount)}" for day, amount in rows[-MOST_LINES:]]
    return listed(parts, asking) + asking.say(".", "。")


def _extreme(direction: str) -> Callable[[RecordAsking], str]:
    def found(asking: RecordAsking) -> str:
        rest = f"GROUP BY number, day ORDER BY SUM(amount) {direction}, day DESC LIMIT 1"
        rows = asking.select("number, day, SUM(amount), GROUP_CONCAT(item, ', ')", "records", rest)
        if not rows:
            return none_of(asking)
        number, day, amount, items = rows[0]
        told = f"{asking.one(str(number))} ({asking.day(day)}): {asking.money(amount)}"
        return told if asking.brief else f"{told}, {items}{asking.say('.', '。')}"

    return found


def _dearest_day(asking: RecordAsking) -> str:
    rows = asking.select("day, SUM(amount)", "totals", "GROUP BY day ORDER BY SUM(amount) DESC LIMIT 1")
    if not rows:
        return none_of(asking)
    day, amount = rows[0]
    return asking.say(f"On {asking.day(day)}: {asking.money(amount)}.", f"{asking.day(day)}：{asking.money(amount)}。")


def _at_place(asking: RecordAsking, place: int) -> tuple[str, str]:
    """The number and day of a record: place 1 is the first, -1 the last; without a day where there is none."""
    order = "DESC" if place < 0 else "ASC"
    rest = f"GROUP BY number, day ORDER BY day {order}, number {order} LIMIT 1 OFFSET {abs(place) - 1}"
    rows = asking.select("number, day", "records", rest)
    return (str(rows[0][0]), str(rows[0][1])) if rows else ("", "")


def _one(asking: RecordAsking) -> str:
    """One record of those that have a number, or the last one that has the thing."""
    question = asking.question
    if question.missing:
        return none_of(asking)
    number, day = question.number, ""
    if not number:
        number, day = _at_place(asking, question.nth or -1)
        if not day:
            return none_of(asking)
    where, values = "kind = ? AND lower(number) = lower(?)", [asking.kind.name, number]
    if day:
        where, values = f"{where} AND day = ?", [*values, day]
    lines = asking.database.execute(
        f"SELECT day, item, quantity, amount, state, number FROM records WHERE {where} ORDER BY item", values
    ).fetchall()
    if not lines:
        return asking.say(f"You have no {asking.kind.one} {number}.", f"你没有{asking.name}{number}。")
    day, number = lines[0][0], lines[0][5]
    items = ", ".join(counted(quantity, item) for _, item, quantity, _, _, _ in lines)
    told = {
        "cost": asking.money(sum(amount or 0 for _, _, _, amount, _, _ in lines)),
        "day": asking.day(day),
        "items": f"{items} ({asking.day(day)})",
        "number": asking.day(day),
    }.get(question.asked)
    if told is None:
        found = list(dict.fromkeys(asking.state(state) for _, _, _, _, state, _ in lines if state))
        told = ", ".join(found) or asking.say("no state is known", "状态未知")
        told = f"{told} ({asking.day(day)}{'' if asking.brief else f': {items}'})"
    return f"{asking.one(str(number))}{asking.colon}{told}{asking.say('.', '。')}"


_EACH = "SUM(amount) / SUM(quantity)"
_ANSWERS: Mapping[Asked, Callable[[RecordAsking], str]] = {
    "list": _list, "spent": _spent, "count": _count, "quantity": _quantity, "pieces": _pieces, "times": _times,
    "when": _when, "price": _price, "paid": _paid, "did": _did, "average": _average, "per_day": _per_day,
    "state": _one, "items": _one, "number": _one, "cost": _one, "day": _one,
    "dearest": _extreme("DESC"), "cheapest": _extreme("ASC"), "dearest_day": _dearest_day,
    "most": _thing("SUM(quantity)", "DESC", "most of all", "买得最多"),
    "least": _thing("SUM(quantity)", "ASC", "least of all", "买得最少"),
    "most_money": _thing("SUM(amount)", "DESC", "most was spent on", "花钱最多", money=True),
    "least_money": _thing("SUM(amount)", "ASC", "least was spent on", "花钱最少", money=True),
    "dearest_thing": _thing(_EACH, "DESC", "the dearest thing was", "最贵", money=True),
    "cheapest_thing": _thing(_EACH, "ASC", "the cheapest thing was", "最便宜", money=True),
}  # fmt: skip
