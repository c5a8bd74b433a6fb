"""What a new machine should fetch, by its speed and by what the settings ask for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from voice.models.registry import find_model
from voice.models.store import shipped_registry
from voice.settings.schema import Settings
from voice.wiring.first_start import ENOUGH_MS, FAST, GOOD, TIMES, fit, wanted

REGISTRY = shipped_registry()
JOE, TURN = "en_US-joe-medium", "smart-turn"


@pytest.mark.parametrize(
    ("read_ms", "language", "model"),
    [
        ({FAST: ENOUGH_MS / TIMES}, "", GOOD),
        ({FAST: ENOUGH_MS / TIMES + 0.1}, "", FAST),
        ({FAST: 40.0}, "en-US", GOOD),
        ({FAST: 40.0, GOOD: ENOUGH_MS}, "en", GOOD),  # what was measured counts, not what was expected
        ({FAST: 40.0, GOOD: ENOUGH_MS + 0.1}, "en", FAST),
        ({FAST: 900.0}, "en", FAST),
        ({}, "zh-CN", GOOD),
        ({FAST: 900.0}, "de", GOOD),  # slow, but the other one does not know the language
    ],
)
def test_the_larger_model_is_for_machines_that_read_fast_enough_and_for_other_languages(
    read_ms: dict[str, float], language: str, model: str
) -> None:
    assert fit(read_ms, language).model == model


def test_the_reason_says_what_was_measured_and_what_was_expected() -> None:
    assert fit({FAST: 50.0}).why == (
        "this machine reads 3 s of speech in 50 ms with tiny.en, about 125 ms with base: "
        "fast enough for base (at most 250 ms)"
    )
    assert "310 ms with base: too slow for base" in fit({FAST: 100.0, GOOD: 310.0}).why


def settings(**changes: str) -> Settings:
    changed = Settings()
    for key, value in changes.items():
        section, _, name = key.partition("_")
        changed = replace(changed, **{section: replace(getattr(changed, section), **{name: value})})
    return changed


@pytest.mark.parametrize(
    ("changes", "present", "measured", "models"),
    [
        ({}, (), True, (JOE, TURN)),
        ({}, ("tiny.en", JOE, TURN), False, ()),
        ({}, ("tiny",), False, (JOE, TURN)),
        ({}, ("zh_CN-huayan-medium",), True, (JOE, TURN)),
        ({"asr_language": "zh-CN"}, ("tiny.en", JOE), False, (GOOD, "zh_CN-huayan-medium", TURN)),
        ({"tts_language": "de"}, (), True, ("de_DE-thorsten-medium", TURN)),
        ({"asr_language": "fr"}, (), False, (GOOD, TURN)),  # no voice of the registry speaks it
        ({"asr_engine": "pocketsphinx", "tts_engine": "espeak", "turn_model": "off"}, (), False, ()),
        ({"asr_url": "http://pi5:8000/v1", "tts_url": "http://pi5:8000/v1"}, (), False, (TURN,)),
        ({"asr_model": "small", "tts_voice": "en_US-amy-medium"}, (), False, ("small", "en_US-amy-medium", TURN)),
        ({"asr_model": "/my/model", "tts_voice": "en-gb", "turn_model": "my.onnx"}, (), False, ()),
        ({"turn_endpointing": "fixed"}, ("tiny.en", JOE), False, ()),
    ],
)
def test_only_what_the_settings_need_and_lack_is_wanted(
    changes: dict[str, str], present: tuple[str, ...], measured: bool, models: tuple[str, ...]
) -> None:
    found = wanted(settings(**changes), [find_model(REGISTRY, name) for name in present], REGISTRY)
    assert (found.measured, tuple(model.name for model in found.models)) == (measured, models)
