"""What the last words of an English sentence say about its end, kind by kind; the first kind that fits decides."""

from __future__ import annotations

import re
from typing import Literal

from voice.text.numbers import in_digits
from voice.text.patterns import pattern_of

Verdict = Literal["complete", "unfinished", "unknown"]
Judged = tuple[Verdict, str]
"""The verdict and the kind that gave it."""

UNKNOWN: Judged = ("unknown", "")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FILLER_ENDS = pattern_of(
    r"^(?:well|okay|ok|so|um|uh|hmm)(?: (?:well|okay|ok|so|um|uh|hmm))*$|\b(?:um|uh|erm|er|hmm|mm|uhm|you know|i mean)$"
    r"|(?<!\blook)(?<!\bfeel)(?<!\bsound) like$|(?<!think)(?<!hope)(?<!guess)(?<!said)(?<!say)(?<!suppose)(?<!even)"
    r"(?<!much)(?<!and) so$"
)
_NEVER_LAST = _words(
    "and but or nor because if while although though unless since than whether then"
    " a an the my your our their its every each very quite another these those whose which"
    " into between during without until till per versus onto among plus minus times towards against upon via"
    " i'm i'll i'd i've you're you'll we're we'll they're let's gonna wanna gotta it's that's there's what's who's"
    " where's how's divided multiplied mister missus doctor mr mrs ms dr saint"
    " can't don't doesn't isn't aren't won't couldn't"
)
_PREPOSITIONS = _words("of to for from with at by about in on under over as near behind beside beyond except despite")
_ADVERBS = _words("about in on under over by behind near")
_PARTICLE_VERBS = _words("turn switch log sign go come keep carry move hold put shut wake")
_QUESTION_WORDS = _words("what who where when why how which whose what's who's where's how's when's")
_AUXILIARIES = _words("is are do does did can could will would should have has was were am may must")
_SUBJECTS = _words("i he she we they")
_QUESTION_LAST = _words("it you that this today tomorrow now me there here they he she them us i we")
_COPULAS = _words("is are was were am be been being has have had will would should must may might shall")
_CLOSED = pattern_of(
    r"^(?:yes|no|yeah|yep|nope|stop|cancel|help|thanks|thank you|hello|hi|hey there|goodbye|bye|bye bye|never mind"
    r"|repeat that|say that again|go on|yes please|no thanks|no thank you|good (?:morning|evening|night|afternoon)"
    r"|thank you very much|thanks a lot|that's all|that is all|forget it|not now|of course|be quiet|pause|resume"
    r"|see you(?: later| tomorrow)?|i don't know|louder|quieter|what else|which one|how much longer)$"
    r"|^(?:yes|no) (?:i|you|he|she|it|we|they|there) (?:am|are|is|do|does|did|can|could|will|would|have|has)"
    r"(?: not|n't)?$"
    r"|\w+ \w+(?: \w+)* (?:please|thanks|thank you)$"
    r"|,? (?:isn't|doesn't|don't|didn't|wasn't|aren't|won't|can't|wouldn't) (?:it|you|they|he|she|we)$"
)
"""Short answers, closing politeness, tag questions."""

_AUXILIARY = r"(?:is|are|was|were|do|does|did|can|could|will|would|should|have|has|may|must)"
_NOUNS_OF = (
    r"(?:capital|difference|distance|population|name|meaning|square root|history|sum|rest|middle|end|beginning|result"
    r"|number|amount|height|length|weight|author|price|cost|percentage|director|top|bottom|kind|sort|type)"
)
_UNFINISHED: tuple[tuple[str, str], ...] = (
    ("subject without verb", rf"^{_AUXILIARY} (?:you|there|they|we|i|he|she)$"),
    ("subject without verb", r"(?:^| )(?:can|could|would|will|do) you$"),
    ("trailing verb", r"(?:^| )i (?:want|need|think|would|can|have|was|am|will|could|should|wanted|like|know that)$"),
    (
        "trailing verb",
        r"(?:^| )i (?:would|'d) like$|(?:^| )i'd like$|\b(?:would|like|want|need|love) to (?:know|see|say)$",
    ),
    (
        "trailing verb",
        r"^(?:(?:please|and|then|now|so|(?:can|could|would|will) you) )*"
        r"(?:set|remind me|tell me|show me|give me|bring me|wake me|let me|add|send|put|turn|switch|make|write|get|find"
        r"|buy|book|play|read|call|open|close|explain|translate|convert|calculate|change|take|tell|show|give|remind)$",
    ),
    ("trailing verb", rf"^(?:what|who|where|when|how|why) {_AUXILIARY}$|^(?:tell me )?what are$"),
    (
        "trailing verb",
        r"^how (?:many|much)$|\bhow (?:many|much) (?:[a-z']+ )?[a-z']+ (?:are|is|were|do|does|did|can)(?: in)?$",
    ),
    (
        "question without verb",
        r"^how (?:many|much) (?!longer|more|is|are)[a-z']+$|^how many (?!more)[a-z']+ (?:people|things)$",
    ),
    (
        "question without verb",
        r"^(?:what|which) (?:time|day|date|year|kind|color|colour|size|temperature|number|city|country)$",
    ),
    ("noun without of", rf"^(?:what|who|tell me|where)(?:'s| is| was| are)? (?:about )?the [a-z ]*?{_NOUNS_OF}$"),
    (
        "half of a pair",
        r"\bbetween (?:a |an |the )?[a-z']+(?: [a-z']+)?$|\beither [a-z']+$|\bget from (?!.* to )[a-z' ]+$",
    ),
    (
        "clause to come",
        r"\b(?:think|thinking|say|says|said|hope|believe|know|sure|sorry|so|guess|feel|down|told me|means) that$",
    ),
    ("clause to come", r"^(?:if|although|unless|whenever|as soon as|in case|even if) (?:[a-z']+ ){0,5}[a-z']+$"),
    (
        "clause to come",
        r"\b(?:instead|because|out|ahead|kind|sort|lot|couple|bit) of$|\b(?:more|less|rather|other) than$",
    ),
    (
        "infinitive to come",
        r"\b(?:have|need|want|going|used|how|able|like|supposed|try|trying|got|has|where|what|when) to$",
    ),
    ("half a time", r"\b(?:half past|quarter (?:past|to)|at half|at quarter)$"),
)
_UNFINISHED_NUMBERS: tuple[tuple[str, str], ...] = (
    ("bare number asked", r"^what(?:'s| is| are)? (?:the )?-?\d[\d.,]*(?:st|nd|rd|th)?$"),
    ("number without unit", r"\btimer (?:for|of) \d+$|\b(?:remind|wake) me in \d+$|\bin (?:about )?\d+$"),
    ("conversion without unit", r"^convert \d[\d.,]* [a-z]+$"),
)
"""These read the numbers in digits."""

