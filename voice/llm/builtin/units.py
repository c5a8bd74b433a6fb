"""Units of length, mass, temperature, volume, speed and time, and conversion between them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from voice.llm.builtin.question import Answer, Question
from voice.text.numbers import HAN_NUMBER, say_number
from voice.text.patterns import pattern_of
from voice.text.quantity import HAN_QUANTITY, NUM, QUANTITY, han_quantity, quantity


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: `value * factor + offset` is the value in the base unit of its `kind`; `also` are further spellings."""

    kind: str
    factor: float
    one: str
    many: str
    han: str
    also: tuple[str, ...] = ()
    offset: float = 0.0


UNITS = (
    Unit("length", 1000.0, "kilometer", "kilometers", "公里", ("km", "kilometre", "kilometres", "千米", "klicks")),
    Unit("length", 1.0, "meter", "meters", "米", ("m", "metre", "metres")),
    Unit("length", 0.01, "centimeter", "centimeters", "厘米", ("cm", "centimetre", "centimetres")),
    Unit("length", 0.001, "millimeter", "millimeters", "毫米", ("mm", "millimetre", "millimetres")),
    Unit("length", 1609.344, "mile", "miles", "英里", ()),
    Unit("length", 0.9144, "yard", "yards", "码", ("yd",)),
    Unit("length", 0.3048, "foot", "feet", "英尺", ("ft",)),
    Unit("length", 0.0254, "inch", "inches", "英寸", ()),
    Unit("mass", 1.0, "kilogram", "kilograms", "公斤", ("kg", "kilo", "kilos", "千克")),
    Unit("mass", 0.001, "gram", "grams", "克", ("g",)),
    Unit("mass", 1000.0, "ton", "tons", "吨", ("tonne", "tonnes", "metric tons")),
    Unit("mass", 0.45359237, "pound", "pounds", "磅", ("lb", "lbs")),
    Unit("mass", 0.028349523125, "ounce", "ounces", "盎司", ("oz",)),
    Unit("mass", 0.5, "jin", "jin", "斤", ("市斤",)),
    Unit("temperature", 1.0, "degree Celsius", "degrees Celsius", "摄氏度",
         ("celsius", "degrees celsius", "degree celsius", "centigrade", "degrees centigrade", "°c", "degrees c")),
    Unit("temperature", 5 / 9, "degree Fahrenheit", "degrees Fahrenheit", "华氏度",
         ("fahrenheit", "degrees fahrenheit", "degree fahrenheit", "°f", "degrees f"), -160 / 9),
    Unit("temperature", 1.0, "kelvin", "kelvin", "开尔文", (), -273.15),
    Unit("volume", 1.0, "liter", "liters", "升", ("litre", "litres", "公升")),
    Unit("volume", 0.001, "milliliter", "milliliters", "毫升", ("ml", "millilitre", "millilitres")),
    Unit("volume", 3.785411784, "gallon", "gallons", "加仑", ()),
    Unit("volume", 0.946352946, "quart", "quarts", "夸脱", ()),
    Unit("volume", 0.473176473, "pint", "pints", "品脱", ()),
    Unit("volume", 0.2365882365, "cup", "cups", "杯", ()),
    Unit("volume", 0.01478676478125, "tablespoon", "tablespoons", "汤匙", ()),
    Unit("volume", 0.00492892159375, "teaspoon", "teaspoons", "茶匙", ()),
    Unit("speed", 1 / 3.6, "kilometer per hour", "kilometers per hour", "公里每小时",
         ("km/h", "kph", "kilometres per hour", "kilometers an hour", "千米每小时")),
    Unit("speed", 0.44704, "mile per hour", "miles per hour", "英里每小时", ("mph", "miles an hour")),
    Unit("speed", 1.0, "meter per second", "meters per second", "米每秒", ("m/s", "metres per second")),
    Unit("speed", 1852 / 3600, "knot", "knots", "节", ()),
    Unit("time", 1.0, "second", "seconds", "秒", ("秒钟",)),
    Unit("time", 60.0, "minute", "minutes", "分钟", ()),
    Unit("time", 3600.0, "hour", "hours", "小时", ("个小时",)),
    Unit("time", 86400.0, "day", "days", "天", ()),
    Unit("time", 604800.0, "week", "weeks", "周", ("星期", "个星期")),
    Unit("time", 31557600.0, "year", "years", "年", ()),
)  # fmt: skip

BY_NAME = {name.lower(): unit for unit in UNITS for name in (unit.one, unit.many, unit.han, *unit.also)}
"""Every spelling of a unit, in lower case."""


def convert(value: float, source: Unit, target: Unit) -> float | None:
    """The value in another unit, None for units of another kind."""
    if source.kind != target.kind:
        return None
    return (value * source.factor + source.offset - target.offset) / target.factor


def _names(*, chinese: bool) -> str:
    names = [name for name in BY_NAME if bool(re.search("[一-鿿]", name)) is chinese]
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


