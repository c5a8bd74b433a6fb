"""Arithmetic as it is spoken or written: "what is twelve times seven", "divide that by two", "(3 + 4) * 2"."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from fractions import Fraction

from voice.llm.builtin.question import Answer, Question
from voice.text.numbers import HAN_NUMBER, han_number, plain_number, say_number
from voice.text.patterns import pattern_of
from voice.text.quantity import NUM, SHARE, quantity

_TOKEN = pattern_of(r"\s*(?:(\d+(?:\.\d+)?)|(sqrt|[-+*/^%()@~]))")
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
        percent, value = self._percentage()
        while self._next("+", "-"):
            sign = 1 if self.tokens.pop(0) == "+" else -1
            share, more = self._percentage()
            value += sign * (value * more if share and not percent else more)  # 50 + 10 % is 55, 5 % + 10 % is 15 %
        return value

    def _percentage(self) -> tuple[bool, Fraction]:
        """Whether the next product is nothing but a percentage, and its value."""
        alone = bool(re.fullmatch(r"(?:[\d.]+|@)%+", "".join(self.tokens[:2])))
        return alone and self.tokens[2:3] not in (["*"], ["/"]), self._product()

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


_Replacement = str | Callable[[re.Match[str]], str]
_Rules = Sequence[tuple[re.Pattern[str], _Replacement]]


def _rules(*pairs: tuple[str, _Replacement]) -> _Rules:
    return [(pattern_of(pattern), replacement) for pattern, replacement in pairs]


def _share(found: re.Match[str]) -> str:
    """A half as `(1 / 2)`; a fraction in figures stays what it is: a division."""
    value = None if "/" in found[1] else quantity(found[1])
    return found[0] if value is None else f"({value.numerator} / {value.denominator})"


_SHARE_OF = pattern_of(rf"({SHARE}) of (.+)$")


def _share_of(found: re.Match[str]) -> str:
    value = quantity(found[1])
    if value is None:
        return found[0]
    rest = _SHARE_OF.sub(_share_of, found[2])
    return f"({rest})" + (f" * {value.numerator}" if value.numerator != 1 else "") + f" / {value.denominator}"


def _mixed(found: re.Match[str]) -> str:
    value = quantity(found[2])
    return found[0] if value is None else f"({found[1]} + {value.numerator} / {value.denominator})"


_LEAD = pattern_of(
    r"^(?:what is|what's|whats|what are|what does|how much is|how many is|calculate|compute|work out|and|then)\s+"
)
_TAIL = pattern_of(r"\s+(?:equals?|make|equal to|is)$|\s*=$")
_ENGLISH = _rules(
    (r"\b(?:that number|the result|the answer|that|this|it)\b", "@"),
    (r"^add (.+) (?:and|to) (.+)$", r"\2 + \1"),
    (r"^add (.+)$", r"@ + \1"),
    (r"^(?:subtract|take) (.+) from (.+)$", r"\2 - (\1)"),
    (r"^subtract (.+)$", r"@ - \1"),
    (r"^multiply (.+) (?:by|and|with) (.+)$", r"(\1) * (\2)"),
    (r"^multiply by (.+)$", r"@ * (\1)"),
    (r"^divide (.+) by (.+)$", r"(\1) / (\2)"),
    (r"^divide by (.+)$", r"@ / (\1)"),
    (r"^(?:double|twice) (.+)$", r"2 * (\1)"),
    (r"^triple (.+)$", r"3 * (\1)"),
    (r"^halve (.+)$", r"(\1) / 2"),
    (r"(\S+)(?: percent|%) off(?: of)? (.+)$", r"\2 - \1%"),
    (r"(?:a )?(\S+)(?: percent|%) tip (?:on|for) (.+)$", r"(\2) * \1%"),
    (r"^(?:increase|raise) (\S+) by (.+)$", r"\1 + \2"),
    (r"^(?:decrease|reduce|lower) (\S+) by (.+)$", r"\1 - \2"),
    (r"^(?:the )?difference between (.+) and (.+)$", r"\1 - (\2)"),
    (r"^(?:the )?average of (.+) and (.+)$", r"(\1 + \2) / 2"),
    (r"^half (?:of )?(\d.*)$", r"(\1) / 2"),
    (_SHARE_OF.pattern, _share_of),
    (r"^(?:the )?sum of (.+) and (.+)$", r"\1 + \2"),
    (r"^(?:the )?product of (.+) and (.+)$", r"(\1) * (\2)"),
    (r"^square (?!root)(.+)$", r"(\1) ^ 2"),
    (r"^(?:what )?percent(?:age)? of (\S+) is (\S+)$", r"\2 / \1 * 100"),
    (r"(?:the )?square root of", "sqrt"),
    (r"\bsquared\b", "^ 2"),
    (r"\bcubed\b", "^ 3"),
    (r"\b(?:raised )?to the power of\b|\bto the power\b", "^"),
    (r"\s*(?:percent|%)\s+of\b", " % *"),
    (r"\bpercent\b", "%"),
    (r"\b(?:multiplied by|times|x)\b|×", "*"),
    (r"\b(?:divided by|over)\b|÷", "/"),
    (r"\bplus\b", "+"),
    (r"\b(?:minus|take away|less)\b|−", "-"),
    (r"\bnegative\b", "~"),
    (r"(?<=\d),(?=\d{3})", ""),
    (rf"\b({NUM}) and ({SHARE})(?![\w%])", _mixed),
    (rf"\b({NUM}) (\d+/\d+)(?![\w%])", _mixed),
    (rf"(?<![\w.])({SHARE})(?![\w%])", _share),
)
_CHINESE = _rules(
    (r"(?:等于|是|得|得到)?(?:多少|几)?$", ""),
    (r"^(?:计算|算一下|算算|算)", ""),
    (r"它|结果|刚才的数|这个数|那个数", "@"),
    (r"(.+)的百分之(.+)", r"(\1)*(\2)%"),
    (r"(.+)的(\d[\d.]*)[%％]", r"(\1)*\2%"),
    (r"百分之(" + HAN_NUMBER + ")", r"\1%"),
    (r"(.+)打([一二三四五六七八九][一二三四五六七八九]?)折", r"(\1)*0.点\2"),
    (r"(.+)的(" + HAN_NUMBER + ")分之(" + HAN_NUMBER + ")", r"(\1)*\3/\2"),
    (r"(" + HAN_NUMBER + ")分之(" + HAN_NUMBER + ")", r"(\2/\1)"),
    (r"负", "~"),
    (r"(.+)的平方根", r"sqrt(\1)"),
    (r"根号", "sqrt"),
    (r"的平方", "^2"),
    (r"的立方", "^3"),
    (r"的(" + HAN_NUMBER + ")次方", r"^\1"),
    (r"(.+)的一半", r"(\1)/2"),
    (r"乘以|乘上|乘|×|x", "*"),
    (r"除以|÷", "/"),
    (r"加上|加", "+"),
    (r"减去|减|−", "-"),
)
_SAID = {
    "*": ("times", "乘以"),
    "/": ("divided by", "除以"),
    "+": ("plus", "加"),
    "-": ("minus", "减"),
    "~": ("minus", "负"),
    "^": ("to the power of", "的"),
    "sqrt": ("the square root of", "根号"),
    "%": ("percent", "%"),
}
_HYPHENATED = pattern_of(r"\d+(?:-\d+)+")  # a telephone number or a date
_SIGN = pattern_of(r"^(?:minus|-) ?(?=\d)")
_FURTHEST_BACK = 12


def arithmetic(question: Question) -> Answer | None:
    """Answer a sum; the number before it in the conversation stands for "that"."""
    expression = _expression(question)
    if expression is None:
        return None
    answer = _previous_value(question) if "@" in expression else None
    if "@" in expression and answer is None:
        probe = _safely(expression, Fraction(1))
        return (
            Answer(question.say("I have no earlier number to work with.", "我还没有可以接着算的数。"))
            if probe is not None
            else None
        )
    try:
        value = evaluate(expression, answer)
    except ZeroDivisionError:
        return Answer(question.say("I can't divide by zero.", "不能除以零。"))
    except (TooLarge, OverflowError):
        return Answer(question.say("That number is too large for me.", "这个数对我来说太大了。"))
    except ValueError:
        return Answer(question.say("A negative number has no real square root.", "负数没有实数平方根。"))
    if value is None:
        return None
    return Answer(_sentence(question, expression, answer, value))


def calculate(text: str) -> Fraction | None:
    """The exact value of a sum in English or Chinese words or figures; None if it is none, or has no value.

    >>> calculate("200 minus 15%")
    Fraction(170, 1)
    """
    return value_of(Question(text, datetime.min))


def value_of(question: Question) -> Fraction | None:
    """The number a question's answer comes to, None if it is no sum."""
    expression = _expression(question)
    if expression is None:
        return None
    return _safely(expression, _previous_value(question) if "@" in expression else None)


