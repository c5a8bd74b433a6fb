"""Files that come with the package, in a checkout or an installed wheel: profiles and the model registry."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent


def checkout() -> Path | None:
    """The root of the source checkout this package runs from; None where it is installed from a wheel."""
    root = PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "config").is_dir() else None


def shipped(name: str) -> Path:
    """Path of a shipped file or folder, for example `config/pi.toml` or `audio_models/registry.toml`."""
    return (checkout() or PACKAGE) / name
