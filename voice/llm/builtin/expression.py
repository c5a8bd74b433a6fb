"""Arithmetic by recursive descent, exact in fractions where it can be; never evaluates code."""

from __future__ import annotations

import math
import re
from fractions import Fraction

_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|(sqrt|[-+*/^%()@~]))")
_MOST_BITS = 4000


class TooLarge(ArithmeticError):
    """The result has more digits than anyone wants to hear."""


def evaluate(expression: str, answer: Fraction | None = None) -> Fraction | None:
    """The value of an expression of numbers, `+ - * / ^ %`, `sqrt`, brackets, `~` (negative) and `@`, the
    earlier answer.

    None if it is not one. Raises ZeroDivisionError, TooLarge, or ValueError for the root of a negative number.
    """
    tokens: list[str] = []
    at = 0
    expression = expression.strip()
    while at < len(expression):
        found = _TOKEN.match(expression, at)
        if not found or len(tokens) > 60:
            return None
        tokens.append(found[1] or found[2])
        at = found.end()
    parser = _Parser(tokens, answer)
    try:
        value = parser.total()
    except (IndexError, SyntaxError):
        return None
    return value if not parser.tokens else None


class _Parser:
    """Consumes tokens from the left; IndexError or SyntaxError mean that this is no expression."""

    def __init__(self, tokens: list[str], answer: Fraction | None) -> None:
        self.tokens, self._answer = tokens, answer

    def total(self) -> Fraction:
        value = self._product()
        while self._next("+", "-"):
            value = value + self._product() if self.tokens.pop(0) == "+" else value - self._product()
        return value

    def _product(self) -> Fraction:
        value = self._signed()
        while self._next("*", "/"):
            value = _bounded(value * self._signed() if self.tokens.pop(0) == "*" else value / self._signed())
        return value

    def _signed(self) -> Fraction:
        if self._next("-", "~"):
            self.tokens.pop(0)
            return -self._signed()
        return self._power()

    def _power(self) -> Fraction:
        base = self._atom()
        while self._next("%"):
            self.tokens.pop(0)
            base /= 100
        if not self._next("^"):
            return base
        self.tokens.pop(0)
        return _raised(base, self._signed())

    def _atom(self) -> Fraction:
        token = self.tokens.pop(0)
        if token == "@":
            if self._answer is None:
                raise SyntaxError("no earlier answer")
            return self._answer
        if token == "sqrt":
            return _root(self._signed())
        if token == "(":
            value = self.total()
            if self.tokens.pop(0) != ")":
                raise SyntaxError("bracket left open")
            return value
        if not token[0].isdigit():
            raise SyntaxError(f"a number was due, not {token}")
        return Fraction(token)

    def _next(self, *tokens: str) -> bool:
        return bool(self.tokens) and self.tokens[0] in tokens


def _raised(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        if base < 0:
            raise ValueError("root of a negative number")
        return Fraction(float(base) ** float(exponent))
    size = max(base.numerator.bit_length(), base.denominator.bit_length())
    if size * abs(exponent.numerator) > _MOST_BITS:
        raise TooLarge
    return base**exponent.numerator


def _root(value: Fraction) -> Fraction:
    if value < 0:
        raise ValueError("root of a negative number")
    top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
    if top * top == value.numerator and bottom * bottom == value.denominator:
        return Fraction(top, bottom)
    return Fraction(math.sqrt(value))


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MOST_BITS:
        raise TooLarge
    return value
