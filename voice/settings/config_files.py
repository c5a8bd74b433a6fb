"""Reads the layers of settings from where people write them: profiles, TOML files and the environment."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from voice.errors import ConfigError
from voice.paths import shipped
from voice.settings.layers import OPTIONS, Given, Resolved, environment_name, merge

PROFILES = ("desktop", "pi", "kiosk")
RESERVED = frozenset({"VOICE_PROFILE", "VOICE_CONFIG", "VOICE_DEBUG"})
"""Variables that steer the command itself and are no settings."""


def load(
    *,
    profile: str = "desktop",
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Iterable[Given] = (),
) -> Resolved:
    """Settings as the command line, the environment and the files give them.

    Raises ConfigError for a file that cannot be read and for any value that cannot be used.
    """
    variables = environment or {}
    if profile not in PROFILES:
        raise ConfigError("unknown profile", where=f"profile {profile!r}", expected="one of " + ", ".join(PROFILES))
    layers = [from_file(shipped(f"config/{profile}.toml"), name=f"config/{profile}.toml")]
    if config is not None:
        layers.append(from_file(config))
    layers += [from_environment(variables), list(flags)]
    resolved = merge(layers)
    key = variables.get("OPENAI_API_KEY")
    for secret, address in (("chat.api_key", "chat.llm"), ("safety.openai_key", "safety.openai_url")):
        to_openai = urlsplit(resolved.value(address)).hostname == "api.openai.com"
        if key and to_openai and not resolved.value(secret):
            layers.append([Given(secret, key, "OPENAI_API_KEY", text=True, secrets=True)])
    return merge(layers)


def from_file(path: Path, *, name: str = "") -> list[Given]:
    """The settings of one TOML file, as `[section]` tables; raises ConfigError where it cannot be read."""
    origin = name or str(path)
    try:
        sections = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(
            error.strerror or "cannot be read", where=origin, expected="a readable TOML file of settings"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"not TOML: {error}", where=origin, expected="lines like `silence_ms = 500`") from error
    given = []
    for section, values in sections.items():
        if not isinstance(values, dict):
            near = next((key for key in OPTIONS if key.endswith("." + section)), "turn.silence_ms")
            table, _, option = near.partition(".")
            raise ConfigError(
                "a value outside of any section",
                where=f"{section} ({origin})",
                expected=f"[{table}] above `{option} = …`",
            )
        given += [Given(f"{section}.{key}", value, origin) for key, value in values.items()]
    return given


def from_environment(variables: Mapping[str, str]) -> list[Given]:
    """The settings among environment variables; an unknown VOICE_ name is passed on so that it is refused."""
    names = {environment_name(key): key for key in OPTIONS}
    return [
        Given(names.get(name, name.removeprefix("VOICE_").lower().replace("_", ".", 1)), text, name, True, True)
        for name, text in sorted(variables.items())
        if name.startswith("VOICE_") and name not in RESERVED
    ]
