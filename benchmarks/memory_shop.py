"""A made-up shop for `voice bench memory`: its customers' orders of 30 days, and questions with their answers.

The answers are computed from the orders as they were made up, by code that shares nothing with the product.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

TODAY = date(2026, 11, 27)
"""A Friday."""

DAYS = 30

_GOODS = {
    "en": (
        "coffee 3.20|bread 2.95|oat milk 2.19|green tea 4.50|apple juice 1.89|dark chocolate 2.49|"
        "cat food 8.75|washing powder 11.30|tomato soup 3.05|olive oil 9.99|banana 0.45|cheddar 5.60|"
        "printer paper 6.40|notebook 3.80|light bulb 4.15|shampoo 3.99|orange 0.65|rice 2.75|"
        "batteries 7.20|salmon 12.40|toothbrush 2.30|candle 5.10|pizza 8.90|sparkling water 0.89"
    ),
    "zh": (
        "咖啡 18.00|面包 9.50|牛奶 6.80|绿茶 25.00|苹果汁 7.90|黑巧克力 15.60|猫粮 68.00|洗衣粉 32.50|番茄汤 12.00|"
        "橄榄油 59.90|香蕉 3.20|奶酪 28.40|打印纸 22.00|笔记本 8.60|灯泡 11.20|洗发水 36.00|橙子 4.50|大米 45.00|"
        "电池 19.90|三文鱼 88.00|牙刷 9.90|蜡烛 16.80|比萨 49.00|气泡水 5.50"
    ),
}
"""Names and prices."""

GOODS = {
    language: tuple((item.rpartition(" ")[0], item.rpartition(" ")[2]) for item in goods.split("|"))
    for language, goods in _GOODS.items()
}
MEASURES = {
    "咖啡": "杯", "面包": "个", "牛奶": "盒", "绿茶": "盒", "苹果汁": "瓶", "洗衣粉": "袋", "灯泡": "个", "牙刷": "支",
}  # fmt: skip
PLURALS = {
    "bread": "loaves of bread", "coffee": "coffees", "banana": "bananas", "notebook": "notebooks", "pizza": "pizzas",
    "light bulb": "light bulbs", "toothbrush": "toothbrushes", "orange": "oranges", "candle": "candles",
}  # fmt: skip
STATES = {
    "en": ("processing", "shipped", "out for delivery", "delivered", "returned", "cancelled"),
    "zh": ("处理中", "已发货", "派送中", "已送达", "已退货", "已取消"),
}
NAMES = {"en": ("Tom", "Anna", "Mister Lee", "Julia"), "zh": ("王芳", "李伟", "小张", "陈静")}
WEEKDAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order."""

    number: str
    day: date
    item: str
    quantity: int
    price: Decimal
    state: str

    @property
    def amount(self) -> Decimal:
        """The price of all of it."""
        return self.price * self.quantity