def _safely(expression: str, answer: Fraction | None) -> Fraction | None:
    try:
        return evaluate(expression, answer)
    except (ArithmeticError, ValueError):
        return None


def _previous_value(question: Question) -> Fraction | None:
    """The exact value of the sum before, else the last number that was answered."""
    earlier = question.previous() if len(question.before) else None
    if earlier is not None:
        recent = earlier.before[-2 * _FURTHEST_BACK :] if len(question.before) > 2 * _FURTHEST_BACK else earlier.before
        if (
            len(recent) < len(question.before)
            and (value := value_of(Question(earlier.text, earlier.now, recent))) is not None
        ):
            return value
    numbers = re.findall(r"\d[\d,]*(?:\.\d+)?", question.last_reply())
    return Fraction(numbers[-1].replace(",", "")) if numbers else None


def _expression(question: Question) -> str | None:
    """The question in the tokens of `evaluate`, None when it has no operator or other words."""
    words = question.words[:300]
    if question.chinese:
        for pattern, replacement in _CHINESE:
            words = pattern.sub(replacement, words)
        words = re.sub(HAN_NUMBER, _digits, words.replace("0.点", "0."))
    else:
        if _HYPHENATED.fullmatch(words):
            return None
        asked = _LEAD.match(words)
        words = _TAIL.sub("", _LEAD.sub("", words))
        if asked and asked[0].startswith(("what", "how")):
            words = _SIGN.sub("~ ", words)  # "what is minus 5 plus 3" is a sum of its own
        elif _SIGN.match(words) and _previous_value(question) is None:
            words = _SIGN.sub("~ ", words)
        for pattern, replacement in _ENGLISH:
            words = pattern.sub(replacement, words)
    if re.match(r"\s*[*/^+]|\s*-\s", words) or (question.chinese and re.match(r"\s*-", words) and question.before):
        words = "@ " + words
    if not re.search(r"sqrt|[-+*/^%~]", words) or re.search(r"[^\d\s.+*/^%()@~sqrt-]", words):
        return None
    return words


