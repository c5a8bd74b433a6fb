"""Markdown of a reply on its way: cut into blocks, and rendered so that nothing of the text is lost."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.markdown import Heading, Markdown
from rich.segment import Segment
from rich.theme import Theme

from voice.text.markdown import FENCE, fence_end
from voice.text.patterns import pattern_of

THEME = Theme(
    {"markdown.code": "cyan", "markdown.code_block": "cyan", "markdown.h1": "bold", "markdown.h2": "bold underline"}
)
"""Code without a background of its own, which one of light and dark terminals would show badly."""

_MARKS = pattern_of(r"[*_`#~|<>\\\[\]]|^\s*[-+•]\s|^\s*\d+[.)]\s|^\s*(?:-\s*){3,}$", re.MULTILINE)
_BLANK = pattern_of(r"\n[ \t]*\n\s*?(?=\S)")
_CONTROLS = pattern_of(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """The text without what would move the cursor, colour the screen, ring the bell or reverse what is written."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n"))


def blocks(text: str) -> list[str]:
    """The paragraphs, lists, tables and fenced blocks of a text; together they are the text. The last may be open."""
    found: list[str] = []
    start = at = 0
    while True:
        gap, fence = _BLANK.search(text, at), FENCE.search(text, at)
        if fence is not None and (gap is None or fence.start() < gap.start()):
            end = fence_end(text, fence)
            if end is None:
                break
            at = end
        elif gap is None:
            break
        else:
            at = gap.end()
            if text[at] not in " \t" and text[gap.end() - 1] == "\n":  # what is indented belongs to the list before it
                found.append(text[start:at])
                start = at
    return [*found, text[start:]] if text[start:] else found


def is_marked(text: str) -> bool:
    """Whether the text may be anything else than a paragraph of plain words."""
    return _MARKS.search(text) is not None


class ReplyMarkdown(Markdown):
    """A reply: every line break counts, a heading stands on the left, and a tag such as <T> is shown as it is."""

    def __init__(self, text: str) -> None:
        super().__init__("", code_theme="ansi_dark", hyperlinks=False)
        parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["strikethrough", "table"])
        self.parsed = parser.parse(text)
        for token in self.parsed:
            for child in token.children or ():
                if child.type == "softbreak":
                    child.type = "hardbreak"


class Tight:
    """Another renderable without the empty lines before and after it."""

    def __init__(self, inner: RenderableType) -> None:
        self._inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(self._inner, options, pad=False)
        full = [number for number, line in enumerate(lines) if any(one.text.strip() for one in line)]
        for line in lines[full[0] : full[-1] + 1] if full else []:
            yield from line
            yield Segment.line()


class LeftHeading(Heading):
    """A heading as a bold line."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.text.justify = "left"
        yield self.text


ReplyMarkdown.elements = {**Markdown.elements, "heading_open": LeftHeading}
