"""Markdown away: what remains is what a person would read aloud from it."""

from __future__ import annotations

import re

from voice.text.patterns import pattern_of

FENCE = pattern_of(r"^ {0,3}(`{3,}|~{3,})[^\n]*", re.MULTILINE)
_IMAGE_OR_LINK = pattern_of(r"!?\[([^\]\n]{0,300})\]\([^)\n]{0,1000}\)")
_REFERENCE = pattern_of(r"\[\^?\d{1,3}\]")
_AUTOLINK = pattern_of(r"<((?:https?://|mailto:)[^>\s]+)>")
_TAG = pattern_of(r"</?[A-Za-z][A-Za-z0-9-]*(?:\s[^<>]{0,300})?/?>")
_CODE_SPAN = pattern_of(r"(`+)(?!`)(.{1,300}?)(?<!`)\1(?!`)")
_RULE = pattern_of(r"^\s*(?:[-*_=]\s*){3,}$")
_TABLE_RULE = pattern_of(r"^\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*$")
_HEADING = pattern_of(r"^\s{0,3}#{1,6}(?:\s+|$)|\s+#+\s*$")
_QUOTE = pattern_of(r"^\s*(?:>\s?)+")
_BULLET = pattern_of(r"^\s*[-*+•‣◦·]\s+(?:\[[ xX]\]\s+)?")
_NUMBER = pattern_of(r"^\s*(\d{1,3})[.)]\s+")
_ESCAPE = pattern_of(r"\\([\\`*_{}\[\]()#+\-.!|~<>])")
_STRONG = pattern_of(r"\*\*+|__+|~~+")
_EMPHASIS = pattern_of(r"(?<![\w*_])[*_](?=\S)|(?<=\S)[*_](?![\w*_])|[*_](?=[一-鿿])|(?<=[一-鿿])[*_]")


def without_fences(text: str, phrase: str) -> str:
    """Replace each fenced code block, closed or not, by `phrase` on a line of its own."""
    parts: list[str] = []
    at = 0
    while fence := FENCE.search(text, at):
        parts += [text[at : fence.start()], phrase, "\n"]
        at = fence_end(text, fence) or len(text)
    return "".join([*parts, text[at:]])


def fence_end(text: str, fence: re.Match[str]) -> int | None:
    """Where the block that `fence` opens ends in `text`, after its closing marks; None while it is open.

    The closing line may still grow when `text` ends with it.
    """
    closing = re.compile(rf"^ {{0,3}}{re.escape(fence[1])}[`~]*[ \t]*$", re.MULTILINE)
    found = closing.search(text, min(fence.end() + 1, len(text)))
    return found.end() if found and found.start() > fence.end() else None


def plain(text: str, *, line_start: bool = True) -> str:
    """The text without Markdown's marks; lines are kept. `line_start` says whether `text` begins a line.

    Links and images leave their text, code spans their content, table rows their cells with commas, rules nothing.
    Fenced blocks must be gone already.
    """
    text = _AUTOLINK.sub(r"\1", text)
    text = _IMAGE_OR_LINK.sub(r"\1", text)
    text = _REFERENCE.sub("", text)
    text = _TAG.sub(" ", text)
    lines = text.split("\n")
    shown = [lines[0] if not line_start else _line(lines[0]), *(_line(line) for line in lines[1:])]
    return "\n".join(_inline(line) for line in shown)


def _line(line: str) -> str:
    if _RULE.match(line) or ("-" in line and _TABLE_RULE.match(line)):
        return ""
    line = _QUOTE.sub("", line)
    line = _HEADING.sub("", line)
    line = _BULLET.sub("", line)
    line = _NUMBER.sub(r"\1, ", line)
    if line.lstrip().startswith("|"):
        return ", ".join(cell.strip() for cell in line.strip().strip("|").split("|") if cell.strip())
    return line


def _inline(line: str) -> str:
    pieces: list[str] = []
    at = 0
    for span in _CODE_SPAN.finditer(line):
        pieces += [_unmarked(line[at : span.start()]), span[2].strip()]
        at = span.end()
    return "".join([*pieces, _unmarked(line[at:])])


def _unmarked(text: str) -> str:
    text = _ESCAPE.sub(r"\1", text)
    text = _STRONG.sub("", text)
    return _EMPHASIS.sub("", text)
