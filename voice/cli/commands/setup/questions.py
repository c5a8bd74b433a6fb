"""What `voice setup` asks: which steps, which answers, which of them first. Decisions only; nothing is tried here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voice.models.registry import PIPER, Model
from voice.models.selection import suggested
from voice.text.language_tags import base_language

if TYPE_CHECKING:
    from voice.llm.model_list import ModelServer

STEPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "language": ("the language you speak", ("asr.language",)),
    "models": ("speech models that fit this machine", ()),
    "microphone": ("the microphone, tried with a sentence", ("audio.input",)),
    "voice": ("the voice and the speaker", ("tts.voice", "audio.output")),
    "echo": ("whether the assistant hears itself", ("audio.echo",)),
    "llm": ("the language model", ("chat.llm", "chat.model")),
    "name": ("the name of the assistant", ("chat.name",)),
    "people": ("who speaks, where several people do", ("memory.voices",)),
    "wake": ("the wake word", ("wake.mode", "wake.words")),
    "home": ("Home Assistant", ("tools.home_url",)),
}
"""Each step in its order, what it is about, and the settings it asks for."""

FIRST = ("language", "models", "microphone", "voice", "echo", "llm")
"""The steps of a first start; the others are offered in one question at its end."""

LANGUAGES = {
    "en": "English",
    "zh": "中文",
    "de": "Deutsch",
    "fr": "français",
    "es": "español",
    "it": "italiano",
    "pt": "português",
    "nl": "Nederlands",
    "pl": "polski",
    "ru": "русский",
    "ja": "日本語",
    "ko": "한국어",
}

SENTENCES = {
    "en": "Please tell me what the weather will be like in London tomorrow.",
    "zh": "请告诉我明天北京的天气怎么样",
    "de": "Bitte sag mir, wie morgen das Wetter in Berlin wird.",
}
"""What to read aloud: everyday words that any recognizer of the language knows."""

GREETINGS = {
    "en": "Hello, this is my voice. Do you like it?",
    "zh": "你好，这是我的声音，你喜欢吗？",
    "de": "Hallo, so klingt meine Stimme. Gefällt sie dir?",
}
"""What a voice says when it is tried."""

VOICES = 3
"""Voices that are offered."""

UNDERSTOOD = 0.35
"""Word error rate up to which the sentence counts as understood."""

WAKE_WORDS = {"hey_jarvis": "hey Jarvis", "okay_nabu": "okay Nabu", "hey_mycroft": "hey Mycroft", "alexa": "Alexa"}

Answers = Sequence[tuple[str, str]]
"""What may be chosen: its value, and the words for it."""


@dataclass(frozen=True, slots=True)
class Sound:
    """The names of this machine's microphones and speakers, the system's own first."""

    microphones: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()


def locale_language(name: str) -> str:
    """`de` for `de-AT` and `de_DE.UTF-8`; empty where no language is named."""
    tag = base_language(name.partition(".")[0])
    return tag if tag.isalpha() and tag not in ("c", "posix") else ""


def system_language(environment: Mapping[str, str]) -> str:
    """The language of this login, English where none is set."""
    named = (environment.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return next((base for base in map(locale_language, named) if base), "en")


def languages(system: str) -> Answers:
    """The languages to choose from, the system's first, and at the end the word for any other."""
    known = sorted(LANGUAGES, key=lambda tag: (tag != system, tag != "en"))
    return [*([] if system in LANGUAGES else [(system, system)]), *((tag, LANGUAGES[tag]) for tag in known)]


def first_steps(given: Collection[str], sound: Sound, *, offline: bool) -> list[str]:
    """The steps of a first start, in their order.

    Left out is what needs a device that is not there, models that may not be fetched, and what is decided elsewhere:
    `given` are the settings of flags and the environment.
    """
    lacking = {
        "microphone": not sound.microphones,
        "voice": not sound.speakers,
        "echo": not (sound.microphones and sound.speakers),
    }
    return [
        step
        for step in FIRST
        if not (lacking.get(step) or (step == "models" and offline) or set(STEPS[step][1]) & set(given))
    ]


def further_steps(sound: Sound, *, voices: bool) -> list[str]:
    """What a first start offers at its end; `voices` says that people may be known by theirs."""
    lacking = {"people": not (voices and sound.microphones)}
    return [step for step in STEPS if step not in FIRST and not lacking.get(step)]


def voices(language: str, present: Sequence[Model], registry: Sequence[Model]) -> list[Model]:
    """At most VOICES Piper voices of the language: what is suggested, then what is here already, then the best."""
    best = suggested(PIPER, language, registry)
    speaking = [model for model in registry if model.kind == PIPER and model.speaks(language or "en")]
    speaking.sort(key=lambda model: (model != best, model not in present, -model.rank))
    return speaking[:VOICES]


def voice_answers(
    offered: Sequence[Model], present: Sequence[Model], current: str, say: Callable[..., str] = str.format
) -> Answers:
    """The voices to choose from, `current` first, with the size of what must be fetched; `say` words them."""
    ordered = sorted(offered, key=lambda model: model.name != current)
    return [(model.name, say(_offer(model, present, current), name=model.name, size=_mb(model))) for model in ordered]


def _offer(model: Model, present: Sequence[Model], current: str) -> str:
    if model.name == current:
        return "keep {name}"
    return "try {name}" if model in present else "try {name} (fetches {size} MB)"


def _mb(model: Model) -> str:
    return f"{model.size / 1e6:.0f}"


OTHER, BUILTIN = "other", "builtin"
MOST_MODELS = 8


def model_answers(
    servers: Sequence[ModelServer], say: Callable[..., str] = str.format
) -> list[tuple[tuple[str, str], str]]:
    """The language models to choose from as (chat.llm, chat.model): those found, none, and one at another address."""
    found = [
        ((server.url, model), f"{model} ({server.kind}, {server.url})")
        for server in servers
        for model in server.models[:MOST_MODELS]
    ]
    return [
        *found,
        ((BUILTIN, ""), say("none: time, sums, timers and your notes work without")),
        ((OTHER, ""), say("a server at another address")),
    ]
