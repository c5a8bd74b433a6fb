"""What the user has chosen is kept whole, private where it must be, and with their own lines."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.errors import ConfigError, MissingError, UsageError
from voice.settings.layers import environment_lines, from_file, load
from voice.settings.personal import save_key, save_settings


def test_settings_are_written_and_read_back(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.toml"
    save_settings(file, {"asr.language": "de", "turn.silence_ms": 400, "turn.barge_in": False})
    assert {given.key: given.value for given in from_file(file)} == {
        "asr.language": "de",
        "turn.silence_ms": 400,
        "turn.barge_in": False,
    }
    assert load(personal=file).settings.asr.language == "de"


def test_other_lines_and_comments_stay(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("# mine\n[asr]\nlanguage = 'en'  # at home\nprompt = 'x'\n", "utf-8")
    save_settings(file, {"asr.language": "zh", "chat.name": "Nova"})
    written = file.read_text("utf-8")
    assert "# mine" in written
    assert "# at home" in written
    assert load(personal=file).settings.asr.prompt == "x"
    save_settings(file, {"asr.language": None, "wake.mode": None})
    assert load(personal=file).origins["asr.language"] == "default"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.toml").write_text("", "utf-8")
    link = tmp_path / "config.toml"
    link.symlink_to("real.toml")
    save_settings(link, {"chat.name": "Nova"})
    assert link.is_symlink()
    assert "Nova" in (tmp_path / "real.toml").read_text("utf-8")


def test_what_is_no_toml_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[asr\n", "utf-8")
    with pytest.raises(ConfigError, match="invalid TOML"):
        save_settings(file, {"chat.name": "Nova"})
    assert file.read_text("utf-8") == "[asr\n"


def test_what_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(MissingError, match=r"cannot be (written|read)"):
        save_settings(tmp_path / "file" / "config.toml", {"chat.name": "Nova"})


def test_a_key_is_private_and_replaces_the_former(tmp_path: Path) -> None:
    file = tmp_path / "voice-assistant.env"
    file.write_text("# keys\nOTHER=1\nVOICE_CHAT_API_KEY=old\n", "utf-8")
    file.chmod(0o644)
    save_key(file, "VOICE_CHAT_API_KEY", "sk-new")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text("utf-8") == "# keys\nOTHER=1\nVOICE_CHAT_API_KEY=sk-new\n"


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "quo'te", "schlüssel"])
def test_what_is_no_key_is_refused(key: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a key"):
        save_key(tmp_path / "keys.env", "VOICE_CHAT_API_KEY", key)
    assert not (tmp_path / "keys.env").exists()


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\"'\\"), min_size=1))
def test_every_key_comes_back(tmp_path_factory: pytest.TempPathFactory, key: str) -> None:
    file = tmp_path_factory.mktemp("keys") / "keys.env"
    save_key(file, "VOICE_CHAT_API_KEY", key)
    assert environment_lines(file) == {"VOICE_CHAT_API_KEY": key}


def test_the_order_of_the_layers(tmp_path: Path) -> None:
    personal, config, keys = tmp_path / "config.toml", tmp_path / "given.toml", tmp_path / "keys.env"
    personal.write_text("[vad]\nengine = 'silero'\n[asr]\nlanguage = 'de'\n[chat]\nname = 'Ada'\n", "utf-8")
    config.write_text("[asr]\nlanguage = 'fr'\n[turn]\nsilence_ms = 300\n", "utf-8")
    keys.write_text("VOICE_TURN_SILENCE_MS=450\nVOICE_CHAT_API_KEY='sk'\nVOICE_CHAT_MODEL=a\n", "utf-8")
    resolved = load(personal=personal, config=config, keys=keys, environment={"VOICE_CHAT_MODEL": "b"})
    assert resolved.value("vad.engine") == "silero", "above the profile"
    assert resolved.value("asr.language") == "fr", "below --config"
    assert resolved.value("chat.name") == "Ada"
    assert resolved.origins["chat.name"] == str(personal)
    assert resolved.value("turn.silence_ms") == 450
    assert resolved.value("chat.api_key") == "sk"
    assert resolved.origins["chat.api_key"] == f"VOICE_CHAT_API_KEY in {keys}"
    assert resolved.value("chat.model") == "b", "the environment comes before its file"


def test_the_key_of_openai_may_be_in_the_environment_file(tmp_path: Path) -> None:
    keys = tmp_path / "keys.env"
    keys.write_text("OPENAI_API_KEY=sk\n", "utf-8")
    resolved = load(keys=keys, environment={"VOICE_CHAT_LLM": "https://api.openai.com/v1"})
    assert resolved.value("chat.api_key") == "sk"


def test_files_that_are_not_there_are_empty(tmp_path: Path) -> None:
    resolved = load(personal=tmp_path / "none.toml", keys=tmp_path / "none.env")
    assert resolved.origins["chat.name"] == "default"


def test_a_secret_in_the_settings_file_is_refused(tmp_path: Path) -> None:
    personal = tmp_path / "config.toml"
    personal.write_text("[chat]\napi_key = 'sk'\n", "utf-8")
    with pytest.raises(ConfigError, match="VOICE_CHAT_API_KEY"):
        load(personal=personal)


def test_an_unreadable_environment_file_is_one_line(tmp_path: Path) -> None:
    keys = tmp_path / "keys.env"
    keys.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(keys=keys)


def test_files_of_a_windows_editor_are_read_and_written_on(tmp_path: Path) -> None:
    config, keys = tmp_path / "config.toml", tmp_path / "keys.env"
    config.write_bytes(b'\xef\xbb\xbf[chat]\r\nmodel = "m"\r\n')
    keys.write_bytes(b"\xef\xbb\xbfVOICE_CHAT_API_KEY=old\r\n")
    assert [(one.key, one.value) for one in from_file(config)] == [("chat.model", "m")]
    assert environment_lines(keys) == {"VOICE_CHAT_API_KEY": "old"}
    save_key(keys, "VOICE_CHAT_API_KEY", "new")
    assert environment_lines(keys) == {"VOICE_CHAT_API_KEY": "new"}
