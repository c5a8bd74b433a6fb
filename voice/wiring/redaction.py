"""Redaction as the settings want it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from voice.conversation.observer import Note, Observer, TurnEnded, Words
from voice.errors import ConfigError
from voice.safety.filters import Guard, screened
from voice.settings.schema import SafetySettings

if TYPE_CHECKING:
    from voice.safety.finder import Finder
    from voice.safety.session_redaction import PrivateGuards, SecondStage


def guards(safety: SafetySettings) -> PrivateGuards | None:
    """The guards of an engine's sessions; None where nothing is redacted. Raises ConfigError and MissingError."""
    if safety.redact == "off":
        return None
    from voice.safety.session_redaction import PrivateGuards

    return PrivateGuards(safety.redact, finder(safety), second_stage(safety))


def finder(safety: SafetySettings) -> Finder:
    """What the patterns look for. Raises ConfigError for a region or a public number that is none."""
    from phonenumbers import SUPPORTED_REGIONS

    from voice.safety.finder import Finder

    regions = [region.strip().upper() for region in safety.regions.split(",") if region.strip()]
    for region in regions:
        if region not in SUPPORTED_REGIONS:
            raise ConfigError(
                f"no region is called {region!r}",
                where="safety.regions",
                expected="two-letter codes with commas between, as CN,US,GB",
            )
    public = [one.strip() for one in safety.public.split(",") if one.strip()]
    looks = Finder(regions)
    for one in public:
        if looks.whole(one) is None:
            raise ConfigError(
                f"{one!r} is no number or address that would be taken out",
                where="safety.public",
                expected="as +86 400 800 1234, hello@example.com",
            )
    return Finder(regions, public) if public else looks


def second_stage(safety: SafetySettings) -> SecondStage | None:
    """Presidio, where the settings want it."""
    if safety.presidio == "off":
        return None
    from voice.safety.presidio import stage

    return stage(safety.presidio)


def masked(observer: Observer, guard: Callable[[], Guard]) -> Observer:
    """The observer, told the person's words as they may be logged."""

    def watch(event: Note) -> None:
        if isinstance(event, Words):
            text = screened(guard(), event.text)
            event = Words(text, event.final, min(event.stable, len(text)))
        elif isinstance(event, TurnEnded):
            event = TurnEnded(replace(event.trace, text=screened(guard(), event.trace.text)))
        observer(event)

    return watch
