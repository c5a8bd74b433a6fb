"""Paths of the files included in the package, the checkout, and the user's data."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent


def checkout() -> Path | None:
    """The root of the source checkout this package runs from; None where it is installed from a wheel."""
    root = PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "config").is_dir() else None


def shipped(name: str) -> Path:
    """Path of an included file or folder, for example `config/pi.toml` or `audio_models/registry.toml`."""
    return (checkout() or PACKAGE) / name


def user_data() -> Path:
    """The user's data folder: conversations, and models if there is no checkout; it may not exist yet."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "voice-assistant"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "voice-assistant"


def user_state() -> Path:
    """The folder of what the user's programs remember and could do without, such as typed lines."""
    if sys.platform == "darwin":
        return user_data()
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "voice-assistant"


def runtime() -> Path:
    """The folder of what lasts as long as the user is logged in or the service runs, in memory where there is one."""
    given = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0] or os.environ.get("XDG_RUNTIME_DIR")
    return Path(given) if given else user_data()


def models(folder: str = "") -> Path:
    """The folder of models: `folder` (the setting models.folder) if set, else the checkout's or the user's."""
    if folder:
        return Path(folder).expanduser()
    root = checkout()
    return root / "audio_models" if root else user_data() / "models"
