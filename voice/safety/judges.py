"""The moderation servers of the settings."""

from __future__ import annotations

from voice.errors import ConfigError
from voice.safety.moderation import ModerationProvider
from voice.settings.serving import SafetySettings


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
