"""Moderation as the settings want it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from voice.errors import ConfigError
from voice.safety.moderation import Judge, Moderation
from voice.safety.rules import Rules
from voice.safety.rules_file import load
from voice.safety.verdict import CATEGORIES
from voice.settings.schema import SafetySettings, Settings


def moderation(settings: Settings) -> Moderation | None:
    """Who judges both sides of a conversation; None where nobody does. Raises ConfigError and MissingError."""
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
    """The rules of the house without the categories that are off; reading them takes a tenth of a second."""
    return load(without=off)


def judges(safety: SafetySettings) -> list[Judge]:
    """The moderation servers the settings name."""
    found: list[Judge] = []
    if safety.openai_url:
        from voice.safety.servers import OpenAIModeration

        found.append(OpenAIModeration(safety.openai_url, safety.openai_model, safety.openai_key, safety.timeout_s))
    if safety.filter_url:
        found.append(_classifier(safety))
    return found


def _classifier(safety: SafetySettings) -> Judge:
    from voice.safety.servers import LlamaGuard, ShieldGemma

    if not safety.filter_model:
        raise ConfigError("no classifier is named", where="safety.filter_model", expected="as shieldgemma:2b")
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
                "Llama Guard knows only its own rules", where="safety.filter_rules", expected="ShieldGemma"
            )
        return LlamaGuard(*where, safety.threshold)
    raise ConfigError(
        f"`{safety.filter_model}` does not tell which classifier it is",
        where="safety.filter_kind",
        expected="shieldgemma or llama-guard",
    )
