"""Units of length, mass, temperature, volume, speed and time, and conversion between them."""

from __future__ import annotations

from dataclasses import dataclass


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
