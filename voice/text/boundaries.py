"""Where a reply may be cut so that each piece sounds whole: sentence ends, early pauses, lines, never inside a unit."""

from __future__ import annotations

import re
import unicodedata

from voice.text.german.spoken import MONTHS
from voice.text.markdown import FENCE, fence_end
from voice.text.patterns import pattern_of
from voice.text.speakable import HAN, is_emoji

LONGEST = 200
"""Code points after which an endless sentence is cut at a pause or a word."""

_SHORTEST_PAUSE = LONGEST // 3  # a pause earlier than this is not worth cutting an endless sentence at
_SPAN = 120  # a code span or link text longer than this is taken for a stray mark
_TARGET = 500  # the same for a link's address
_ENDS = ".!?"
_HAN_ENDS = "。！？"
_PAUSES = ",;:—–"
_HAN_PAUSES = "，；：、…"
_CLOSERS = "\"'”’»)]}*_~」』）】》〉"
_IS_HAN = pattern_of(f"[{HAN}]")
_OPENS_HAN = "“‘「『（【《〈"
_OPENS = _OPENS_HAN + "\"'([{*_~"
_AT_ONCE = "。！？，；"
_WORD = pattern_of(rf"[^\W_{HAN}]+(?:['’.,-][^\W_{HAN}]+)*")
_LAST_TOKEN = pattern_of(r"[^\s\"'“‘(\[*_]*$")
_TOKEN_BEFORE = pattern_of(r"(\S+)\s+\S*$")
_ACRONYM = pattern_of(r"(?:[A-Za-z]{1,2}\.)+[A-Za-z]{1,2}$")
_MARKED_LINE = pattern_of(r"\s*(?:#{1,6}\s|[-*+•]\s|\d{1,3}[.)]\s)")
_BEFORE_DAYS = pattern_of(r"\b(?:der|dem|den|des|am|vom|zum|beim|bis|ab|seit|und) \d+$", re.IGNORECASE)
_LETTERS = pattern_of(r"[^\W\d_]*")
_FENCE_BEGINS = pattern_of(r" {0,3}(?:`{1,2}|~{1,2})?$")
_WAITING_END = pattern_of(rf"[{re.escape(_ENDS + _HAN_ENDS)}…]+[{re.escape(_CLOSERS)}]*$")
_WAITING_PAUSE = pattern_of(rf"[{_PAUSES}{_HAN_PAUSES}]+[{re.escape(_CLOSERS)}]*$")

_TITLES = frozenset(str.split("mr mrs ms dr prof st vs e.g i.e cf approx ca gen sen rep rev hon capt lt col sgt mt"))
_BEFORE_NUMBERS = frozenset(
    str.split("no nos fig figs p pp vol ch sec art ver v jan feb mar apr jun jul aug sep sept oct nov dec")
)
_OFTEN_LAST = frozenset(str.split("etc inc ltd co corp jr sr a.m p.m est al dept univ ft oz lb lbs min max hr hrs"))


def find_cut(text: str, *, first: bool, line_start: bool = True, final: bool = False) -> int | None:
    """Where the first clause of `text` ends, as a code point offset; None while that is not certain.

    `first` also allows a pause after a few words. `line_start` says that `text` begins a line. With `final` nothing
    more will come, so the answer is never None. More text never changes an answer once given.
    """
    return _scan(text, first, line_start, final)[0]


def stall_cut(text: str, *, first: bool, line_start: bool = True) -> int | None:
    """Where `text` can be cut although the next token might still belong to it; None where it cannot stand alone."""
    cut, reached = _scan(text, first, line_start, False)
    if cut is not None:
        return cut
    before, waiting = text[:reached].rstrip(), text[reached:]
    if _WAITING_END.match(waiting) and not (waiting[0] == "." and _dot_may_go_on(before)):
        return len(text)
    if not first:
        return None
    if _WAITING_PAUSE.match(waiting) and _enough(before) and not before[-1:].isdigit():
        return len(text)
    if not waiting and _IS_HAN.match(text[-1:]) and _enough(text):
        return len(text)
    for space in range(reached - 1, 0, -1):
        if text[space].isspace():
            return space if _enough(text[:space]) else None
    return None


