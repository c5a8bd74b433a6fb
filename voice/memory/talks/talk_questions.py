"""Questions about earlier talks, such as `did I mention the dentist`, `我们上次聊了什么`, and the words that answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from voice.memory.periods import Period, period, spoken_day
from voice.memory.ranking import terms
from voice.text.patterns import pattern_of
from voice.text.plain_words import plain_words

MOST_SAID, MOST_ANSWERED = 160, 100
"""Characters of a turn that a person or a model receives: of the person's words, and of the reply to them."""


@dataclass(frozen=True, slots=True)
class EarlierTurn:
    """One turn of an earlier conversation: what the person `said`, and what they heard in `answer`."""

    at: datetime
    said: str
    answer: str


@dataclass(frozen=True, slots=True)
class TalkQuestion:
    """What is asked: `about` are the terms of a topic, each with its weight; `last` means the talk before this one."""

    about: dict[str, float]
    period: Period | None = None
    last: bool = False


_TALKED = r"(?:talk(?:ed|ing)?|chat(?:ted|ting)?|spoke|speak(?:ing)?|spoken|discuss(?:ed|ing)?)"
_SAID = rf"(?:{_TALKED}|mention(?:ed)?|sa(?:y|id)|t(?:ell|old) you|br(?:ing|ought) up|ask(?:ed)?)"
_SAID_BEFORE = (
    r"(?:talked|chatted|spoke|spoken|discussed|(?:been|were) (?:talking|speaking)|mentioned|said|told you|brought up"
    r"|asked)"
)
_OWN_WORDS = r"(?:sa(?:y|id)|t(?:ell|old) me|suggest(?:ed)?|recommend(?:ed)?|advise[d]?|mention(?:ed)?|explain(?:ed)?)"
_BETWEEN = r"(?:\w+ ){0,2}?"
_ASKED = pattern_of(
    rf"\b(?:did|have|had|were|was) (?:we|i|you and i) {_BETWEEN}{_SAID}\b"
    rf"|\b(?:did|have|had) you {_BETWEEN}{_OWN_WORDS}\b"
    rf"|\b(?:what|when|where|who|which|how|remind me|was it|the) .*\b(?:we|i) {_BETWEEN}{_SAID_BEFORE}\b"
    rf"|\b(?:what|when|which|remind me|the) .*\byou {_BETWEEN}{_OWN_WORDS}\b"
    r"|\b(?:what|was|did|when|summari[sz]e|recap|find|search)\b.*"
    r"\b(?:last|latest|previous|earlier|past|old|our) (?:talks?|chats?|conversations?|discussions?)\b"
    r"|\bwhat was (?:our|the) (?:talk|chat|conversation|discussion)\b|\bdid .{2,40} come up\b"
)
_HAN_SAID = r"(?:聊|谈|说|提|讲|讨论|问)(?:到|起|及)?"
_HAN_ASKED = pattern_of(
    rf"(?:我们|咱们?|我|你|咱俩).*?{_HAN_SAID}(?:了|过|的)?(?:些|点|的是)?(?:什么|啥|哪些|谁|哪|几|多少|没有|没$)"
    rf"|(?:什么|哪|谁|几|多少|怎么).*{_HAN_SAID}[过的了]|(?:我|我们|咱们?|你).*(?:有没有|是不是|有|没有?)"
    rf".*{_HAN_SAID}(?:过|$|.+)|(?:我|我们|咱们?|你).*{_HAN_SAID}过|(?:我|你|我们|咱们?).*怎么(?:说|讲|建议)[的过]"
    r"|你.*(?:推荐|建议)(?:过|[了的]?.*(?:什么|啥|哪|谁))|(?:我|你|我们|咱们?).*(?:推荐|建议|提到|说|讲)的.*(?:什么|哪|谁|几|多少)"
    r"|上次(?:我们|咱们?)?(?:的)?(?:聊天|对话|谈话)"
)
_LAST = pattern_of(
    r"\blast time\b|\b(?:last|latest|previous) (?:talk|chat|conversation|discussion)\b|上一?次|上回|前一?次|刚才那次"
)
_TODAY = (
    (pattern_of(r"\blast night\b"), "yesterday"),
    (pattern_of(r"\b(?:earlier today|this (?:morning|afternoon|evening))\b"), "today"),
    (pattern_of("昨[晚夜]上?|昨天(?:早上|上午|中午|下午|晚上)"), "昨天"),
    (pattern_of("今[早晚]上?|今天(?:早上|上午|中午|下午|晚上)"), "今天"),
)
_NO_TOPIC = pattern_of(
    rf"\b(?:{_TALKED}|{_OWN_WORDS}|bring|brought|earlier|already|ever|before|ago|last|latest|previous|past|recently|time"
    r"|conversations?|discussions?|talks?|chats?|topics?|subjects?|things?|anything|something|everything|else|come|up"
    r"|ask|asked|once|summari[sz]e|recap|find|search|old|again|exactly|did|we|days?|today|yesterday|remind"
    r"|first|other|words?)\b"
)
_HAN_NO_TOPIC = pattern_of(
    "[那这哪][本家部个只条位件台座间首种次]|叫|聊天|对话|谈话|聊|谈|说|提到|提起|提|讲|讨论|问|推荐|建议|上一?次|上回|前一?次|之前|以前|曾经|先前|早些?时候|最近|刚才|话题|内容|事情|事|关于"
    "|我们|咱们|咱俩|咱|东西|来着|过|些|点|啥|没有|没|关|于|天"
)


