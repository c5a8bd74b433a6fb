"""What a model thinks before it answers, taken out of its text: it is never spoken, shown or remembered."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from voice.text.patterns import pattern_of

PAIRS: tuple[tuple[str, str], ...] = (
    *((f"<{name}>", f"</{name}>") for name in ("think", "thinking", "thought", "thoughts", "reasoning", "reason")),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|channel>thought", "<channel|>"),
    ("<tool_call>", "</tool_call>"),
)
"""How a block of reasoning begins and ends: DeepSeek, Qwen, Seed, Magistral, Kimi, Command A, OpenThinker, Gemma.

A call that a model writes into its text, as Hermes and Qwen do, is no part of the answer either.
"""

START, CHANNEL, MESSAGE = "<|start|>", "<|channel|>", "<|message|>"
ENDS = ("<|end|>", "<|return|>", "<|call|>")
"""The marks of OpenAI's harmony format: `<|channel|>NAME<|message|>text<|end|>`. Only the channel `final` is said."""

DROPPED = (
    "<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|begin_of_solution|>", "<|end_of_solution|>",
    "<|im_end|>", "<|eot_id|>", "<|endoftext|>", "<|constrain|>",
)  # fmt: skip
"""Marks around an answer that are no part of it."""

CALL_END = "</tool_call>"
_CLOSING = {begin.lower(): end.lower() for begin, end in PAIRS}
_ENDING = frozenset(_CLOSING.values())
_MARKS = (*_CLOSING, *_ENDING, START, CHANNEL, MESSAGE, *ENDS, *(mark.lower() for mark in DROPPED))
_MARK = pattern_of("|".join(re.escape(mark) for mark in sorted(_MARKS, key=len, reverse=True)), re.IGNORECASE)
_BEGUN = frozenset(mark[:length] for mark in _MARKS for length in range(1, len(mark)))
_LONGEST = max(map(len, _MARKS))
_FIRST = pattern_of("[<\\[◁]")
_QUOTES = "`'\"“‘「"

_NAMES = pattern_of(r"(?:\br1\b|-r1-|qwq|reasoner|[-_:]thinking|[-_:]think\b)", re.IGNORECASE)
"""Models whose template opens the block for them, so that only its end is in the stream."""

_OPENERS = (
    "okay,", "ok, so", "ok, the", "alright,", "hmm", "wait,", "thinking", "reasoning", "let me", "let's", "first, i",
    "the user", "user asks", "user wants", "so the user", "so, the user", "well, the user",
    "i need to", "i should", "we need", "we should", "we have to",
    "用户", "好的，用户", "好，用户", "嗯，", "首先，",
)  # fmt: skip
"""How reasoning begins that nothing marks as such."""


def opens_by_itself(model: str) -> bool:
    """Whether a model of this name is known to begin inside a block of reasoning."""
    return bool(_NAMES.search(model))


