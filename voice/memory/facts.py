"""What a person asks to have remembered, recalled or forgotten, read from their words in English and Chinese."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from voice.text.patterns import pattern_of
from voice.text.speakable import language_of

MOST_CHARS = 300
"""Characters of a fact."""

Kind = Literal["remember", "correct", "forget", "forget_all", "list", "recall"]


@dataclass(frozen=True, slots=True)
class FactRequest:
    """What is wanted: `text` is the fact, the new part of one, what is to be forgotten, or the question."""

    kind: Kind
    text: str = ""


_POLITE = (
    r"(?:(?:hey|hi|hello|ok|okay|so|well|and|also|now|please|assistant|computer|by the way)[,!.]? )*"
    r"(?:(?:can|could|would|will) you (?:please )?|i(?:'d| would)? (?:like|want|need) you to |please )?"
)
_KEEP = (
    r"(?:remember|memorize|memorise|keep in mind|bear in mind|make a note|take a note|take note|note down|note"
    r"|write down|don't forget|do not forget|never forget|save)"
)
_HAN_POLITE = r"(?:(?:你好|那|嗯|好的?)[，,]?)*(?:请|麻烦)?(?:你|您)?(?:能不能|可以)?(?:帮我|替我|给我)?"
_HAN_KEEP = r"(?:记住|记下来|记下|记一下|记着)"

_REMEMBER = (
    pattern_of(rf"^{_POLITE}{_KEEP}(?: for me)?(?: please)?(?:[:,]| that\b,?| this[:,]?)? (?P<fact>.+)$", re.I),
    pattern_of(
        rf"^(?P<fact>.+?)(?:[,.;:!–—-]+| and)? *\(?(?:so )?(?:please )?{_POLITE}{_KEEP} (?:that|it|this)"
        r"(?: for me)?(?:,? please)?\)?$",
        re.I,
    ),
    pattern_of(rf"^(?P<fact>.+?)[,.;:]? *\((?:please )?{_KEEP}\)$", re.I),
    pattern_of(rf"^{_HAN_POLITE}{_HAN_KEEP}[，,：:\s]*(?P<fact>.+?)[吧哦啊]?$"),
    pattern_of(rf"^{_HAN_POLITE}(?:记得|别忘了|不要忘记|要知道)[，,：:\s]*(?P<fact>(?:我|咱).+?)[吧哦啊]?$"),
    pattern_of(rf"^(?P<fact>.+?)[，,。；;]+{_HAN_POLITE}(?:{_HAN_KEEP}|别忘了|要记得)(?:这个|这件事)?[了吧哦啊]*$"),
)
_NO_FACT = pattern_of(
    r"^(?:to|how|when|what|who|whom|whose|which|why|where|if|whether|me|my name|it|that|this|us|the time|me\b.*)$"
    r"|^(?:to|how|when|what|who|which|why|where|if|whether|me to|on my|in my) .*"
    r"|^(?:提醒|叫我|通知|我说的|这个|这件事|到).*$"
    r"|.*(?:[吗呢]|什么|\?|？)$",
    re.I,
)
_TOPIC = (
    r"(?: that| what i (?:said|told you) about| about| the fact that| everything(?: you know)? about| the thing about)?"
)
_FORGET = (
    pattern_of(rf"^{_POLITE}(?:forget|stop remembering){_TOPIC} (?P<fact>.+)$", re.I),
    pattern_of(rf"^{_POLITE}(?:delete|erase|remove){_TOPIC} (?P<fact>.+) from (?:your|the) memory$", re.I),
    pattern_of(
        rf"^{_HAN_POLITE}(?:忘掉|忘了|忘记|不要再?记|别再?记)(?:着|住)?(?:关于)?(?P<fact>.{{2,}}?)(?:的事情?|这件事)?[吧了]*$"
    ),
    pattern_of(rf"^{_HAN_POLITE}把(?P<fact>.+?)(?:的事情?|这件事)?(?:忘掉|忘了|忘记|从记忆里删[掉除])[吧了]*$"),
)
_NOT_FORGOTTEN = pattern_of(
    r"^(?:it|that|this|about (?:it|that|this)|what i (?:just )?said|the (?:timer|alarm|reminder|list|last).*"
    r"|.*\b(?:timers?|alarms?|reminders?|list|conversation)|这个|它|刚才.*|.*(?:闹钟|计时器|提醒|清单|对话))$",
    re.I,
)
_ABOUT_ALL = pattern_of(
    rf"^{_POLITE}(?:forget|delete|erase) (?:everything|all)"
    r"(?: (?:that )?(?:you (?:know|remember|have)|i(?: have|'ve)? (?:ever )?(?:told|asked)))?(?: you)?(?: to remember)?"
    r"(?: about me| of me| of mine)?$"
    rf"|^{_POLITE}(?:forget|delete|erase) (?:all )?"
    r"(?:what you (?:know|remember) about me|my (?:memory|memories|data|facts))$"
    rf"|^{_HAN_POLITE}(?:把)?(?:你)?(?:忘掉|忘记|忘了|删[掉除])?(?:关于)?我的?(?:一切|所有|全部)"
    r"(?:的?(?:事情?|信息|资料|东西|内容))?(?:都)?(?:忘掉|忘记|忘了|删[掉除])?[吧了]*$"
    rf"|^{_HAN_POLITE}(?:忘掉|忘记)(?:一切|所有)(?:关于我的)?(?:事情?|信息|东西)?[吧了]*$",
    re.I,
)
_LIST = pattern_of(
    rf"^{_POLITE}(?:tell me |list |show me |say )?(?:all |everything )?(?:what |which things |that )?"
    r"(?:do you |you |have you |you have |you've )?(?:know|remember|kept|noted|stored)(?: all)?"
    r"(?: (?:about|of) (?:me|us))?$"
    rf"|^{_POLITE}what (?:did|have) i (?:ever )?(?:tell|told|ask|asked) you(?: to remember| about me| about myself)?$"
    rf"|^{_POLITE}(?:list|show|show me|read|tell me) (?:all )?"
    r"(?:my facts|my notes about me|my memories|what i told you)$"
    r"|^(?:你|您)?(?:都)?(?:还)?(?:记得|知道|记住了?|记下了?)(?:关于)?我?的?(?:哪些|什么|些什么|多少)(?:事情?|东西)?$"
    r"|^(?:关于我|我的事)[，,]?(?:你|您)?(?:都)?(?:还)?(?:记得|知道|记住了?|记了)(?:些)?"
    r"(?:什么|哪些|多少)(?:事情?|东西)?$"
    r"|^我(?:都)?(?:让|叫|请)(?:你|您)(?:记住|记下)(?:了|过)?(?:些)?(?:什么|哪些)(?:事情?|东西)?$"
    r"|^(?:你|您)(?:都)?(?:了解|知道)我(?:些)?(?:什么|多少)$",
    re.I,
)
_CORRECT = (
    pattern_of(
        r"^(?:no|nope|wrong|sorry|actually|that's wrong|that is wrong|not quite|correction)[,.:!]*(?: no[,.]?)?"
        r"(?: that's (?:wrong|not right)[,.;]?)? (?:actually |sorry,? )?"
        r"(?:it's |it is |i mean |i meant |make (?:it|that) |that's )?(?P<fact>.+)$",
        re.I,
    ),
    pattern_of(
        r"^(?:不对|不是|错了|说错了|更正一下|不)[，,。！!\s]*(?:应该)?(?:是|我是说|改成)?(?P<fact>.+?)[吧啊哦]?$"
    ),
)
_REQUESTS = pattern_of(
    r"^(?:please )?(?:can|could|would|will) you (?:please )?(?:remember|keep|note|make|forget)\b", re.I
)
_FIRST_PERSON = pattern_of(r"\b(?:i|my|me|mine|i'm|i've|we|our|us)\b", re.I)
_ASKS = pattern_of(
    r"^(?:(?:so|and|hey|ok|okay|well|please|now)[,]? )*(?:(?:can|could) you )?"
    r"(?:(?:please )?tell me |do you (?:still )?(?:know|remember) |remind me )?"
    r"(?:what|when|where|who|whom|whose|which|how|why|is|are|was|were|do|does|did|am|can|should|must|have|has|until|at"
    r"|on|in|for|to|with)\b",
    re.I,
)
_HAN_ASKS = pattern_of(r"什么|怎么|哪|几|谁|多少|多大|多重|多久|吗$|吗？$|呢$|还是|是不是|有没有")


def fact_request(text: str, *, said: str = "") -> FactRequest | None:
    """What the words ask of the memory; `recall` for any other question. None where they ask nothing of it.

    `said` is the last reply: only behind one of the memory's own may `no, the fourth` correct what was remembered.
    """
    words = " ".join(text.split()).strip().rstrip(".!。！").rstrip()
    asked = words.rstrip("?？").rstrip()
    if not asked or len(words) > 2 * MOST_CHARS:
        return None
    if _LIST.match(asked):
        return FactRequest("list")
    if _ABOUT_ALL.match(asked):
        return FactRequest("forget_all")
    if asked == words or _REQUESTS.match(words):  # what else ends in a question mark asks, and tells nothing
        for pattern in _REMEMBER:
            found = pattern.match(asked)
            if found and not _NO_FACT.match(fact := _tidy(found["fact"])):
                return FactRequest("remember", fact)
        for pattern in _FORGET:
            found = pattern.match(asked)
            if found and not _NOT_FORGOTTEN.match(fact := _tidy(found["fact"])):
                return FactRequest("forget", fact)
        if is_own_reply(said):
            for pattern in _CORRECT:
                if found := pattern.match(words):
                    return FactRequest("correct", _tidy(found["fact"]))
    if (_HAN_ASKS if language_of(asked) == "zh" else _ASKS).search(asked):
        return FactRequest("recall", asked)
    return None


def is_personal(question: str) -> bool:
    """Whether the person speaks of themselves."""
    return bool(re.search("[我咱]", question) or _FIRST_PERSON.search(question))


def _tidy(fact: str) -> str:
    return re.sub(r"^that ", "", fact.strip(' ,，.。;；:：()（）"“”'), flags=re.I)


# What one fact is about

_VALUE = pattern_of(
    r"^(?P<about>(?:my|our|the) .+? (?:is|are|was|were|leaves?|closes?|opens?|expires?|weighs?|costs?|lives?|goes)|"
    r"(?:i|we) (?:am called|live|work|park|sleep)|i was born)(?P<rest> .+)$",
    re.I,
)
_HAN_VALUE = pattern_of(
    r"^(?P<about>(?:我|我们|我家|咱|咱家|家里)?.{0,10}?(?:是|叫|姓|住在|住|在|停在|上班|密码是|尾号是))(?P<rest>.+)$"
)
_PREPOSITION = pattern_of(r"^ ?(?P<preposition>in|on|at|under|behind|called|named|near|by) (?:the )?", re.I)


def subject(fact: str) -> str:
    """What a fact says something about, such as `my daughter's birthday is`; empty where more than one may be true."""
    found = (_HAN_VALUE if language_of(fact) == "zh" else _VALUE).match(fact)
    if not found:
        return ""
    about = found["about"].lower()
    return "" if re.fullmatch(r"我(?:们)?(?:是|在)", about) else about


def corrected(fact: str, value: str) -> str:
    """The fact with its value replaced: `my birthday is the third of May` and `the fourth` are `my birthday is the
    fourth of May`. A value that is a whole fact of its own replaces all."""
    if subject(value):
        return value
    found = (_HAN_VALUE if language_of(fact) == "zh" else _VALUE).match(fact)
    if not found:
        return value
    if language_of(fact) == "zh":
        return found["about"] + re.sub(r"^(?:是|叫|姓|住在|住|在)", "", value)
    rest = found["rest"]
    before = _PREPOSITION.match(rest)
    if before and not _PREPOSITION.match(value):
        value = f"{before['preposition']} {value}"
    ordinal = r"(?:the )?(?:\w+(?:st|nd|rd|th|first|second|third)|first|second|third)"
    whole = re.search(rf"{ordinal} (?P<tail>(?:of )?\w+|floor)$", rest, re.I)
    if whole and re.fullmatch(rf"(?:on )?{ordinal}", value, re.I):
        value = f"{value} {whole['tail']}"
    return f"{found['about']} {value.strip()}"


# Said back

_TURNED = {
    "i": "you", "i'm": "you're", "i've": "you've", "i'd": "you'd", "i'll": "you'll", "me": "you", "my": "your",
    "mine": "yours", "myself": "yourself", "we": "you", "we're": "you're", "our": "your", "ours": "yours", "us": "you",
}  # fmt: skip
_HAN_TURNED = {"我们": "你们", "咱们": "你们", "我": "你", "咱": "你", "你": "我"}


def turned(fact: str) -> str:
    """A fact as it is said to the person who told it: `I am` becomes `you are`, `我` becomes `你`."""
    if language_of(fact) == "zh":
        return re.sub("我们|咱们|我|咱|你", lambda found: _HAN_TURNED[found[0]], fact)
    fact = re.sub(
        r"\b(i) (am|was)\b", lambda found: f"I {'are' if found[2].lower() == 'am' else 'were'}", fact, flags=re.I
    )
    fact = re.sub(
        r"\b(am|was) (i)\b", lambda found: f"{'are' if found[1].lower() == 'am' else 'were'} I", fact, flags=re.I
    )
    return re.sub(
        r"[A-Za-z]+(?:['’][a-z]+)?", lambda word: _TURNED.get(word[0].lower().replace("’", "'"), word[0]), fact
    )


KEPT = ("I'll remember that {}.", "好的，我记住了：{}。")
CHANGED = ("I've changed that: {}.", "好的，已经改成：{}。")
TOLD = ("You told me that {}.", "你告诉过我：{}。")
FORGOTTEN = ("I've forgotten that {}.", "好的，我已经忘掉了：{}。")
_OWN = tuple(pattern_of(re.escape(text).replace(r"\{\}", ".+")) for pair in (KEPT, CHANGED, TOLD) for text in pair)


def is_own_reply(said: str) -> bool:
    """Whether a reply was the memory's own, so that the next words may correct it."""
    return any(pattern.match(said.strip()) for pattern in _OWN)


def sentence(pair: tuple[str, str], fact: str, language: str) -> str:
    """One of the replies above with the fact turned to the person."""
    return pair[language == "zh"].format(turned(fact).rstrip(".。!！"))
