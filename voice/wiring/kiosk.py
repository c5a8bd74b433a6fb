"""Builds the kiosk page from settings: suggestions, languages, time limits."""

from __future__ import annotations

from pathlib import Path

from voice import __version__
from voice import paths as folders
from voice.errors import ConfigError
from voice.llm.builtin.notes import headings
from voice.server.kiosk_page import Page, suggestions
from voice.settings.schema import Settings
from voice.settings.serving import KioskSettings
from voice.wiring.engine_choice import engine_choices

LANGUAGES = ("en", "zh")
"""What the page's own words are written in."""

MOST_QUESTIONS = 24


def unknown_sentences(kiosk: KioskSettings) -> list[str]:
    """The owner's words for what cannot be answered, one for each language."""
    return [sentence.strip() for sentence in kiosk.unknown.split("|") if sentence.strip()]


def page(settings: Settings) -> Page:
    """Raises ConfigError for a language the page has no words in, MissingError for notes that cannot be read."""
    kiosk = settings.kiosk
    languages = tuple(dict.fromkeys(one.strip() for one in kiosk.languages.split(",") if one.strip()))
    for language in languages or ("",):
        if language not in LANGUAGES:
            expected = f"one or more of {', '.join(LANGUAGES)}, comma-separated"
            raise ConfigError(f"unsupported language: {language!r}", where="kiosk.languages", expected=expected)
    if kiosk.countdown_s >= kiosk.idle_s:
        what = f"{kiosk.countdown_s:g} s leave nothing of kiosk.idle_s = {kiosk.idle_s:g} s"
        raise ConfigError(what, where="kiosk.countdown_s", expected="less than kiosk.idle_s")
    asked = [question.strip() for question in kiosk.questions.split("|") if question.strip()]
    files = [asked] if asked else headings(_knowledge(settings))
    chosen = {language: engine_choices(settings, language) for language in languages}
    return Page(
        title=kiosk.title,
        languages=languages,
        questions={language: suggestions(files, language)[:MOST_QUESTIONS] for language in languages},
        hears=tuple(language for language, choices in chosen.items() if choices.recognizer_hears),
        engines={
            **{f"hears {language}": str(choices.recognizer) for language, choices in chosen.items()},
            **{f"speaks {language}": str(choices.synthesizer) for language, choices in chosen.items()},
            "notices speech": settings.vad.engine,
            "answers": settings.chat.model or settings.chat.llm,
        },
        idle_s=kiosk.idle_s,
        countdown_s=kiosk.countdown_s,
        operator_key=kiosk.operator_key,
        keyed=bool(settings.serve.api_keys.strip(", ")),
        version=__version__,
    )


def _knowledge(settings: Settings) -> Path:
    named = settings.chat.knowledge
    return Path(named).expanduser() if named else folders.PACKAGE / "demo" / "knowledge"
