"""Whether somebody is taking leave: then the conversation is over."""

from __future__ import annotations

import re

_LEADS = r"(?:ok|okay|alright|all right|well|so|and|no|yes|great|thanks|thank you(?: very much| so much)?|danke|gut)"
_LEAVES = (
    r"(?:good ?bye|bye(?: bye)?|farewell|good night|so long|see (?:you|ya)|talk to you (?:later|soon)|until next time"
    r"|tschüss|tschüß|ciao|auf wiedersehen|auf wiederhören|gute nacht|bis (?:bald|morgen|später|dann))"
)
_TRAILS = (
    r"(?:then|now|for now|later|soon|tomorrow|again|everyone|everybody|all|my friend|and thanks|and thank you|thanks"
    r"|thank you|danke|und danke|voice|assistant|computer)"
)
_WORDS = re.compile(rf"(?:{_LEADS} )*{_LEAVES}(?: {_TRAILS})*")
_HAN = re.compile(
    r"(?:好的?|那|那么|嗯|行|谢谢(?:你|您)?|多谢|我走了|没事了)*"
    r"(?:再见|拜拜|拜|再会|回头见|下次见|明天见|晚点见|一会儿见|晚安)+(?:了|啦|吧|哦|呀|谢谢(?:你|您)?)*"
)


def is_farewell(words: str) -> bool:
    """Whether the whole utterance is a farewell in English, Chinese or German, and nothing besides."""
    plain = " ".join(re.sub(r"[^\w\s]", " ", words.lower()).split())
    return bool(_WORDS.fullmatch(plain) or _HAN.fullmatch(plain.replace(" ", "")))
