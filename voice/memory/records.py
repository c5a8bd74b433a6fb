"""Records of a person, such as orders: the kinds that the owner names, and rows read from what others write."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any

from voice.errors import ConfigError
from voice.text.patterns import pattern_of

ROLES = ("day", "item", "quantity", "price", "amount", "state", "number", "key")
"""What a column may be: a day, what it is about, how many, the price of one, the amount of all, how far it is, the
number people know it by, and what tells it from all others."""

SCALE = 10_000
"""Amounts are kept as whole numbers of ten-thousandths, so that sums are exact."""

MOST_TEXT = 200
_NAME = pattern_of(r"[a-z][a-z0-9_]{0,23}")
_OTHER_SETTINGS = ("words", "currency", "sync", "every", "by", "owner")
_EVERY = pattern_of(r"(?P<count>\d{1,4}) ?(?P<unit>m|min|h|d)")


class RowError(Exception):
    """A row that cannot be read; the text says which column, and why."""


@dataclass(frozen=True, slots=True)
class SyncCommand:
    """A command whose output is rows, run `every_s` seconds. The column `by` names the person of each row, where it is
    not the owner of this machine; people are those of the API key holder `owner`, where a server has keys."""

    command: tuple[str, ...]
    every_s: float
    by: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class RecordKind:
    """One kind: its `name`, the `words` people use for it besides, its column for each role, its currency's sign."""

    name: str
    columns: Mapping[str, str]
    words: tuple[str, ...] = ()
    currency: str = ""
    sync: SyncCommand | None = None

    @property
    def one(self) -> str:
        """The name of a single one: `order` of `orders`."""
        return self.name.removesuffix("s")


@dataclass(frozen=True, slots=True)
class Row:
    """One record. `amount` is of all the items together; None where the row does not say."""

    key: str
    day: date
    number: str = ""
    item: str = ""
    quantity: float = 1.0
    amount: int | None = None
    state: str = ""


def kinds_of(told: str) -> dict[str, RecordKind]:
    """The kinds in `memory.records`, which is JSON: an object for each name. Raises ConfigError."""
    expected = "[memory.records.NAME] in a file"
    try:
        tables = json.loads(told or "{}")
    except ValueError as error:
        raise ConfigError(f"not JSON: {error}", where="memory.records", expected=expected) from error
    if not isinstance(tables, Mapping) or not all(isinstance(table, Mapping) for table in tables.values()):
        raise ConfigError("not a table for each kind", where="memory.records", expected=expected)
    return {str(name): _kind(str(name), table) for name, table in tables.items()}


def _kind(name: str, table: Mapping[str, Any]) -> RecordKind:
    where = f"memory.records.{name}"
    if not _NAME.fullmatch(name):
        expected = "small letters, digits and _, at most 24, a letter first"
        raise ConfigError("a name that cannot be used", where=where, expected=expected)
    for key, value in table.items():
        if key not in (*ROLES, *_OTHER_SETTINGS):
            expected = f"one of {', '.join((*ROLES, *_OTHER_SETTINGS))}"
            raise ConfigError("unknown setting", where=f"{where}.{key}", expected=expected)
        if key != "words" and (not isinstance(value, str) or not value):
            raise ConfigError("not text", where=f"{where}.{key}", expected="the name of a column")
    words = table.get("words", [])
    if not isinstance(words, list) or not all(isinstance(word, str) and word.strip() for word in words):
        raise ConfigError("not a list of texts", where=f"{where}.words", expected='such as ["purchase", "买"]')
    columns = {role: str(table[role]) for role in ROLES if role in table}
    if "day" not in columns or "item" not in columns:
        raise ConfigError("no columns for a day and an item", where=where, expected='day = "…" and item = "…"')
    said = tuple(word.strip().lower() for word in words)
    return RecordKind(name, columns, said, str(table.get("currency", "")), _sync(where, table))


def _sync(where: str, table: Mapping[str, Any]) -> SyncCommand | None:
    told = {name: str(table.get(name, "")) for name in ("sync", "every", "by", "owner")}
    if not told["sync"]:
        if given := next((name for name in ("every", "by", "owner") if told[name]), ""):
            raise ConfigError(f"{given} without sync", where=f"{where}.{given}", expected='sync = "a command"')
        return None
    every = _EVERY.fullmatch(told["every"] or "1h")
    if every is None or int(every["count"]) == 0:
        raise ConfigError(f"invalid time {told['every']!r}", where=f"{where}.every", expected="such as 15m, 1h or 1d")
    try:
        command = tuple(shlex.split(told["sync"]))
    except ValueError as error:
        raise ConfigError(f"cannot be read: {error}", where=f"{where}.sync", expected="a command") from error
    every_s = int(every["count"]) * {"m": 60.0, "h": 3600.0, "d": 86_400.0}[every["unit"][0]]
    return SyncCommand(command, every_s, told["by"], told["owner"])


