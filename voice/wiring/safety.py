"""Builds moderation and redaction from settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from voice.conversation.observer import Note, Observer, TranscriptChanged, TurnEnded
from voice.errors import ConfigError
from voice.safety.filters import Guard, screened
from voice.safety.judges import judges
from voice.safety.moderation import Moderation
from voice.safety.rules import Rules
from voice.safety.rules_file import load
from voice.safety.verdict import CATEGORIES
from voice.settings.schema import Settings
from voice.settings.serving import SafetySettings

if TYPE_CHECKING:
    from voice.safety.redactor import Finder
    from voice.safety.session_redaction import PrivateGuards, SecondStage


def moderation(settings: Settings) -> Moderation | None:
    """The moderation of both sides of a conversation; None if it is off. Raises ConfigError and MissingError."""
    safety = settings.safety
    if safety.moderate == "off":
        return None
    actions = {name: getattr(safety, name.replace("-", "_")) for name in CATEGORIES}
    off = frozenset(name for name, action in actions.items() if action == "off")
    return Moderation(
        load(Path(safety.rules).expanduser(), without=off) if safety.rules else shipped(off),
        judges(safety),
        actions,
        optimistic=safety.moderate == "optimistic",
        closed=safety.on_error == "closed",
        help=safety.help,
    )


@cache
def shipped(off: frozenset[str]) -> Rules:
    """The included rules without the categories that are off; reading them takes a tenth of a second."""
    return load(without=off)


def guards(safety: SafetySettings) -> PrivateGuards | None:
    """The guards of an engine's sessions; None if redaction is off. Raises ConfigError and MissingError."""
    if safety.redact == "off":
        return None
    from voice.safety.session_redaction import PrivateGuards

    return PrivateGuards(safety.redact, finder(safety), second_stage(safety))


def finder(safety: SafetySettings) -> Finder:
    """The finder of personal data. Raises ConfigError for an invalid region or public number."""
    from phonenumbers import SUPPORTED_REGIONS

    from voice.safety.redactor import Finder

    regions = [region.strip().upper() for region in safety.regions.split(",") if region.strip()]
    for region in regions:
        if region not in SUPPORTED_REGIONS:
            raise ConfigError(
                f"unknown region: {region!r}",
                where="safety.regions",
                expected="comma-separated two-letter codes, such as CN,US,GB",
            )
    public = [one.strip() for one in safety.public.split(",") if one.strip()]
    looks = Finder(regions)
    for one in public:
        if looks.whole(one) is None:
            raise ConfigError(
                f"{one!r} is not a number or address that redaction would find",
                where="safety.public",
                expected="such as +86 400 800 1234, hello@example.com",
            )
    return Finder(regions, public) if public else looks


def second_stage(safety: SafetySettings) -> SecondStage | None:
    """Presidio, if configured."""
    if safety.presidio == "off":
        return None
    from voice.safety.presidio import stage

    return stage(safety.presidio)


def masked(observer: Observer, guard: Callable[[], Guard]) -> Observer:
    """The observer, with the user's words replaced by what may be logged."""

    def watch(event: Note) -> None:
        if isinstance(event, TranscriptChanged):
            text = screened(guard(), event.text)
            event = TranscriptChanged(text, event.final, min(event.stable, len(text)))
        elif isinstance(event, TurnEnded):
            event = TurnEnded(replace(event.trace, text=screened(guard(), event.trace.text)))
        observer(event)

    return watch
