"""Signs between words and numbers in words: mathematics, slashes, arrows, per cent."""

from __future__ import annotations

import re

from voice.text.patterns import pattern_of

_SUPER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻ⁿ", "0123456789-n")
_SUB = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")

_LATEX = tuple(
    (pattern_of(pattern), words)
    for pattern, words in (
        (r"\\[([]|\\[\])]|\$\$", " "),
        (r"(?<![\w\\])\$(?=[^$\n]{1,80}\$)(?=[^$]*[\\^_={}+<>]|[A-Za-z]\$)([^$\n]+)\$(?!\d)", r"\1"),
        (r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"(\1)/(\2)"),
        (r"\\sqrt\s*\{([^{}]*)\}", r"√\1"),
        (r"\\(?:text|mathrm|mathbf|operatorname)\s*\{([^{}]*)\}", r"\1"),
        (r"\\(?:times|cdot)(?![a-z])", "×"),
        (r"\\div(?![a-z])", "÷"),
        (r"\\pm(?![a-z])", "±"),
        (r"\\(?:leq?|leqslant)(?![a-z])", "≤"),
        (r"\\(?:geq?|geqslant)(?![a-z])", "≥"),
        (r"\\(?:neq?|not=)(?![a-z])", "≠"),
        (r"\\approx(?![a-z])", "≈"),
        (r"\\infty(?![a-z])", "∞"),
        (r"\\(?:rightarrow|to|Rightarrow|implies)(?![a-z])", "→"),
        (r"\\(?:left|right|quad|qquad|displaystyle|[,;! ])", " "),
        (r"\\%", "%"),
        (
            r"\\(alpha|beta|gamma|delta|epsilon|theta|lambda|mu|pi|sigma|phi|omega|sum|int|Delta|Omega)(?![a-z])",
            r" \1 ",
        ),
        (r"\^\{([^{}]*)\}", r"^\1"),
        (r"_\{([^{}]*)\}", r" \1"),
    )
)
_HAS_LATEX = pattern_of(r"\\[a-zA-Z(\[%]|\$[^$\n]*\$|\^\{")
_STAR = pattern_of(r"(?<=[\d)])\s?\*\s?(?=[\d(])")
_OVER = pattern_of(r"\((\w+|\d+)\)/\((\w+|\d+)\)")


def without_latex(text: str) -> str:
    r"""The text with LaTeX as plain mathematics: `$x^2$` as `x^2`, `\frac{1}{2}` as `1/2`; before Markdown is read."""
    text = _STAR.sub("×", text)
    if _HAS_LATEX.search(text):
        for pattern, words in _LATEX:
            text = pattern.sub(words, text)
        text = _OVER.sub(r"\1/\2", text)
    return text


def _power(found: re.Match[str]) -> str:
    exponent = found["exponent"].translate(_SUPER)
    if exponent in ("2", "3"):
        return " squared" if exponent == "2" else " cubed"
    return f" to the power of {exponent.replace('-', 'minus ')}"


def _han_power(found: re.Match[str]) -> str:
    exponent = found["exponent"].translate(_SUPER)
    if exponent in ("2", "3"):
        return "的平方" if exponent == "2" else "的立方"
    return f"的{exponent.replace('-', '负')}次方"


def _spelled(found: re.Match[str]) -> str:
    return " ".join(found[0])


_POWER = r"\s?\^\s?\(?(?P<exponent>-?(?:\d+|[a-z]))\)?"
_RAISED_POWER = r"(?P<exponent>[⁰¹²³⁴-⁹⁻ⁿ]+)"

