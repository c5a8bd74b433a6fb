"""How one setting is declared."""

from __future__ import annotations

from dataclasses import field
from typing import Any


def option(
    default: Any,
    help: str,
    *,
    choices: tuple[str, ...] = (),
    least: float | None = None,
    most: float | None = None,
    secret: bool = False,
) -> Any:
    """A dataclass field with its help line and its choices or inclusive bounds."""
    return field(
        default=default,
        metadata={"help": help, "choices": choices, "least": least, "most": most, "secret": secret},
    )
