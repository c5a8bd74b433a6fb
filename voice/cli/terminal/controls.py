"""What a person may order at the keyboard: the commands that begin with a slash, and what carries them out."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

from voice.errors import MissingError, UsageError, VoiceError
from voice.llm.interface import Message
from voice.text.patterns import pattern_of

COMMANDS = {
    "help": ("", "show these commands and the keys"),
    "quit": ("", "leave; Ctrl-D does the same"),
    "voice": ("[NAME]", "speak with another voice, or list those downloaded"),
    "model": ("[NAME]", "use another language model, or show which one answers"),
    "mute": ("", "hear nothing, or hear again"),
    "save": ("[FILE]", "write the conversation to a Markdown file"),
    "forget": ("", "delete this conversation and begin again"),
    "tools": ("", "list what the assistant can do besides talking"),
}
"""Each command, its argument, and what it does."""

_COMMAND = pattern_of(r"/([A-Za-z]+)(?:\s+(.*))?", re.DOTALL)
WHO = {"user": "You", "assistant": "Voice"}


class Controls(Protocol):
    """A conversation as the person at the keyboard may change it. What it cannot do raises a VoiceError."""

    def mute(self, muted: bool) -> None:
        """Hear nothing, or hear again."""
        ...

    def talk(self) -> None:
        """What is said from now on is for us; where the person speaks already, their turn ends here."""
        ...

    def hush(self) -> None:
        """Stop the reply. Its text was read, so all of it stays remembered."""
        ...

    async def use_voice(self, name: str) -> str:
        """Speak with this voice, none: change nothing; says which are used and known."""
        ...

    async def use_model(self, name: str) -> str:
        """Have this model answer, none: change nothing; says which one does."""
        ...

    async def tools(self) -> Sequence[str]:
        """The tools, one line each."""
        ...

    async def history(self) -> Sequence[Message]:
        """What was said, oldest first."""
        ...

    async def forget(self) -> None:
        """Remove everything said."""
        ...


def parse(line: str) -> tuple[str, str] | None:
    """The command and its argument; None for a line that is said. A path such as /etc/hosts is said."""
    found = _COMMAND.fullmatch(line.strip())
    return None if found is None else (found[1].lower(), (found[2] or "").strip())


class Commander:
    """Carries out commands; `say` shows a line. `quit`, `muted` and `forgotten` belong to the screen."""

    def __init__(
        self,
        say: Callable[[str], None],
        *,
        keys: str,
        quit: Callable[[], None],
        muted: Callable[[], bool],
        forgotten: Callable[[], None],
    ) -> None:
        self._say, self._keys, self._quit, self._muted, self._forgotten = say, keys, quit, muted, forgotten
        self.controls: Controls | None = None

    async def do(self, name: str, argument: str) -> None:
        """Carry out a command; what is wrong is shown as a line, and nothing else happens."""
        try:
            if name not in COMMANDS:
                raise UsageError(f"no such command: /{name}", remedy="/help lists them")
            if argument and not COMMANDS[name][0]:
                raise UsageError(f"/{name} takes nothing after it")
            if name in ("help", "quit"):
                self._help() if name == "help" else self._quit()
                return
            if self.controls is None:
                raise UsageError("the conversation is still starting", remedy="try again in a moment")
            await self._table[name](self.controls, argument)
        except VoiceError as error:
            self._say(str(error))

    def _help(self) -> None:
        wide = max(len(f"{name} {argument}") for name, (argument, _) in COMMANDS.items()) + 1
        for name, (argument, what) in COMMANDS.items():
            self._say(f"{f'/{name} {argument}':<{wide}}  {what}")
        self._say(self._keys)

    @property
    def _table(self) -> dict[str, Callable[[Controls, str], Awaitable[None]]]:
        return {
            "voice": self._voice,
            "model": self._model,
            "mute": self._mute,
            "save": self._save,
            "forget": self._forget,
            "tools": self._tools,
        }

    async def _voice(self, controls: Controls, name: str) -> None:
        self._say(await controls.use_voice(name))

    async def _model(self, controls: Controls, name: str) -> None:
        self._say(await controls.use_model(name))

    async def _mute(self, controls: Controls, _: str) -> None:
        controls.mute(not self._muted())

    async def _save(self, controls: Controls, path: str) -> None:
        file = path or time.strftime("voice-%Y-%m-%d-%H%M%S.md")
        count = save(file, await controls.history())
        self._say(f"{count} messages written to {file}")

    async def _forget(self, controls: Controls, _: str) -> None:
        await controls.forget()
        self._forgotten()
        self._say("the conversation was deleted")

    async def _tools(self, controls: Controls, _: str) -> None:
        for line in await controls.tools() or ["no tools"]:
            self._say(line)


def save(path: str, messages: Sequence[Message]) -> int:
    """Write a conversation as Markdown that only its owner may read; returns how many messages there were.

    Raises MissingError where it cannot be written, also over a file that is there.
    """
    file = Path(path).expanduser()
    spoken = [message for message in messages if message.role in WHO and message.text]
    if not spoken:
        raise UsageError("nothing was said yet")
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as out:
            out.writelines(f"**{WHO[message.role]}:** {message.text}\n\n" for message in spoken)
    except OSError as error:
        raise MissingError(f"cannot be written: {error.strerror}", where=str(file)) from error
    return len(spoken)
