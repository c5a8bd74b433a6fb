"""Merging and checking settings: default < profile < the user's file < --config < environment < flag."""

from __future__ import annotations

import difflib
import json
import math
import tomllib
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from voice.errors import ConfigError
from voice.paths import shipped
from voice.settings.schema import Settings

DEFAULT = "default"
"""Origin of a value that no layer has set."""


@dataclass(frozen=True, slots=True)
class Given:
    """One value from one source.

    `key` is `section.name`, `origin` names the file, variable or flag. `text` values (from the environment and flags)
    are parsed by the setting's type; others are typed by TOML. `secrets`: secrets are allowed here.
    """

    key: str
    value: object
    origin: str
    text: bool = False
    secrets: bool = False


@dataclass(frozen=True, slots=True)
class Resolved:
    """Merged settings, and the source of each value."""

    settings: Settings
    origins: Mapping[str, str]

    def value(self, key: str) -> Any:
        """The merged value of `section.name`."""
        section, _, name = key.partition(".")
        return getattr(getattr(self.settings, section), name)


@dataclass(frozen=True, slots=True)
class Option:
    """The values of one setting: of type `kind` (bool, int, float, str), among `choices` or within bounds."""

    kind: type[Any]
    default: Any
    help: str
    choices: tuple[str, ...]
    least: float | None
    most: float | None
    secret: bool


def _table() -> dict[str, Option]:
    sections = typing.get_type_hints(Settings)
    return {
        f"{section}.{item.name}": Option(type(item.default), item.default, **item.metadata)
        for section, fields_of in sections.items()
        for item in fields(fields_of)
    }


OPTIONS: Mapping[str, Option] = _table()
"""Every setting by its key, in the order of `voice config`."""

_BOOLEANS = dict.fromkeys(("true", "1", "yes", "on"), True) | dict.fromkeys(("false", "0", "no", "off"), False)


def environment_name(key: str) -> str:
    """The variable that sets `section.name`."""
    return "VOICE_" + key.replace(".", "_").upper()


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """What the owner's commands see of the environment: not the keys and passwords."""
    secret = {environment_name(key) for key, option in OPTIONS.items() if option.secret} | {"OPENAI_API_KEY"}
    return {name: value for name, value in environment.items() if name not in secret}


def merge(layers: Iterable[Iterable[Given]]) -> Resolved:
    """Lay later layers over earlier ones and check every value.

    Raises ConfigError naming the key, its origin, what was expected, and for an unknown key the nearest one.
    """
    values: dict[str, Any] = {}
    origins = dict.fromkeys(OPTIONS, DEFAULT)
    for layer in layers:
        for given in layer:
            values[given.key] = checked(given)
            origins[given.key] = given.origin
    settings = Settings()
    for key, value in values.items():
        section, _, name = key.partition(".")
        settings = replace(settings, **{section: replace(getattr(settings, section), **{name: value})})
    resolved = Resolved(settings, origins)
    _check_together(resolved)
    return resolved


def checked(given: Given) -> Any:
    """The value in the setting's type; raises ConfigError if it is invalid."""
    option = OPTIONS.get(given.key)
    if option is None:
        raise ConfigError(
            "unknown setting",
            where=_where(given),
            expected=_nearest(given.key),
            remedy="`voice config` lists all",
        )
    if option.secret and not given.secrets:
        raise ConfigError(
            "secrets are not allowed here",
            where=_where(given),
            expected=f"the environment variable {environment_name(given.key)}",
        )
    value: Any = _parsed(given, option) if given.text else given.value
    if option.kind is float and type(value) is int:
        value = float(value)
    if type(value) is not option.kind:
        raise ConfigError(
            f"{_shown(given, option)} has the wrong type", where=_where(given), expected=expectation(option)
        )
    too_small = option.least is not None and not value >= option.least
    too_large = option.most is not None and not value <= option.most
    if too_small or too_large or (option.choices and str(value) not in option.choices):
        raise ConfigError(f"invalid value {_shown(given, option)}", where=_where(given), expected=expectation(option))
    return value


def expectation(option: Option) -> str:
    """The valid values of a setting, in words."""
    if option.choices:
        return "one of " + ", ".join(option.choices)
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[option.kind]
    if option.least is not None and option.most is not None:
        return f"{words} from {option.least:.10g} to {option.most:.10g}"
    return words


def _parsed(given: Given, option: Option) -> object:
    text = str(given.value)
    if option.kind is bool:
        return _BOOLEANS.get(text.strip().lower(), text)
    if option.kind is str:
        return text
    try:
        return option.kind(text.strip())
    except ValueError:
        return text


def _check_together(resolved: Resolved) -> None:
    turn = resolved.settings.turn
    if turn.min_silence_ms > turn.max_silence_ms:
        raise ConfigError(
            f"{turn.min_silence_ms} is above turn.max_silence_ms = {turn.max_silence_ms}",
            where=f"turn.min_silence_ms ({resolved.origins['turn.min_silence_ms']})",
            expected="turn.min_silence_ms <= turn.max_silence_ms",
        )
    retain = resolved.settings.chat.retain
    if retained_days(retain) is None:
        raise ConfigError(
            f"invalid value {retain!r}",
            where=f"chat.retain ({resolved.origins['chat.retain']})",
            expected="conversation, days=N or forever",
        )