ENGLISH_SIGNS = (
    (r"\b(?P<name>[A-G])#(?!\w)", r"\g<name> sharp"),
    (r"\bC\+\+(?!\w)", "C plus plus"),
    (r"\bCtrl\s?\+\s?(?=\w)", "Control "),
    (r"\b(?P<key>Alt|Shift|Cmd|Option)\s?\+\s?(?=\w)", r"\g<key> "),
    (r"(?<=[=+\-*/ ])[a-z]{2}(?=[²³^]\S?)", _spelled),
    (_POWER, _power),
    (_RAISED_POWER, _power),
    (r"(?<=[A-Za-z])[₀-₉]+", lambda found: f" {found[0].translate(_SUB)}"),
    (r"\s?%", " percent"),
    (r"\s?‰", " per thousand"),
    (r"\s?&\s?", " and "),
    (r"#(?=\d)", "number "),
    (r"\s?(?:!=|≠|<>)\s?", " is not equal to "),
    (r"\s?(?:<=|≤)\s?", " at most "),
    (r"\s?(?:>=|≥)\s?", " at least "),
    (r"\s?(?:=>|⇒|⟹)\s?", " implies "),
    (r"\s?(?:->|→|⟶)\s?", " to "),
    (r"\s?(?:<-|←)\s?", " from "),
    (r"(?<=\d)\s?[×*]\s?(?=[\d(])|\s[×*]\s|(?<=\d) ?x ?(?=\d)|(?<=[\w)])\s?×\s?(?=[\w(])", " times "),
    (r"(?<=\d)[x×](?![\w]|\s?[-+=*/^)])(?<!= \d[x×])", " times"),
    (r"\s?÷\s?", " divided by "),
    (r"(?<=\d)\s?/\s?(?=\d)(?=[^=]*=)|(?<=[\w)])\s/\s(?=[\w(])(?=[^=]*=)|(?<=\d)\s/\s(?=\d)", " divided by "),
    (r"(?<=\))/(?=[\w(])|(?<=[\w)])/(?=\()", " over "),
    (r"±\s?|\+/-\s?", " plus or minus "),
    (r"(?<=[\w)])\s?−\s?(?=[\w(])|(?<=[\d)])\s-\s(?=[\d(])|(?<=\b[a-zA-Z])\s-\s(?=[\d(]|[a-zA-Z]\b)"
     r"|(?<=[\d)])\s-\s(?=[a-z]\b)|(?<=\d)-(?=\d+\s?=)", " minus "),
    (r"(?<=[\w)])\s?\+\s?(?=[\d(])|\s\+\s|(?<=\d)\+(?=[a-z]\b)", " plus "),
    (r"(?<=\d)\+(?!\w)", " plus"),
    (r"(?<![\w)+])\+(?=\d|[a-z]{3})", "plus "),
    (r"\s?={1,3}\s?(?=[\w(√∞−-])", " equals "),
    (r"\s?[≈~～]\s?(?=[\d$])|\s≈\s", " about "),
    (r"\s<\s|(?<=\d)<(?=\d)", " less than "),
    (r"\s>\s|(?<=\d)>(?=\d)", " greater than "),
    (r"√\s?(?=[\w(])", "square root of "),
    (r"∞", " infinity "),
    (r"π", " pi "),
    (r"@\s?(?=\d)|\s@\s", " at "),
    (r"€", " euro"),
    (r"£", " pound"),
    (r"\$(?!\w)", " dollar"),
    (r"\band/or\b", "and or"),
    (r"\b(?P<he>[Hh]e|[Hh]is|[Hh]im|[Ss]he|[Hh]er)/(?P<she>she|hers?|he|his|him)\b", r"\g<he> or \g<she>"),
    (r"(?<=\w):(?=\d)", " to "),
    (r"(?<=[A-Za-z])\s?/\s?(?=[A-Za-z])", " "),
    (r"(?<=[\w])/(?=[\w])", " slash "),
    (r"\s?(?:…|\.{3,})\s?(?=[\w\"“'‘(])", ", "),
    (r"\s?(?:…|\.{3,})", "."),
    (r"(?<=\w)\.(?=\d)(?<!\d\.)", " point "),
)  # fmt: skip
"""Pattern and words, in the order in which they are looked for; what has digits still has them."""

HAN_SIGNS = (
    (r"(?<![A-Za-z])C\+\+(?![A-Za-z0-9+])", "C加加"),
    (r"(?<![A-Za-z])C#(?![A-Za-z0-9])", "C sharp"),
    (_POWER, _han_power),
    (_RAISED_POWER, _han_power),
    (r"(?<=[A-Za-z])[₀-₉]+", lambda found: found[0].translate(_SUB)),
    (r"\s?[&＆]\s?", "和"),
    (r"#(?=\d)", "第"),
    (r"\s?(?:!=|≠)\s?", "不等于"),
    (r"\s?(?:<=|≤)\s?", "不超过"),
    (r"\s?(?:>=|≥)\s?", "不少于"),
    (r"\s?(?:->|→|=>|⇒)\s?", "到"),
    (r"\s?×\s?|(?<=\d)\s?\*\s?(?=\d)|(?<=\d) ?x ?(?=\d)", "乘以"),
    (r"\s?÷\s?|(?<=\d)\s?/\s?(?=\d)", "除以"),
    (r"±", "正负"),
    (r"(?<=[\w)）])\s?−\s?(?=[\w(（])|(?<=[\da-z)）])\s-\s(?=[\da-z(（])|(?<=\d)-(?=\d+\s?[=等])", "减"),
    (r"(?<![A-Za-z0-9.)\-])[-−](?=\d)", "负"),
    (r"\s?\+\s?(?=[\w(（])", "加"),
    (r"\s?=+\s?", "等于"),
    (r"\s?≈\s?|[~～](?=\d)", "约"),
    (r"(?<=[\w])\s?<\s?(?=[\w])", "小于"),
    (r"(?<=[\w])\s?>\s?(?=[\w])", "大于"),
    (r"√", "根号"),
    (r"∞", "无穷大"),
    (r"π", "派"),
    (r"[%％]", "百分号"),
    (r"€", "欧元"),
    (r"£", "英镑"),
    (r"(?<=[里米元克升斤度次节兆万亿])\s?/\s?(?=[一-鿿])", "每"),
    (r"\s?/\s?(?=[一-鿿])|(?<=[一-鿿])\s?/\s?", "或"),
)  # fmt: skip
"""The same in Chinese."""
