"""What the house says in its own name, in each language it speaks."""

from __future__ import annotations

from types import MappingProxyType

PHRASES = MappingProxyType(
    {
        "en": {
            "recognizer": "Sorry, I could not understand that. My hearing has a problem.",
            "model": "Sorry, I cannot reach my language model right now.",
            "synthesizer": "Sorry, my voice has a problem.",
            "no_answer": "Sorry, I have no answer to that.",
            "timer": "Your timer is up.",
            "timer_named": "Your {label} timer is up.",
        },
        "zh": {
            "recognizer": "抱歉，我没有听清楚，听写出了问题。",
            "model": "抱歉，我现在连不上语言模型。",
            "synthesizer": "抱歉，我的声音出了问题。",
            "no_answer": "抱歉，我没有答案。",
            "timer": "您的计时器到了。",
            "timer_named": "您的{label}计时器到了。",
        },
        "de": {
            "recognizer": "Entschuldigung, ich konnte das nicht verstehen.",
            "model": "Entschuldigung, ich erreiche mein Sprachmodell gerade nicht.",
            "synthesizer": "Entschuldigung, mit meiner Stimme stimmt etwas nicht.",
            "no_answer": "Darauf habe ich leider keine Antwort.",
            "timer": "Ihr Timer ist abgelaufen.",
            "timer_named": "Ihr Timer {label} ist abgelaufen.",
        },
    }
)


def phrase(key: str, language: str = "en", **values: str) -> str:
    """The phrase for `key` in a language given as BCP 47 tag, English where that language has none."""
    table = PHRASES.get(language.split("-")[0].lower(), PHRASES["en"])
    return table[key].format(**values)
