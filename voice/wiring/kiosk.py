"""Builds the kiosk page from settings: suggestions, languages, time limits, colours, the logo."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from voice import __version__
from voice import paths as folders
from voice.errors import ConfigError, MissingError
from voice.llm.builtin.notes import headings
from voice.server.kiosk_page import KioskPage, Logo, Page, Panel, accent_style, suggestions
from voice.settings.schema import Settings
from voice.settings.serving import KioskSettings
from voice.wiring.engine_choice import engine_choices

LANGUAGES = ("en", "zh")
"""What the page's own words are written in."""

MOST_QUESTIONS = 24
PICTURES = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
}
MOST_LOGO = 1024 * 1024
"""Bytes."""


def unknown_sentences(kiosk: KioskSettings) -> list[str]:
    """The owner's words for what cannot be answered, one for each language."""
    return [sentence.strip() for sentence in kiosk.unknown.split("|") if sentence.strip()]


def kiosk_page(settings: Settings) -> KioskPage:
    """Raises ConfigError for a setting that no page can be made with, MissingError for files that cannot be read."""
    kiosk = settings.kiosk
    languages = page_languages(kiosk)
    if kiosk.countdown_s >= kiosk.idle_s:
        what = f"{kiosk.countdown_s:g} s leave nothing of kiosk.idle_s = {kiosk.idle_s:g} s"
        raise ConfigError(what, where="kiosk.countdown_s", expected="less than kiosk.idle_s")
    chosen = {language: engine_choices(settings, language) for language in languages}
    if kiosk.pin and not re.fullmatch(r"[0-9]{4,12}", kiosk.pin):
        raise ConfigError("not a PIN", where="VOICE_KIOSK_PIN", expected="4 to 12 digits")
    logo = _logo(kiosk.logo) if kiosk.logo else None
    shown = Page(
        title=kiosk.title,
        languages=languages,
        questions=questions(settings, languages),
        hears=tuple(language for language, choices in chosen.items() if choices.recognizer_hears),
        idle_s=kiosk.idle_s,
        countdown_s=kiosk.countdown_s,
        operator_key=kiosk.operator_key,
        pin=bool(kiosk.pin),
        logo=logo is not None,
        keyed=bool(settings.serve.api_keys.strip(", ")),
    )
    engines = {
        **{f"hears {language}": str(choices.recognizer) for language, choices in chosen.items()},
        **{f"speaks {language}": str(choices.synthesizer) for language, choices in chosen.items()},
        "notices speech": settings.vad.engine,
        "answers": settings.chat.model or settings.chat.llm,
    }
    return KioskPage(shown, Panel(engines, __version__, kiosk.pin), style(kiosk), logo)


def page_languages(kiosk: KioskSettings) -> tuple[str, ...]:
    """The languages of the pages. Raises ConfigError for one that they have no words in."""
    languages = tuple(dict.fromkeys(one.strip() for one in kiosk.languages.split(",") if one.strip()))
    for language in languages or ("",):
        if language not in LANGUAGES:
            expected = f"one or more of {', '.join(LANGUAGES)}, comma-separated"
            raise ConfigError(f"unsupported language: {language!r}", where="kiosk.languages", expected=expected)
    return languages


def questions(settings: Settings, languages: Sequence[str]) -> dict[str, list[str]]:
    """What is suggested to be asked, by language."""
    asked = [question.strip() for question in settings.kiosk.questions.split("|") if question.strip()]
    files = [asked] if asked else headings(_knowledge(settings))
    return {language: suggestions(files, language)[:MOST_QUESTIONS] for language in languages}


def style(kiosk: KioskSettings) -> str:
    """The owner's colours as CSS. Raises ConfigError for what is no colour."""
    if kiosk.accent and not re.fullmatch(r"#[0-9a-fA-F]{6}", kiosk.accent):
        raise ConfigError(f"not a colour: {kiosk.accent!r}", where="kiosk.accent", expected="#rrggbb, such as #8ab4ff")
    theme = "" if kiosk.theme == "auto" else f"html {{ color-scheme: {kiosk.theme}; }}\n"
    return theme + (accent_style(kiosk.accent) if kiosk.accent else "")


def _logo(name: str) -> Logo:
    path = Path(name).expanduser()
    media_type = PICTURES.get(path.suffix.lower())
    if media_type is None:
        raise ConfigError(f"not a picture: {name}", where="kiosk.logo", expected=", ".join(PICTURES))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MissingError(f"cannot read {path}: {error.strerror}", where="kiosk.logo") from error
    if len(data) > MOST_LOGO:
        raise ConfigError(f"{path} has {len(data)} bytes", where="kiosk.logo", expected=f"at most {MOST_LOGO}")
    return Logo(data, media_type)


def _knowledge(settings: Settings) -> Path:
    named = settings.chat.knowledge
    return Path(named).expanduser() if named else folders.PACKAGE / "demo" / "knowledge"
