"""What the user has chosen, kept for every command: their config.toml, and the environment file with their keys."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from voice.errors import ConfigError, MissingError, UsageError

HEADER = "Written by `voice setup`. `voice config` shows what counts; --config, the environment and flags come first."
PRIVATE = 0o600


def save_settings(path: Path, values: Mapping[str, object]) -> None:
    """Set these `section.name` values in the TOML file, with its other lines and comments as they are.

    A value of None removes the line. Raises ConfigError for a file that is no TOML, MissingError if it cannot be
    written.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        document = tomlkit.document()
        document.add(tomlkit.comment(HEADER))
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"invalid TOML: {error}", where=str(path), expected="lines like `silence_ms = 500`"
        ) from error
    except OSError as error:
        raise MissingError(f"cannot be read: {error.strerror}", where=str(path)) from error
    for key, value in values.items():
        section, _, name = key.partition(".")
        if value is None:
            if section in document:
                document[section].pop(name, None)
            continue
        if section not in document:
            document[section] = tomlkit.table()
        document[section][name] = value
    _replace(path, tomlkit.dumps(document), 0o644)


def save_key(path: Path, name: str, value: str) -> None:
    """Set one variable in the environment file, whose mode becomes 600; its other lines stay.

    Raises UsageError for a value that no key can have, MissingError if the file cannot be written.
    """
    if not value or not value.isascii() or not value.isprintable() or set(value) & set(" \"'\\"):
        raise UsageError("not a key", where=name, expected="one word of ASCII letters, digits and signs")
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except FileNotFoundError:
        lines = []
    except (OSError, UnicodeDecodeError) as error:
        raise MissingError("cannot be read", where=str(path), expected="a UTF-8 file of yours") from error
    kept = [line for line in lines if line.partition("=")[0].strip() != name]
    _replace(path, "\n".join([*kept, f"{name}={value}"]) + "\n", PRIVATE)


def _replace(path: Path, text: str, mode: int) -> None:
    """Write the whole file or nothing; it has its mode before anything is in it. A link stays a link."""
    target = path.resolve()
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, made = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                os.fchmod(file.fileno(), mode)
                file.write(text)
            Path(made).replace(target)
        except BaseException:
            Path(made).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise MissingError(
            f"cannot be written: {error.strerror}", where=str(path), expected="a folder this user can write"
        ) from error