def _digits(found: re.Match[str]) -> str:
    value = han_number(found[0])
    return found[0] if value is None else plain_number(value)


def _sentence(question: Question, expression: str, answer: Fraction | None, value: Fraction) -> str:
    result, exact = _result(value, question)
    tokens = re.findall(r"\d+(?:\.\d+)?|sqrt|[-+*/^%@~]", expression)
    side = 1 if question.chinese else 0
    words = [_said(token, side, question, answer) for token in tokens]
    asked = ("" if question.chinese else " ").join(words).replace(" percent times", " percent of")
    asked = re.sub(r" to the power of 2(?![\d.,])", " squared", asked)
    asked = re.sub(r"的(\d[\d.,]*)", lambda power: "的平方" if power[1] == "2" else f"的{power[1]}次方", asked)
    bracketed = re.search(r"\((?!\s*(?:[\d.]+|@)\s*\))", expression)
    if len(tokens) > 8 or bracketed:
        return question.say(
            f"That is {'' if exact else 'about '}{result}.", f"{'等于' if exact else '约等于'}{result}。"
        )
    asked = asked[:1].upper() + asked[1:]
    return question.say(
        f"{asked} is {'' if exact else 'about '}{result}.", f"{asked}{'等于' if exact else '约等于'}{result}。"
    )


def _said(token: str, side: int, question: Question, answer: Fraction | None) -> str:
    if token == "@":
        return _result(answer, question)[0] if answer is not None else ""
    if token in _SAID:
        return _SAID[token][side]
    return say_number(float(token), question.language)


def _result(value: Fraction, question: Question) -> tuple[str, bool]:
    """The value as it is said, and whether that is exact."""
    if abs(value) >= 10**15:
        exponent = len(str(abs(int(value)))) - 1
        mantissa = say_number(float(value / Fraction(10) ** exponent))
        return question.say(
            f"{mantissa} times 10 to the power of {exponent}", f"{mantissa}乘以10的{exponent}次方"
        ), False
    said = say_number(float(value), question.language)
    exact = "e" not in said and Fraction(said.replace(",", "")) == value
    return said.replace("-", question.say("minus ", "负")), exact
