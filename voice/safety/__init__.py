"""Moderation and redaction of both sides of a conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from voice.safety.text_filter import local_filter

__all__ = ["local_filter"]


def __getattr__(name: str) -> Any:
    """Loaded when it is used: the parts of this package that decide import nothing that reads files."""
    if name == "local_filter":
        from voice.safety.text_filter import local_filter

        return local_filter
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
