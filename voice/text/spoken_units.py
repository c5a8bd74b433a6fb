"""Units and money as they are written, with their words in English and Chinese."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpokenUnit:
    """Words for a unit behind a number: English for one and for many, Chinese; `close` without a space before it."""

    one: str
    many: str
    han: str
    close: bool = False


_TABLE = """
km = kilometer = 公里
m = meter = 米
cm = centimeter = 厘米
mm = millimeter = 毫米
µm μm = micrometer = 微米
nm = nanometer = 纳米
mi = mile = 英里
ft = foot/feet = 英尺
yd yds = yard = 码
sq_ft = square foot/square feet = 平方英尺
sq_km = square kilometer = 平方公里
sq_m sqm = square meter = 平方米
kg = kilogram = 公斤
g = gram = 克
mg = milligram = 毫克
µg μg mcg = microgram = 微克
lb lbs = pound = 磅
oz = ounce = 盎司
t ! = ton = 吨
fl_oz = fluid ounce = 液量盎司
l L = liter = 升
ml mL = milliliter = 毫升
dl dL = deciliter = 分升
cl = centiliter = 厘升
gal = gallon = 加仑
tsp = teaspoon = 茶匙
tbsp Tbsp = tablespoon = 汤匙
pt = pint = 品脱
qt = quart = 夸脱
h hr hrs = hour = 小时
min mins = minute = 分钟
s sec secs = second = 秒
ms = millisecond = 毫秒
ns = nanosecond = 纳秒
µs μs = microsecond = 微秒
yrs yr = year = 年
wk wks = week = 周
mo = month = 个月
Hz = hertz/hertz = 赫兹
kHz = kilohertz/kilohertz = 千赫
MHz = megahertz/megahertz = 兆赫
GHz = gigahertz/gigahertz = 吉赫
W = watt = 瓦
kW = kilowatt = 千瓦
MW = megawatt = 兆瓦
GW = gigawatt = 吉瓦
Wh = watt hour = 瓦时
kWh = kilowatt hour = 千瓦时
V = volt = 伏
mV = millivolt = 毫伏
kV = kilovolt = 千伏
A ! = amp = 安
mA = milliamp = 毫安
mAh = milliamp hour = 毫安时
Ω = ohm = 欧姆
kΩ = kilohm = 千欧
KB kB = kilobyte = 千字节
MB = megabyte = 兆字节
GB = gigabyte = 吉字节
TB = terabyte = 太字节
Kb = kilobit = 千比特
Mb = megabit = 兆比特
Gb = gigabit = 吉比特
kbps Kbps = kilobit per second/kilobits per second = 千比特每秒
Mbps = megabit per second/megabits per second = 兆比特每秒
Gbps = gigabit per second/gigabits per second = 吉比特每秒
mph = mile per hour/miles per hour = 英里每小时
kph km/h = kilometer per hour/kilometers per hour = 公里每小时
m/s = meter per second/meters per second = 米每秒
MB/s = megabyte per second/megabytes per second = 兆字节每秒
GB/s = gigabyte per second/gigabytes per second = 吉字节每秒
mpg = mile per gallon/miles per gallon = 英里每加仑
Pa = pascal = 帕
hPa = hectopascal = 百帕
kPa = kilopascal = 千帕
bar = bar = 巴
cal = calorie = 卡
kcal = kilocalorie = 千卡
J ! = joule = 焦耳
kJ = kilojoule = 千焦
N ! = newton = 牛
dB = decibel = 分贝
px = pixel = 像素
dpi = dot per inch/dots per inch = 点每英寸
rpm = R P M/R P M = 转每分钟
fps = frame per second/frames per second = 帧每秒
bpm = beat per minute/beats per minute = 次每分钟
ppm = part per million/parts per million = 百万分之一
mol = mole = 摩尔
ha = hectare = 公顷
psi = P S I/P S I = 磅每平方英寸
°C ℃ = degree Celsius/degrees Celsius = 摄氏度
°F ℉ = degree Fahrenheit/degrees Fahrenheit = 华氏度
° º = degree = 度
"""
"""Symbols (`_` for a space, `!` where no space may stand before) = English for one, and for many where not with an s =
Chinese."""


def _units() -> dict[str, SpokenUnit]:
    found: dict[str, SpokenUnit] = {}
    for row in _TABLE.strip().splitlines():
        symbols, english, han = row.split(" = ")
        one, _, many = english.partition("/")
        unit = SpokenUnit(one, many or f"{one}s", han, close="!" in symbols)
        found |= dict.fromkeys((symbol.replace("_", " ") for symbol in symbols.split() if symbol != "!"), unit)
    inch = SpokenUnit("inch", "inches", "英寸")
    for symbol in ("mm", "cm", "m", "km", "ft", "mi", "in"):
        base = found.get(symbol, inch)
        for power, english, han in (("²", "square", "平方"), ("³", "cubic", "立方")):
            found[symbol + power] = SpokenUnit(f"{english} {base.one}", f"{english} {base.many}", han + base.han)
    return found


UNITS = _units()
"""By how they are written behind a number."""

SYMBOL = r"(?:sq |fl )?[A-Za-zµμΩ°º℃℉]{1,5}[²³]?(?:/[hs](?![A-Za-z]))?"
"""What may be one of UNITS: looked up when found, which is a hundredth of the work of a pattern of them all."""

_PER = """
hour=小时 day=天 week=周 month=月 year=年 minute=分钟 second=秒 person=人 night=晚 each=个 kilo=公斤 user=用户
item=件 mile=英里 pound=磅 unit=单位 gallon=加仑 seat=座 head=人 token=词元 inch=英寸 piece=件 share=股
barrel=桶 ounce=盎司 acre=英亩 plate=盘
"""

PER = {
    **{symbol: (unit.one, unit.han) for symbol, unit in UNITS.items()},
    **{name: (name, han) for name, han in (pair.split("=") for pair in _PER.split())},
    "s²": ("second squared", "二次方秒"), "d": ("day", "天"), "y": ("year", "年"), "in": ("inch", "英寸"),
}  # fmt: skip
"""What may stand behind a slash: `$4/lb`, `5 mg/day`."""


@dataclass(frozen=True, slots=True)
class Currency:
    """Words for money; `cent` is the hundredth part, empty if it is not used; `named` says it with its name."""

    one: str
    many: str
    han: str
    cent: str = "cent"
    named: bool = False


CURRENCIES = {
    "US$": Currency("US dollar", "US dollars", "美元"),
    "A$": Currency("Australian dollar", "Australian dollars", "澳元"),
    "C$": Currency("Canadian dollar", "Canadian dollars", "加元"),
    "CA$": Currency("Canadian dollar", "Canadian dollars", "加元"),
    "HK$": Currency("Hong Kong dollar", "Hong Kong dollars", "港元"),
    "NT$": Currency("Taiwan dollar", "Taiwan dollars", "台币"),
    "S$": Currency("Singapore dollar", "Singapore dollars", "新加坡元"),
    "$": Currency("dollar", "dollars", "美元"),
    "€": Currency("euro", "euros", "欧元", named=True), "£": Currency("pound", "pounds", "英镑", "penny"),
    "¥": Currency("yuan", "yuan", "元", ""), "￥": Currency("yuan", "yuan", "元", ""),
    "₹": Currency("rupee", "rupees", "卢比", ""), "₩": Currency("won", "won", "韩元", ""),
    "₽": Currency("ruble", "rubles", "卢布", ""),
    "₿": Currency("bitcoin", "bitcoins", "比特币", ""),
}  # fmt: skip
"""By the sign before, or behind, the amount."""

CODES = {
    "USD": "US$", "EUR": "€", "GBP": "£", "CNY": "¥", "RMB": "¥", "AUD": "A$", "CAD": "CA$", "HKD": "HK$", "INR": "₹",
}  # fmt: skip
"""Letters for a currency."""

AMOUNTS = {
    "k": ("thousand", 3), "K": ("thousand", 3), "m": ("million", 6), "M": ("million", 6), "mn": ("million", 6),
    "b": ("billion", 9), "B": ("billion", 9), "bn": ("billion", 9), "T": ("trillion", 12), "tn": ("trillion", 12),
    "thousand": ("thousand", 3), "million": ("million", 6), "billion": ("billion", 9), "trillion": ("trillion", 12),
}  # fmt: skip
"""What multiplies an amount of money: its word and its power of ten."""