_EN, _ZH = _names(chinese=False), _names(chinese=True)
_QUANTITY = (
    rf"(?P<value>(?:-|minus |negative )?{QUANTITY})(?: of)?(?: an?)? ?(?P<source>{_EN})"
    rf"(?: (?:and )?(?P<more>{QUANTITY})(?: ?(?P<smaller>{_EN}))?)?"
)
_HAN_QUANTITY = rf"(?P<value>(?:负|零下)?{HAN_QUANTITY})个?(?P<source>{_ZH})(?P<half>半)?"
_TO, _HAN_TO = rf"(?P<target>{_EN})", rf"(?P<target>{_ZH})"
_ENGLISH = (
    pattern_of(
        rf"\bhow many {_TO} (?:is|are|in|are in|are there in|make|do|does|is in|were in) (?:there in )?{_QUANTITY}$"
    ),
    pattern_of(
        r"^(?:(?:convert|change|what is|what's|what are|how (?:much|many|hot|cold|far|long) is) )?"
        rf"{_QUANTITY} (?:in|to|into|as|in to) {_TO}$"
    ),
    pattern_of(rf"^(?:what is |what's )?{_TO} (?:from|for|of) {_QUANTITY}$"),
)
_CHINESE = (
    pattern_of(
        rf"^(?:把|将)?{_HAN_QUANTITY}(?:等于|是|有|合|换成|转换成|换算成|转成|相当于|换算为|为)+(?:多少|几)?个?{_HAN_TO}$"
    ),
    pattern_of(rf"^多少{_HAN_TO}(?:等于|是){_HAN_QUANTITY}$"),
)
_FOLLOW = pattern_of(
    r"^(?:(?:and|what about|how about|(?:what is|what's|convert|how much is) (?:that|it)|that) )*"
    rf"(?:in|to|into) {_TO}$"
)
_HAN_FOLLOW = pattern_of(rf"^(?:那|换成|转换成|换算成|用|是多少|等于多少|合多少|多少)+{_HAN_TO}(?:是多少|表示)?$")
_SAID = pattern_of(rf"(?P<value>{NUM}) (?P<source>{_EN})\b")
_HAN_SAID = pattern_of(rf"(?P<value>{HAN_NUMBER})(?P<source>{_ZH})")
_FURTHEST_BACK = 6


def conversion(question: Question) -> Answer | None:
    """Convert a quantity, or the one spoken of before, to another unit."""
    asked = _asked(question, _FURTHEST_BACK)
    if asked is None:
        return None
    value, source, target = asked
    result = convert(value, source, target)
    if result is None:
        return Answer(
            question.say(
                f"{_cap(source.many)} can't be given in {target.many}.", f"{source.han}不能换算成{target.han}。"
            )
        )
    if source.kind != "temperature" and value < 0:
        return Answer(question.say("That can't be below zero.", "这个量不能是负数。"))
    shown, _ = _quantity(value, source, question)
    converted, exact = _quantity(result, target, question)
    about = "" if exact else question.say("about ", "大约")
    return Answer(question.say(f"{_cap(shown)} is {about}{converted}.", f"{shown}等于{about}{converted}。"))


def _asked(question: Question, depth: int) -> tuple[float, Unit, Unit] | None:
    words = question.words
    for pattern in _CHINESE if question.chinese else _ENGLISH:
        if found := pattern.search(words):
            value, source = _amount(found, question), BY_NAME[found["source"]]
            return None if value is None else (value, source, BY_NAME[found["target"]])
    follow = (_HAN_FOLLOW if question.chinese else _FOLLOW).match(words)
    if follow is None or depth == 0:
        return None
    target = BY_NAME[follow["target"]]
    earlier = question.previous()
    before = _asked(earlier, depth - 1) if earlier is not None else None
    if before is not None:
        return before[0], before[1], target
    for found in (_HAN_SAID if question.chinese else _SAID).finditer(question.last_reply()):
        source = BY_NAME[found["source"].lower()]
        value = _value(found["value"], question)
        if value is not None and source.kind == target.kind:
            return value, source, target
    return None


def _amount(found: re.Match[str], question: Question) -> float | None:
    """The quantity in its first unit: `5 foot 11`, `6 feet 2 inches`, `two miles and a half`, `三斤半`."""
    value, source = _value(found["value"], question), BY_NAME[found["source"]]
    if value is None or question.chinese:
        return value + 0.5 if value is not None and found["half"] else value
    more = quantity(found["more"]) if found["more"] else None
    if more is None:
        return None if found["more"] else value
    if found["smaller"]:
        added = convert(float(more), BY_NAME[found["smaller"]], source)
        return None if added is None else value + added
    return value + float(more / 12 if source.one == "foot" else more) if more < 12 else None


def _value(text: str, question: Question) -> float | None:
    bare = re.sub(r"^(?:-|minus |negative |负|零下)", "", text)
    value = han_quantity(bare) if question.chinese else quantity(bare)
    return None if value is None else float(value if bare == text else -value)


def _quantity(value: float, unit: Unit, question: Question) -> tuple[str, bool]:
    """A value and its unit as they are said, and whether that is exact; large values are said whole."""
    shown = round(value) if abs(value) >= 1000 else round(value, 2) if abs(value) >= 1 else float(f"{value:.3g}")
    number = say_number(float(shown), question.language).replace("-", question.say("minus ", "负"))
    exact = abs(shown - value) <= 1e-9 * max(1.0, abs(value))
    return question.say(f"{number} {unit.one if shown == 1 else unit.many}", f"{number}{unit.han}"), exact


def _cap(text: str) -> str:
    return text[:1].upper() + text[1:]