@dataclass(slots=True)
class Reasoning:
    """One reply's text piece by piece, however it was cut, without what is between marks of reasoning.

    A block whose beginning the server's own template wrote has only an end in the stream. Whether that is so is found
    out once: `opened` says that it is known to be, None that it is not known. Then a beginning that reads like
    reasoning waits for such an end, or for that of the reply, and `opened` says afterwards what was found.
    """

    opened: bool | None = False
    calls: list[str] = field(default_factory=list)
    """What stood between the marks of calls."""
    _rest: str = ""
    _closing: str = ""
    """The mark that ends what is being left out."""
    _header: str | None = None
    """What names a channel, until its text begins."""
    _hidden: bool = False
    """This channel, or what is between two of them, is not for the person."""
    _waiting: str = ""
    _waits: bool | None = None
    """Whether the beginning waits; None while that is not decided."""
    _quoted: bool = False
    _begun: bool = False
    """Something was said."""
    _after_marks: bool = False
    """What is said first follows a mark."""

    def __post_init__(self) -> None:
        self._waits = None if self.opened is None else self.opened

    def feed(self, text: str) -> str:
        """More of the reply; returns what of it is the answer, as far as that is known."""
        if not self._rest and self._plain and not _FIRST.search(text):
            return self._say(text)
        text, out, at = self._rest + text, [], 0
        self._rest = ""
        for mark in _MARK.finditer(text):
            out.append(self._text(text[at : mark.start()]))
            out.append(self._mark(mark[0]))
            at = mark.end()
        held = self._held(text, at)
        out.append(self._text(text[at : len(text) - held]))
        self._rest = text[len(text) - held :]
        return "".join(out)

    def flush(self, *, cut: bool = False) -> str:
        """The reply is complete, or was `cut` at its limit; returns the rest of the answer."""
        rest, self._rest = self._text(self._rest), ""
        waiting, self._waiting = self._waiting, ""
        waited, self._waits = self._waits is not False, False
        if waited and waiting and not cut:
            self.opened = False  # the whole reply came without a mark
            return self._say(waiting)
        return rest

    def separate(self) -> str:
        """The server sends reasoning in a field of its own: nothing in the text is any. Returns what waited."""
        waiting, self._waiting, self._waits = self._waiting, "", False
        self.opened = False
        return self._say(waiting)

    @property
    def _plain(self) -> bool:
        return self._waits is False and not self._closing and not self._hidden and self._header is None

    def _text(self, text: str) -> str:
        if self._closing == CALL_END:
            self.calls[-1] += text
        if not text or self._closing or self._hidden:
            return ""
        if self._header is not None:
            self._header += text
            return ""
        if self._waits is False:
            return self._say(text)
        self._waiting += text
        if self._waits is None:
            said = self._waiting.lstrip().lower()
            if any(said.startswith(opener) for opener in _OPENERS):
                self._waits = True
            elif not any(opener.startswith(said) for opener in _OPENERS):
                waiting, self._waiting, self._waits = self._waiting, "", False
                return self._say(waiting)
        return ""

    def _say(self, text: str) -> str:
        """Part of the answer; the blank lines between reasoning and answer belong to neither."""
        if not self._begun:
            text = text.lstrip("\ufeff")
            text = text.lstrip() if self._after_marks else text
            self._begun = bool(text)
        self._quoted = text[-1] in _QUOTES if text else self._quoted
        return text

    def _mark(self, mark: str) -> str:
        known = mark.lower()
        if self._closing:
            if known == self._closing:
                self._closing = ""
            elif self._closing == CALL_END:
                self.calls[-1] += mark
            return ""
        if self._quoted and self._plain:
            return self._say(mark)
        self._after_marks = not self._begun
        if known in (START, CHANNEL):
            self._header, self._hidden = ("" if known == START else CHANNEL), False
            self._settle()
        elif known == MESSAGE:
            self._hidden = CHANNEL in (self._header or "") and not _names_final(self._header or "")
            self._header = None
        elif known in ENDS:
            self._header, self._hidden = None, True
        elif known in _CLOSING:
            self._closing = _CLOSING[known]
            if self._closing == CALL_END:
                self.calls.append("")
            self._settle()
        elif known in _ENDING and known != CALL_END and not self._hidden:
            self._waiting, self._waits, self.opened = "", False, True
        return ""

    def _settle(self) -> None:
        """A block has its beginning in the stream: whatever waited was blank, or the answer's own words."""
        if self._waits is not False and not self._waiting.strip():
            self._waiting, self._waits, self.opened = "", False, False

    def _held(self, text: str, at: int) -> int:
        """How many characters at the end may be the beginning of a mark."""
        tail = text[max(at, len(text) - _LONGEST + 1) :].lower()
        return next((size for size in range(len(tail), 0, -1) if tail[-size:] in _BEGUN), 0)


def _names_final(header: str) -> bool:
    return header.rpartition(CHANNEL)[2].strip().lower().startswith("final")
