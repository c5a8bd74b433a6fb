"""What can go wrong, said in one line: what, where, expected, remedy; each with its exit code."""

from __future__ import annotations


class VoiceError(Exception):
    """A failure a person can act on.

    `what` happened, `where` (a key, file, device or address), what was `expected`, and the `remedy` to type or do.
    `str(error)` is that in one line. `exit_code` is what the command ends with when nothing handles it.
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
    """The command was called in a way it does not understand."""

    exit_code = 2


class MissingError(VoiceError):
    """A device or file that is not there or cannot be read."""

    exit_code = 66


class UnavailableError(VoiceError):
    """A service that does not answer: a model server, a port, a package index."""

    exit_code = 69


class ConfigError(VoiceError):
    """A setting that cannot be used: unknown key, wrong type, out of range."""

    exit_code = 78


class EngineError(VoiceError):
    """A recognizer, synthesizer or detector failed on this input; the loop goes on."""