def _where(given: Given) -> str:
    return given.key if given.origin == DEFAULT else f"{given.key} ({given.origin})"


def _shown(given: Given, option: Option) -> str:
    return "the value" if option.secret else repr(given.value)


def _nearest(key: str) -> str:
    same_name = [known for known in OPTIONS if known.partition(".")[2] == key.rpartition(".")[2]]
    close = same_name or difflib.get_close_matches(key, OPTIONS, n=1)
    return close[0] if close else "SECTION.KEY"


TABLES: Mapping[str, str] = {"tools": "mcp", "memory": "records"}
"""Sections with a setting that is a table of tables in a file, and JSON elsewhere."""

PROFILES = ("desktop", "pi", "kiosk")
RESERVED = frozenset({"VOICE_PROFILE", "VOICE_CONFIG", "VOICE_DEBUG"})
"""Variables that control the command itself and are not settings."""


def load(
    *,
    profile: str = "desktop",
    config: Path | None = None,
    personal: Path | None = None,
    keys: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Iterable[Given] = (),
) -> Resolved:
    """Load settings from the command line, the environment and files.

    `personal` is the user's own config.toml and `keys` their environment file; either may not exist. Raises ConfigError
    for an unreadable file and for any invalid value.
    """
    stored = environment_lines(keys) if keys is not None else {}
    variables = {**stored, **(environment or {})}
    if profile not in PROFILES:
        raise ConfigError("unknown profile", where=f"profile {profile!r}", expected="one of " + ", ".join(PROFILES))
    layers = [from_file(shipped(f"config/{profile}.toml"), name=f"config/{profile}.toml")]
    if personal is not None and personal.exists():
        layers.append(from_file(personal))
    if config is not None:
        layers.append(from_file(config))
    layers += [from_environment(stored, f" in {keys}"), from_environment(environment or {}), list(flags)]
    resolved = merge(layers)
    key = variables.get("OPENAI_API_KEY")
    for secret, address in (("chat.api_key", "chat.llm"), ("safety.openai_key", "safety.openai_url")):
        to_openai = urlsplit(resolved.value(address)).hostname == "api.openai.com"
        if key and to_openai and not resolved.value(secret):
            layers.append([Given(secret, key, "OPENAI_API_KEY", text=True, secrets=True)])
    return merge(layers)


def from_file(path: Path, *, name: str = "") -> list[Given]:
    """The settings of one TOML file with `[section]` tables; raises ConfigError if it cannot be read."""
    origin = name or str(path)
    try:
        sections = tomllib.loads(path.read_text("utf-8-sig"))  # Windows editors put a mark in front
    except OSError as error:
        raise ConfigError(
            error.strerror or "cannot be read", where=origin, expected="a readable TOML file of settings"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"invalid TOML: {error}", where=origin, expected="lines like `silence_ms = 500`") from error
    given = []
    for section, values in sections.items():
        if not isinstance(values, dict):
            near = next((key for key in OPTIONS if key.endswith("." + section)), "turn.silence_ms")
            table, _, option = near.partition(".")
            raise ConfigError(
                "this value is in no section",
                where=f"{section} ({origin})",
                expected=f"[{table}] above `{option} = …`",
            )
        named = TABLES.get(section, "")
        if isinstance(values.get(named), dict):
            values = {**values, named: json.dumps(values[named], ensure_ascii=False, default=str)}
        given += [Given(f"{section}.{key}", value, origin) for key, value in values.items()]
    return given


def environment_lines(path: Path) -> dict[str, str]:
    """The variables of an environment file as systemd reads it, NAME=VALUE a line; none where there is no file.

    Raises ConfigError for a file that cannot be read.
    """
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise ConfigError(f"cannot be read: {why}", where=str(path), expected="lines NAME=VALUE") from error
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if line and line[0] not in "#;")
    return {name.strip(): _unquoted(value.strip()) for name, equals, value in pairs if equals}


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def from_environment(variables: Mapping[str, str], where: str = "") -> list[Given]:
    """The settings among environment variables; unknown VOICE_ names are passed on so that they are refused.

    `where` is added to the name in the origin.
    """
    names = {environment_name(key): key for key in OPTIONS}
    return [
        Given(names.get(name, name.removeprefix("VOICE_").lower().replace("_", ".", 1)), text, name + where, True, True)
        for name, text in sorted(variables.items())
        if name.startswith("VOICE_") and name not in RESERVED
    ]


SHORTEST_KEY, LEAST_LETTERS = 20, 8
"""Characters of an API key, and different ones among them, below which it could be guessed."""


def weak_keys(api_keys: str) -> int:
    """How many keys of the setting serve.api_keys could be guessed."""
    keys = [item.strip().rpartition(":")[2] for item in api_keys.split(",") if item.strip()]
    return sum(len(key) < SHORTEST_KEY or len(set(key)) < LEAST_LETTERS for key in keys)


def retained_days(retain: str) -> float | None:
    """The number of days `chat.retain` stores a named conversation: 0 for not at all, None for an invalid value."""
    known = {"conversation": 0.0, "forever": math.inf}.get(retain)
    days = retain.removeprefix("days=")
    if known is None and days != retain and days.isascii() and days.isdigit() and 0 < int(days) <= 36_500:
        return float(days)
    return known