@dataclass(frozen=True, slots=True)
class Asking:
    """A question of a customer: what has to be in the answer, what must not, and the kind of question."""

    words: str
    kind: str
    told: tuple[str, ...]
    untold: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()

    def right(self, said: str) -> bool:
        """Whether an answer has all that it must, whole, and nothing that it must not; `#3` is the number alone, and
        `Nov 3` the same as `November 3`."""
        said = re.sub(r"\b(Oct|Nov)(?= \d)", lambda found: {"Oct": "October", "Nov": "November"}[found[0]], said)
        for told in self.told:
            number = rf"(?<![\d.]){told[1:]}(?!\d|\.\d)" if told.startswith("#") else rf"(?<!\d){re.escape(told)}(?!\d)"
            if not re.search(number, said):
                return False
        if any(re.search(rf"(?<![A-Za-z]){re.escape(untold)}(?![a-z])", said) for untold in self.untold):
            return False
        return not self.any_of or any(one in said for one in self.any_of)


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer who speaks one language, and their lines, oldest first."""

    id: str
    language: str
    lines: tuple[Line, ...]


def customer(number: int, seed: int = 7) -> Customer:
    """The same customer for the same number: 5 to 20 orders of 30 days, of 4 to 10 things they like."""
    random = Random(f"{seed} {number}")
    language = ("en", "zh")[number % 2]
    liked = random.sample(GOODS[language], random.randint(4, 10))
    days = sorted(random.randrange(DAYS) for _ in range(random.randint(5, 20)))
    lines = []
    for place, back in enumerate(sorted(days, reverse=True)):
        order = str(100_000 + (number * 97) % 800_000 + place * 3)
        day = TODAY - timedelta(days=back)
        processing, shipped, out, delivered, returned, cancelled = STATES[language]
        state = {0: processing, 1: shipped, 2: out}.get(back, "")
        if not state:
            chance = random.random()
            state = returned if chance < 0.08 else cancelled if chance < 0.11 else delivered
        for item, price in random.sample(liked, random.randint(1, min(3, len(liked)))):
            lines.append(Line(order, day, item, random.randint(1, 4), Decimal(price), state))
    return Customer(f"customer-{number}", language, tuple(lines))


def templates(path: Path) -> list[tuple[str, str, str, str]]:
    """Language, kind, days and words of each question of the set."""
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
    return [(language, kind, days, words) for language, kind, days, words in rows]


def questions(
    sets: Sequence[tuple[str, str, str, str]], count: int, customers: int = 10_000, seed: int = 7
) -> Iterator[tuple[Customer, Asking]]:
    """So many questions of that many customers, every template in turn; half in each language."""
    random = Random(seed)
    by_language = {language: [row for row in sets if row[0] == language] for language in ("en", "zh")}
    for at in range(count):
        rows = by_language[("en", "zh")[at % 2]]
        language, kind, days, words = rows[(at // 2) % len(rows)]
        while True:
            number = 2 * random.randrange(customers // 2) + (language == "zh")
            asking = ask(customer(number), kind, days, words, random)
            if asking is not None:
                yield customer(number), asking
                break


def ask(who: Customer, kind: str, days: str, words: str, random: Random) -> Asking | None:
    """A template filled for a customer; None where it does not fit them, such as a last order on an empty day."""
    language, zh = who.language, who.language == "zh"
    weekday = random.randrange(7)
    some_day = random.choice(who.lines).day
    first, last = _days(days, weekday, some_day)
    mine = [line for line in who.lines if first <= line.day <= last]
    if days == "last_order":
        mine = [line for line in mine if line.number == who.lines[-1].number]
    item = random.choice(who.lines).item
    words = words.replace("{weekday}", WEEKDAYS[language][weekday]).replace("{date}", _date(some_day, zh))
    if ("{items}" in words and item not in PLURALS) or ("{measure}" in words and item not in MEASURES):
        return None
    number = random.choice(who.lines).number
    words = words.replace("{items}", PLURALS.get(item, item)).replace("{item}", item)
    words = words.replace("{measure}", MEASURES.get(item, "")).replace("{number}", number)
    words = words.replace("{other}", random.choice(NAMES[language]))
    return _ANSWERS[kind](words, kind, who, mine, item, number, zh)


Filled = Callable[[str, str, Customer, list[Line], str, str, bool], "Asking | None"]


def _days(name: str, weekday: int, some_day: date) -> tuple[date, date]:
    monday = TODAY - timedelta(days=TODAY.weekday())
    on_weekday = TODAY - timedelta(days=(TODAY.weekday() - weekday - 1) % 7 + 1)
    if name.startswith("days_ago"):
        day = TODAY - timedelta(days=int(name.removeprefix("days_ago")))
        return day, day
    if name.startswith("days"):
        return TODAY - timedelta(days=int(name.removeprefix("days")) - 1), TODAY
    return {
        "all": (date.min, date.max),
        "last_order": (date.min, date.max),
        "today": (TODAY, TODAY),
        "yesterday": (TODAY - timedelta(days=1), TODAY - timedelta(days=1)),
        "this_week": (monday, TODAY),
        "last_week": (monday - timedelta(days=7), monday - timedelta(days=1)),
        "last_weekend": (monday - timedelta(days=2), monday - timedelta(days=1)),
        "this_month": (TODAY.replace(day=1), TODAY),
        "last_month": (date(2026, 10, 1), date(2026, 10, 31)),
        "weekday": (on_weekday, on_weekday),
        "since": (on_weekday, TODAY),
        "date": (some_day, some_day),
    }[name]


def _date(day: date, zh: bool) -> str:
    return f"{day.month}月{day.day}号" if zh else f"{day.strftime('%B')} {day.day}"


def _said_day(day: date, zh: bool) -> str:
    return f"{day.month}月{day.day}日" if zh else f"{day.strftime('%B')} {day.day}"


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _all_items(language: str) -> set[str]:
    return {item for item, _ in GOODS[language]}


def _others(language: str, items: set[str]) -> tuple[str, ...]:
    """Things that must not be in an answer: not part of the name of one that has to be."""
    return tuple(sorted(thing for thing in _all_items(language) - items if not any(thing in item for item in items)))


def _orders(lines: Sequence[Line]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(line.number, []).append(line)
    return found


NOTHING = ("no ", "No", "没有", "None")


def _list(words: str, kind: str, who: Customer, mine: list[Line], item: str, number: str, zh: bool) -> Asking | None:
    items = {line.item for line in mine}
    if not items:
        return Asking(words, kind, (), _others(who.language, set()), NOTHING)
    return Asking(words, kind, tuple(sorted(items)), _others(who.language, items))


def _spent(words: str, kind: str, who: Customer, mine: list[Line], item: str, number: str, zh: bool) -> Asking | None:
    if not mine:
        return Asking(words, kind, (), (), NOTHING)
    return Asking(words, kind, (_money(sum((line.amount for line in mine), Decimal(0))),))


def _of_item(make: Callable[[list[Line], bool], tuple[str, ...]]) -> Filled:
    def made(words: str, kind: str, who: Customer, mine: list[Line], item: str, number: str, zh: bool) -> Asking | None:
        lines = [line for line in mine if line.item == item]
        return Asking(words, kind, make(lines, zh)) if lines else Asking(words, kind, (item,), (), NOTHING)

    return made


def _count(words: str, kind: str, who: Customer, mine: list[Line], item: str, number: str, zh: bool) -> Asking | None:
    count = len(_orders(mine))
    return Asking(words, kind, (f"#{count}",)) if count else Asking(words, kind, (), (), NOTHING)


def _of_order(
    pick: Callable[[Customer, str], str | None], told: Callable[[list[Line], bool], tuple[str, ...]]
) -> Filled:
    def made(words: str, kind: str, who: Customer, mine: list[Line], item: str, number: str, zh: bool) -> Asking | None:
        chosen = pick(who, item if kind in ("state_item", "order_of") else number)
        if chosen is None:
            return None
        return Asking(words, kind, told(_orders(who.lines)[chosen], zh))

    return made


def _last(who: Customer, _: str) -> str | None:
    return who.lines[-1].number


def _last_with(who: Customer, item: str) -> str | None:
    return next((line.number for line in reversed(who.lines) if line.item == item), None)


def _nth(words: str, kind: str, who: Customer, mine: list[Line], item: str, number: str, zh: bool) -> Asking | None:
    place = 3 if "third" in words or "第三" in words else 1 if "first" in words or "第一" in words else 2
    orders = list(_orders(who.lines).values())
    if place > len(orders):
        return None
    lines = orders[place - 1]
    told = tuple(line.item for line in lines) if kind == "first" else (lines[0].number, lines[0].state)
    return Asking(words, kind, told)


def _extreme(most: bool) -> Filled:
    def made(words: str, kind: str, who: Customer, mine: list[Line], item: str, number: str, zh: bool) -> Asking | None:
        sums = sorted((sum((one.amount for one in lines), Decimal(0)), key) for key, lines in _orders(mine).items())
        if len(sums) < 2 or sums[0][0] == sums[1][0] or sums[-1][0] == sums[-2][0]:
            return None
        amount, order = sums[-1 if most else 0]
        return Asking(words, kind, (_money(amount), order))

    return made


def _did(words: str, kind: str, who: Customer, mine: list[Line], item: str, number: str, zh: bool) -> Asking | None:
    found = any(line.item == item for line in mine)
    return Asking(words, kind, (item,), ("No",) if found else ("Yes",), ("Yes", "买过") if found else NOTHING)


def _by_state(*wanted: int) -> Filled:
    def made(words: str, kind: str, who: Customer, mine: list[Line], item: str, number: str, zh: bool) -> Asking | None:
        named = {STATES[who.language][place] for place in wanted}
        orders = _orders(mine)
        found = [key for key, lines in orders.items() if lines[0].state in named]
        if len(found) > 12:
            return None
        others = tuple(key for key in _orders(who.lines) if key not in found)
        return Asking(words, kind, tuple(found), others, () if found else NOTHING)

    return made


def _on_way(words: str, kind: str, who: Customer, mine: list[Line], item: str, number: str, zh: bool) -> Asking | None:
    """What is shipped and not there; what is not shipped yet may be told too, since its state is said."""
    found = {name: {line.number for line in mine if line.state == name} for name in STATES[who.language]}
    processing, shipped, out, *over = found.values()
    return Asking(words, kind, tuple(sorted(shipped | out)), tuple(sorted(set().union(*over))),
                  () if shipped | out | processing else NOTHING)  # fmt: skip


def _thing(value: Callable[[list[Line]], Decimal], *, most: bool) -> Filled:
    """The one thing that is first by a value of its lines."""

    def made(words: str, kind: str, who: Customer, mine: list[Line], item: str, number: str, zh: bool) -> Asking | None:
        by_item = {name: [line for line in mine if line.item == name] for name in {line.item for line in mine}}
        ranked = sorted(((value(lines), name) for name, lines in by_item.items()), reverse=most)
        if len(ranked) < 2 or ranked[0][0] == ranked[1][0]:
            return None
        return Asking(words, kind, (ranked[0][1],), _others(who.language, {ranked[0][1]}))

    return made


def _amount(lines: list[Line]) -> Decimal:
    return sum((line.amount for line in lines), Decimal(0))


def _most(words: str, kind: str, who: Customer, mine: list[Line], item: str, number: str, zh: bool) -> Asking | None:
    counts: dict[str, int] = {}
    for line in mine:
        counts[line.item] = counts.get(line.item, 0) + line.quantity
    ranked = sorted(counts.items(), key=lambda one: -one[1])
    if len(ranked) < 2 or ranked[0][1] == ranked[1][1]:
        return None
    return Asking(words, kind, (ranked[0][0],), _others(who.language, {ranked[0][0]}))


def _by_day(mine: list[Line]) -> dict[date, Decimal]:
    sums: dict[date, Decimal] = {}
    for line in mine:
        sums[line.day] = sums.get(line.day, Decimal(0)) + line.amount
    return sums


def _day_most(
    words: str, kind: str, who: Customer, mine: list[Line], item: str, number: str, zh: bool
) -> Asking | None:
    ranked = sorted(_by_day(mine).items(), key=lambda one: -one[1])
    if len(ranked) < 2 or ranked[0][1] == ranked[1][1]:
        return None
    return Asking(words, kind, (_said_day(ranked[0][0], zh), _money(ranked[0][1])))


def _per_day(words: str, kind: str, who: Customer, mine: list[Line], item: str, number: str, zh: bool) -> Asking | None:
    told = tuple(part for day, amount in _by_day(mine).items() for part in (_said_day(day, zh), _money(amount)))
    return Asking(words, kind, told, (), () if told else NOTHING)


def _average(words: str, kind: str, who: Customer, mine: list[Line], item: str, number: str, zh: bool) -> Asking | None:
    whole = sum((line.amount for line in mine), Decimal(0)) / len(_orders(mine))
    return Asking(words, kind, (_money(whole),)) if abs(whole * 100 % 1 - Decimal("0.5")) > Decimal("0.01") else None


def _refused(words: str, kind: str, who: Customer, mine: list[Line], item: str, number: str, zh: bool) -> Asking | None:
    return Asking(words, kind, ("自己" if zh else "your own",), tuple(line.number for line in who.lines))


def _unknown(words: str, kind: str, who: Customer, mine: list[Line], item: str, number: str, zh: bool) -> Asking | None:
    return Asking(words, kind, (), tuple(line.item for line in who.lines), NOTHING)


def _times(lines: list[Line], zh: bool) -> tuple[str, ...]:
    return (f"#{len(_orders(lines))}",)


def _state(lines: list[Line], zh: bool) -> tuple[str, ...]:
    return lines[0].number, lines[0].state


def _items(lines: list[Line], zh: bool) -> tuple[str, ...]:
    return tuple(line.item for line in lines)


def _cost(lines: list[Line], zh: bool) -> tuple[str, ...]:
    return (_money(sum((line.amount for line in lines), Decimal(0))),)


def _on_day(lines: list[Line], zh: bool) -> tuple[str, ...]:
    return (_said_day(lines[-1].day, zh),)


_ANSWERS: dict[str, Filled] = {
    "list": _list,
    "spent": _spent,
    "spent_item": _of_item(_cost),
    "orders": _count,
    "quantity": _of_item(lambda lines, zh: (f"#{sum(line.quantity for line in lines)}",)),
    "times": _of_item(_times),
    "state_last": _of_order(_last, _state),
    "state_number": _of_order(lambda who, number: number, _state),
    "state_item": _of_order(_last_with, _state),
    "state_nth": _nth,
    "first": _nth,
    "when": _of_item(_on_day),
    "last_items": _of_order(_last, _items),
    "last_cost": _of_order(_last, _cost),
    "last_day": _of_order(_last, _on_day),
    "number_items": _of_order(lambda who, number: number, _items),
    "number_cost": _of_order(lambda who, number: number, _cost),
    "number_day": _of_order(lambda who, number: number, _on_day),
    "dearest": _extreme(True),
    "cheapest": _extreme(False),
    "did": _did,
    "open": _by_state(0, 1, 2),
    "returned": _by_state(4),
    "delivered": _by_state(3),
    "most": _most,
    "price": _of_item(lambda lines, zh: (_money(lines[-1].price),)),
    "day_most": _day_most,
    "per_day": _per_day,
    "average": _average,
    "on_way": _on_way,
    "cancelled": _by_state(5),
    "order_of": _of_order(_last_with, lambda lines, zh: (lines[0].number,)),
    "dearest_thing": _thing(lambda lines: lines[0].price, most=True),
    "cheapest_thing": _thing(lambda lines: lines[0].price, most=False),
    "most_money": _thing(_amount, most=True),
    "least_money": _thing(_amount, most=False),
    "refuse": _refused,
    "unknown_item": _unknown,
    "unknown_number": _unknown,
}