def _scan(text: str, first: bool, line_start: bool, final: bool) -> tuple[int | None, int]:
    """The cut and how far the text was understood; the cut is None at the first place that needs more text."""
    size = len(text)
    at = line = pause = space = 0
    while at < size:
        if text[at - 1] == "\n" if at else line_start:
            line = at
            whole = _whole_block(text, at, final)
            if whole is not None:
                return whole if whole[0] is not None or not final else (size, size)
        character = text[at]
        if character == "\n":
            if (ends := _line_ends(text, line, at, final)) is None:
                return None, at
            if ends:
                return (size if final and not text[at:].strip() else at), at
        elif character in "`[":
            if (after := _after_span(text, at, final)) is None:
                return None, at
            at = after
            continue
        elif character in _ENDS or character in _HAN_ENDS or character in _PAUSES or character in _HAN_PAUSES:
            if first and _cuts_at_once(text, at):
                return at + 1, at
            after = _after_closers(text, at)
            if after == size and not final:
                return None, at
            ends = after == size or _ends_sentence(text, at, after, final)
            if ends is None:
                return None, at
            if ends:
                return after, at
            if _is_pause(text, at, after):
                if (ranges := _joins_numbers(text, at, after)) is None and not final:
                    return None, at
                if not ranges:
                    pause = after
                    if first and _enough(text[:at]):
                        return after, at
            at = after
            continue
        if character.isspace():
            space = at
            if first and text[at + 1 : at + 2] == "-" and (dashed := _spaced_hyphen(text, at, final)) != 0:
                if dashed is None:
                    return None, at
                return dashed, at
        if at >= LONGEST:
            cut = pause if pause > _SHORTEST_PAUSE else space if space > _SHORTEST_PAUSE else _grapheme_start(text, at)
            return cut, at
        at += 1
    return (size if final else None), size


def _whole_block(text: str, at: int, final: bool) -> tuple[int | None, int] | None:
    """The end of a fenced block or table row that begins at `at`, its cut None while that is open; None if neither."""
    if _FENCE_BEGINS.match(text, at) and not final:
        return None, at
    fence = FENCE.match(text, at)
    if fence:
        end = fence_end(text, fence)
        return (end if end is not None and (end < len(text) or final) else None), at
    if text[at:].lstrip(" \t").startswith("|"):
        newline = text.find("\n", at)
        return (None if newline < 0 else newline), at
    return None


def _line_ends(text: str, line: int, at: int, final: bool) -> bool | None:
    """Whether the newline at `at` ends a clause, or only wraps a paragraph; None if the next line must be seen."""
    if not text[:at].strip():
        return False
    if _MARKED_LINE.match(text, line, at):
        return True
    following = text[at + 1 :].lstrip(" \t")
    if not following:
        return True if final else None
    return not following[0].isalpha() or bool(_IS_HAN.match(following[0]))


def _after_span(text: str, at: int, final: bool) -> int | None:
    """The offset after the code span or link that begins at `at`, `at + 1` if none does, None if more is needed."""
    if text[at] == "`":
        marks = len(text) - at - len(text[at:].lstrip("`"))
        begin, closing = at + marks, "`" * marks
    else:
        begin, closing = at + 1, "]"
    if begin >= len(text):
        return None if not final else at + 1
    end = _find_within(text, closing, begin, _SPAN)
    if end is None:
        return at + 1 if final else None
    if end < 0:
        return at + (len(closing) if closing != "]" else 1)
    end += len(closing)
    if closing != "]":
        return end
    if end == len(text):
        return end if final else None
    if text[end] != "(":
        return at + 1
    target = _find_within(text, ")", end, _TARGET)
    if target is None:
        return at + 1 if final else None
    return target + 1 if target >= 0 else at + 1


def _find_within(text: str, mark: str, begin: int, limit: int) -> int | None:
    """Offset of `mark` on this line within `limit` code points, −1 if it is not there, None if it may still come."""
    stop = begin + limit
    newline = text.find("\n", begin, stop)
    found = text.find(mark, begin, stop if newline < 0 else newline)
    if found >= 0:
        return found
    return -1 if newline >= 0 or len(text) >= stop + len(mark) else None


def _cuts_at_once(text: str, at: int) -> bool:
    """Whether the first clause ends at the Chinese mark at `at` whatever follows: nothing is open that could close."""
    if text[at] not in _AT_ONCE or any(mark in _OPENS for mark in text[:at]):
        return False
    return text[at] in _HAN_ENDS or (not text[:at].rstrip()[-1:].isdigit() and _enough(text[:at]))


def _after_closers(text: str, at: int) -> int:
    """The offset after a run of marks that begins at `at`, with the quotes and brackets that close behind it."""
    run = _ENDS + _HAN_ENDS + "…" if text[at] in _ENDS + _HAN_ENDS + "…" else text[at]
    while at < len(text) and text[at] in run:
        at += 1
    while at < len(text) and (text[at] in _CLOSERS or unicodedata.combining(text[at]) or text[at] in "\u200d\ufe0f"):
        at += 1
    return at