def read_row(kind: RecordKind, told: Mapping[str, Any]) -> Row:
    """A row of named columns. Raises RowError."""
    texts = {role: _text(told.get(column), column) for role, column in kind.columns.items()}
    item, column = texts["item"], kind.columns
    if not item:
        raise RowError(f"{column['item']} is empty")
    day = read_day(texts["day"])
    if day is None:
        raise RowError(f"{column['day']}: {_shown(texts['day'])} is no day; expected YYYY-MM-DD")
    values: dict[str, Decimal] = {}
    for role in ("quantity", "price", "amount"):
        if text := texts.get(role, ""):
            value = read_amount(text)
            if value is None or abs(value) >= 10**9:
                raise RowError(f"{column[role]}: {_shown(text)} is no number")
            values[role] = value
    quantity = values.get("quantity", Decimal(1))
    amount = values.get("amount", values["price"] * quantity if "price" in values else None)
    number = texts.get("number", "")
    told_apart = [texts["key"]] if texts.get("key") else [number, item] if number else list(texts.values())
    key = sha256("\0".join(told_apart).encode("utf-8", "surrogatepass")).hexdigest()[:24]
    whole = None if amount is None else int((amount * SCALE).to_integral_value())
    return Row(key, day, number, item, float(quantity), whole, texts.get("state", ""))


def _text(value: Any, column: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise RowError(f"{column} is neither text nor a number")
    text = " ".join(str(value).split())
    if len(text) > MOST_TEXT:
        raise RowError(f"{column} has more than {MOST_TEXT} characters")
    if re.search("[\ud800-\udfff\0]", text):
        raise RowError(f"{column} has characters that are no text")
    return text


def _shown(text: str) -> str:
    return repr(text if len(text) <= 30 else text[:30] + "…")


_DAY_FORMS = (
    pattern_of(r"(?P<y>\d{4})-(?P<m>\d\d?)-(?P<d>\d\d?)(?:[T ].*)?"),
    pattern_of(r"(?P<y>\d{4})[/.](?P<m>\d\d?)[/.](?P<d>\d\d?)(?: .*)?"),
    pattern_of(r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)"),
    pattern_of(r"(?P<d>\d\d?)\.(?P<m>\d\d?)\.(?P<y>\d{4})(?: .*)?"),
    pattern_of(r"(?P<y>\d{4})年(?P<m>\d\d?)月(?P<d>\d\d?)[日号]?.*"),
)


def read_day(text: str) -> date | None:
    """The day of a written date, year first, or with dots as in German; None for what could be two days, or none."""
    for form in _DAY_FORMS:
        if found := form.fullmatch(text):
            try:
                return datetime(int(found["y"]), int(found["m"]), int(found["d"])).date()
            except ValueError:
                return None
    return None


_AMOUNT = pattern_of(
    r"[^\d\s,.'+-]{0,3}\s?(?P<sign>[+-]?)\s?[^\d\s,.'+-]{0,3}\s?(?P<digits>\d[\d,.' ]*)\s?[^\d,.'+-]{0,4}"
)


def read_amount(text: str) -> Decimal | None:
    """The number of a written amount: `3.50`, `€ 3,50`, `1,234.50`, `12元`; None for what is none."""
    found = _AMOUNT.fullmatch(text)
    if not found:
        return None
    digits = re.sub(r"[ ']", "", found["digits"])
    comma, point = digits.rfind(","), digits.rfind(".")
    if comma > point and (point >= 0 or not re.fullmatch(r"\d{1,3}(?:,\d{3})+", digits)):
        digits = digits.replace(".", "").replace(",", ".")  # 1.234,50 and 3,50
    else:
        digits = digits.replace(",", "")  # 1,234.50 and 1,234
    try:
        value = Decimal(digits)
    except InvalidOperation:
        return None
    return -value if found["sign"] == "-" else value


def states(text: str) -> frozenset[str]:
    """The classes of a state in words: delivered, returned, cancelled; none of these is `open`."""
    plain = text.lower()
    found = {name for name, pattern in _STATES.items() if pattern.search(plain)}
    return frozenset(found or {"open"})


_STATES = {
    "delivered": pattern_of(
        r"\b(?:delivered|arrived|received|complete|completed|done|closed|picked up)\b"
        r"|(?<!未)(?:送达|签收|完成|收货|送到)"
    ),
    "returned": pattern_of(r"\b(?:returned|refunded)\b|退货|退款|已退"),
    "cancelled": pattern_of(r"\bcancell?ed\b|取消"),
}