def talk_question(text: str, today: date) -> TalkQuestion | None:
    """What the words ask of earlier talks; None where they ask nothing of them."""
    words, chinese = plain_words(text)
    for pattern, day in _TODAY:
        words = pattern.sub(day, words)
    if not (_HAN_ASKED if chinese else _ASKED).search(words):
        return None
    when, last = period(words, today, chinese=chinese), bool(_LAST.search(words))
    rest = f"{words[: when.start]} {words[when.end :]}" if when is not None else words
    about = terms((_HAN_NO_TOPIC if chinese else _NO_TOPIC).sub(" ", rest))
    if not (about or when or last):
        return TalkQuestion({}, last=True) if re.search(r"\bwe\b|我们|咱", words) else None
    return TalkQuestion(about, when, last and when is None)


def clipped(text: str, most: int) -> str:
    """A text in one line of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def line_of(talk: EarlierTurn, *, answered: bool) -> str:
    """A turn as a model receives it: `Nov 23: “…” You: “…”`; the reply only where it is wanted."""
    reply = f" You: “{clipped(talk.answer, MOST_ANSWERED)}”" if answered and talk.answer else ""
    return f"{talk.at.strftime('%b')} {talk.at.day}: “{clipped(talk.said, MOST_SAID)}”{reply}"


def told(question: TalkQuestion, found: Sequence[EarlierTurn], *, chinese: bool) -> str:
    """What was found, as it is said to the person."""
    if not found:
        return "我们之前的对话里没有找到这个。" if chinese else "I find nothing like that in our earlier conversations."
    day = spoken_day(found[0].at.date(), chinese=chinese)
    if not question.about:
        parts = [f"“{clipped(talk.said, MOST_SAID).rstrip('.。')}”" for talk in found]
        days = {talk.at.date() for talk in found}
        on = "" if len(days) > 1 else day if chinese else f" on {day}"
        return f"{on}你说过：{'；'.join(parts)}。" if chinese else f"You said{on}: {'; '.join(parts)}."
    said = clipped(found[0].said, MOST_SAID).rstrip(".。")
    answer = clipped(found[0].answer, MOST_ANSWERED).rstrip(".。")
    if chinese:
        return f"{day}你说：“{said}”。" + (f"我回答：“{answer}”。" if answer else "")
    return f"On {day} you said: “{said}”." + (f" I answered: “{answer}”." if answer else "")