def _ends_sentence(text: str, at: int, after: int, final: bool) -> bool | None:
    """Whether the mark at `at` ends a sentence; `after` is behind it and its closers. None if more is needed."""
    mark, follows = text[at], text[after]
    if mark in _HAN_ENDS:
        return True
    if mark not in _ENDS:
        return False
    if not (follows.isspace() or _IS_HAN.match(follows) or follows in _OPENS_HAN or is_emoji(follows)):
        return False
    following = text[after:].lstrip()[:1]
    run = text[at:after]
    if mark != "." or len(run) > 1:
        if run.strip(_ENDS) or run.startswith(".."):
            return None if not following and not final else not following.islower()
        return True
    before = text[:at].strip()
    if before.strip("*_(\"'").isdigit() or (len(before) == 1 and before.isalpha()):
        return False  # a list's number or letter
    word = _last_token(before)
    if word in _BEFORE_NUMBERS:
        return None if not following and not final else not following.isdigit()
    if word.isdigit() and len(word) < 3 and _BEFORE_DAYS.search(before):
        return _begins_no_month(text[after:].lstrip(), final)
    if word in _OFTEN_LAST:
        return None if not following and not final else not (following.islower() or following.isdigit())
    return not _is_abbreviation(before)


def _begins_no_month(following: str, final: bool) -> bool | None:
    """Whether what follows `am 7.` is no German month; None if more is needed."""
    found = _LETTERS.match(following)
    name = found[0] if found is not None else ""
    if final or len(name) < len(following):
        return name not in MONTHS
    return None if any(month.startswith(name) for month in MONTHS) else True


def _last_token(before: str) -> str:
    found = _LAST_TOKEN.search(before)
    return found[0].lower() if found else ""


def _is_abbreviation(before: str) -> bool:
    word = _last_token(before)
    if word in _TITLES or _ACRONYM.match(word):
        return True
    if len(word) == 1 and before[-1:].isupper() and word != "i":
        earlier = _TOKEN_BEFORE.search(before)
        return earlier is None or earlier[1][:1].isupper()  # J. Smith, but not: vitamin C.
    return False


def _dot_may_go_on(before: str) -> bool:
    """Whether a dot after this text, with nothing known behind it, might be a decimal point or an abbreviation's."""
    word = _last_token(before)
    return word[-1:].isdigit() or word in _BEFORE_NUMBERS or word in _OFTEN_LAST or _is_abbreviation(before)


def _is_pause(text: str, at: int, after: int) -> bool:
    mark, follows = text[at], text[after : after + 1]
    if mark in _HAN_PAUSES or mark == "—":
        return True
    if mark not in _PAUSES and not text.startswith("..", at):
        return False
    return not follows or follows.isspace() or bool(_IS_HAN.match(follows))


def _joins_numbers(text: str, at: int, after: int) -> bool | None:
    """Whether a dash, or a colon without a space, stands between digits; None if what follows is not there yet."""
    if text[at] not in "—–：，" or not text[:at].rstrip()[-1:].isdigit():
        return False
    following = text[after:].lstrip()[:1] if text[at] in "—–" else text[after : after + 1]
    return following.isdigit() if following else None


def _spaced_hyphen(text: str, at: int, final: bool) -> int | None:
    """The offset after a spaced hyphen behind enough words; 0 if it is no dash, None if more is needed."""
    if not _enough(text[:at]):
        return 0
    behind = text[at + 2 :]
    if not behind.strip():
        return 0 if final else None
    return at + 2 if behind[0].isspace() and not (behind.lstrip()[0].isdigit() and text[at - 1].isdigit()) else 0


def _enough(text: str) -> bool:
    """Whether the text is long enough to be spoken on its own: three words, or four Han characters."""
    words, han = len(_WORD.findall(text)), len(_IS_HAN.findall(text))
    return words >= 3 or words + han >= 4


def _grapheme_start(text: str, at: int) -> int:
    """The nearest offset at or before `at`, above 0, that does not split a character from its marks."""
    begin = at
    while begin > 1 and (
        unicodedata.category(text[begin]).startswith("M")
        or text[begin] in "\u200d\ufe0f"
        or text[begin - 1] == "\u200d"
    ):
        begin -= 1
    return begin


def well_formed(text: str) -> str:
    """Text without halves of surrogate pairs, which cannot be written as UTF-8; whole pairs are joined."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