_UNFINISHED_KINDS = tuple((rule, pattern_of(pattern)) for rule, pattern in _UNFINISHED)
_NUMBER_KINDS = tuple((rule, pattern_of(pattern)) for rule, pattern in _UNFINISHED_NUMBERS)
_HOW_IT_WORKS = pattern_of(
    r"^how (?:do|does|did) (?:[a-z']+ )+(?:work|works|happen|mean)$|^what (?:do|does|did) .+ mean$"
)
_MAY_STAND = pattern_of(r"(?:\b(?:it|he|she|they|you|we|i|there|that|this|what|where|who|moon|one)|^yes|^no) [a-z']+$")
_CONDITION_ENDED = pattern_of(r",|\bthen\b|\b(?:please|will|would|tell|let|turn|remind|call|stop)\b")


def judge_english(text: str, *, asked: bool = False) -> Judged:
    """Judge one sentence in lower case, without marks at its end; `asked`: the recognizer heard a question."""
    words = re.findall(r"[a-z']+|\d[\d,.]*(?:st|nd|rd|th)?", text)
    if not words:
        return UNKNOWN
    text, last = " ".join(words), words[-1]
    asks = words[0] in _QUESTION_WORDS or (words[0] in _AUXILIARIES and len(words) > 2)
    if _is_filler(text, words, asks=asks):
        return "unfinished", "filler"
    if _CLOSED.search(text):
        return "complete", "short answer" if len(words) < 4 else "closing words"
    if last in _NEVER_LAST:
        return "unfinished", "trailing function word"
    for rule, pattern in _UNFINISHED_KINDS:
        if pattern.search(text) and not (rule == "clause to come" and _CONDITION_ENDED.search(text)):
            return "unfinished", rule
    numbers = in_digits(text)
    for rule, pattern in _NUMBER_KINDS:
        if pattern.search(numbers):
            return "unfinished", rule
    if last in _PREPOSITIONS and not _may_end_in(last, words, asks=asks, asked=asked):
        return "unfinished", "trailing preposition"
    if last in _COPULAS and not _MAY_STAND.search(text) and len(words) > 1:
        return "unfinished", "trailing verb"
    if last in _SUBJECTS and not asks and len(words) > 1:
        return "unfinished", "subject without verb"
    if asks and ((len(words) >= 3 and last in _QUESTION_LAST) or _HOW_IT_WORKS.search(text)):
        return "complete", "question"
    return UNKNOWN


def _is_filler(text: str, words: list[str], *, asks: bool) -> bool:
    """Whether it ends in a word that fills a pause; `what is it like` asks, `I think so` says something."""
    return bool(_FILLER_ENDS.search(text)) and not (words[-1] == "like" and asks)


def _may_end_in(last: str, words: list[str], *, asks: bool, asked: bool) -> bool:
    """Whether a preposition can be the last word: `What is it for?`, `The light is on.`, `turn it off`."""
    if last in ("of", "as"):
        return asked and asks and len(words) > 3
    if last == "by" and not asked:
        return False
    stands_alone = last in _ADVERBS and words[-2:-1] in (["is"], ["are"], ["it"])
    return asks or asked or words[0] in _PARTICLE_VERBS or stands_alone
