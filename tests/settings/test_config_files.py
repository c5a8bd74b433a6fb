"""Profiles, configuration files and environment, as they lie on disk."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from voice.errors import ConfigError
from voice.paths import shipped
from voice.settings.layers import PROFILES, Given, load


def refusal(**arguments: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load(**arguments)
    return str(caught.value)


@pytest.mark.parametrize("profile", PROFILES)
def test_each_profile_loads_and_is_named_as_source(profile: str) -> None:
    written = tomllib.loads(shipped(f"config/{profile}.toml").read_text("utf-8"))
    resolved = load(profile=profile)
    for section, values in written.items():
        for name, value in values.items():
            assert resolved.value(f"{section}.{name}") == value
            assert resolved.origins[f"{section}.{name}"] == f"config/{profile}.toml"


def test_a_kiosk_blocks_every_category_keeps_nothing_and_forgets_its_visitors() -> None:
    settings = load(profile="kiosk").settings
    safety, kinds = settings.safety, ("politics", "violence", "self_harm", "sexual", "hate", "illegal", "fraud")
    assert {getattr(safety, kind) for kind in kinds} == {"block"}
    assert (safety.moderate, safety.redact) == ("strict", "stored")
    assert settings.chat.retain == "conversation"
    assert 0 < settings.kiosk.countdown_s < settings.kiosk.idle_s <= 60


def test_flag_over_environment_over_file_over_profile(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[turn]\nfiller_s = 1\nsilence_ms = 600\nmax_turn_s = 50\n")
    resolved = load(
        profile="pi",
        config=file,
        environment={"VOICE_TURN_SILENCE_MS": "700", "VOICE_TURN_MAX_TURN_S": "40", "HOME": "/"},
        flags=[Given("turn.max_turn_s", "30", "--set", text=True)],
    )
    turn = resolved.settings.turn
    assert (turn.speculate, turn.filler_s, turn.silence_ms, turn.max_turn_s) == ("asr", 1.0, 700, 30.0)
    assert resolved.origins["turn.filler_s"] == str(file)


def test_files_that_cannot_be_read_are_one_line(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    assert refusal(config=missing).startswith(f"{missing}: No such file or directory; expected a readable TOML")
    assert "Is a directory" in refusal(config=tmp_path)
    broken = tmp_path / "broken.toml"
    broken.write_text("[turn]\nsilence_ms = \n")
    assert "line 2" in refusal(config=broken)
    broken.write_bytes(b"\xff\xfe")
    assert "invalid TOML" in refusal(config=broken)
    broken.write_text("silence_ms = 500\n")
    assert "[turn] above `silence_ms = …`" in refusal(config=broken)


def test_an_unknown_variable_is_refused_with_the_nearest_setting() -> None:
    line = refusal(environment={"VOICE_CHAT_MODLE": "x"})
    assert "VOICE_CHAT_MODLE" in line
    assert "expected chat.model" in line
    assert load(environment={"VOICE_DEBUG": "1", "VOICE_PROFILE": "pi"}).settings == load().settings


def test_an_unknown_profile_is_refused() -> None:
    assert "one of desktop, pi, kiosk" in refusal(profile="phone")


@pytest.mark.parametrize(
    ("llm", "key"),
    [("https://api.openai.com/v1", "sk-1"), ("http://localhost:11434/v1", ""), ("builtin", "")],
)
def test_the_openai_key_goes_to_openai_alone(llm: str, key: str) -> None:
    resolved = load(environment={"OPENAI_API_KEY": "sk-1", "VOICE_CHAT_LLM": llm})
    assert resolved.settings.chat.api_key == key


def test_the_products_own_key_goes_before_openais() -> None:
    resolved = load(
        environment={
            "OPENAI_API_KEY": "sk-1",
            "VOICE_CHAT_API_KEY": "sk-2",
            "VOICE_CHAT_LLM": "https://api.openai.com/v1",
        }
    )
    assert resolved.settings.chat.api_key == "sk-2"
    assert resolved.origins["chat.api_key"] == "VOICE_CHAT_API_KEY"


def test_a_file_that_an_editor_marked_as_utf8_is_read(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(b"\xef\xbb\xbf[turn]\r\nsilence_ms = 700\r\n")
    assert load(config=path).value("turn.silence_ms") == 700
