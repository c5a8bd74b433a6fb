"""Errors that users can act on: one line with what, where, expected and remedy, and an exit code."""

from __future__ import annotations


class VoiceError(Exception):
    """A failure that the user can act on.

    `what` happened, `where` (a key, file, device or address), what was `expected`, and the `remedy`. `str(error)` is
    all of that in one line. `exit_code` is the command's exit code if the error is not handled.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", expected: str = "", remedy: str = "") -> None:
        self.what, self.where, self.expected, self.remedy = what, where, expected, remedy
        super().__init__(what)

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        if self.expected:
            line += f"; expected {self.expected}"
        if self.remedy:
            line += f"; {self.remedy}"
        return " ".join(line.split())


class UsageError(VoiceError):
    """Invalid command-line arguments."""

    exit_code = 2


class MissingError(VoiceError):
    """A device or file that does not exist or cannot be read."""

    exit_code = 66


class UnavailableError(VoiceError):
    """A service that does not answer: a model server, a port, a package index."""

    exit_code = 69


class ConfigError(VoiceError):
    """An invalid setting: unknown key, wrong type or out of range."""

    exit_code = 78


class EngineError(VoiceError):
    """A recognizer, synthesizer or detector failed on this input; the conversation continues."""
