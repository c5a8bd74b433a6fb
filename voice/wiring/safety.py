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
from voice.safety.moderation import Moderation, ModerationProvider
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


def judges(safety: SafetySettings) -> list[ModerationProvider]:
    """The configured moderation servers."""
    found: list[ModerationProvider] = []
    if safety.openai_url:
        from voice.safety.classifiers import OpenAIModeration

        found.append(OpenAIModeration(safety.openai_url, safety.openai_model, safety.openai_key, safety.timeout_s))
    if safety.filter_url:
        found.append(_classifier(safety))
    return found


def _classifier(safety: SafetySettings) -> ModerationProvider:
    from voice.safety.classifiers import LlamaGuard, ShieldGemma

    if not safety.filter_model:
        raise ConfigError("no classifier is set", where="safety.filter_model", expected="as shieldgemma:2b")
    kind = safety.filter_kind
    if kind == "auto":
        name = safety.filter_model.lower().replace("_", "-")
        kind = "shieldgemma" if "shieldgemma" in name else "llama-guard" if "llama-guard" in name else ""
    where = safety.filter_url, safety.filter_model, safety.filter_key, safety.timeout_s
    if kind == "shieldgemma":
        return ShieldGemma(*where, safety.filter_rules, safety.threshold)
    if kind == "llama-guard":
        if ":" in safety.filter_rules:
            raise ConfigError(
                "Llama Guard supports only its own rules", where="safety.filter_rules", expected="ShieldGemma"
            )
        return LlamaGuard(*where, safety.threshold)
    raise ConfigError(
        f"`{safety.filter_model}` does not tell which classifier it is",
        where="safety.filter_kind",
        expected="shieldgemma or llama-guard",
    )


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
