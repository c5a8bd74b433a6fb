"""Connects a conversation to the control socket and to the owner's commands."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from voice import __version__
from voice.control.hooks import Hooks
from voice.control.messages import EVENTS, Command, Teller
from voice.control.socket import ControlSocket
from voice.conversation.conversation import Conversation
from voice.conversation.observer import Note, Notice, Observer
from voice.errors import UnavailableError, VoiceError
from voice.paths import runtime
from voice.settings.layers import without_secrets
from voice.settings.schema import HooksSettings, Settings


def socket_path(hooks: HooksSettings) -> Path | None:
    """The socket's path; None if it is disabled or the platform has no Unix sockets."""
    if hooks.socket == "off" or not hasattr(asyncio, "start_unix_server"):
        return None
    return runtime() / "voice-assistant.sock" if hooks.socket == "auto" else Path(hooks.socket).expanduser()


class Control:
    """Connects one conversation with the outside: an observer that also executes commands."""

    def __init__(self, settings: Settings, observer: Observer, conversation: Callable[[], Conversation | None]) -> None:
        self._settings, self._observer, self._conversation = settings.hooks, observer, conversation
        self._teller = Teller(words=settings.hooks.words)
        self._socket: ControlSocket | None = None
        self._hooks: Hooks | None = None

    async def open(self, stack: AsyncExitStack, *, live: bool) -> None:
        """Begin; the socket found by itself only serves a live conversation, and is done without where it is taken."""
        hooks = self._settings
        commands = {event: getattr(hooks, f"on_{event}") for event in EVENTS}
        if any(commands.values()):
            shown = without_secrets(os.environ)
            self._hooks = Hooks(commands, timeout_s=hooks.timeout_s, environment=shown, failed=self._warn)
            stack.push_async_callback(self._hooks.close)
        path = socket_path(hooks)
        if path is None or (hooks.socket == "auto" and not live):
            return
        listening = ControlSocket(path, int(hooks.socket_mode, 8), self._snapshot, self._act)
        try:
            await listening.open()
        except VoiceError as error:
            if hooks.socket != "auto":
                raise
            self._warn(f"`voice ctl` cannot reach this conversation: {error}")
            return
        self._socket = listening
        stack.push_async_callback(listening.close)

    def __call__(self, seen: Note) -> None:
        """Pass on what the conversation tells."""
        for event in self._teller.events(seen, time.time()):
            if self._socket is not None:
                self._socket.tell(event)
            if self._hooks is not None:
                self._hooks.tell(event)

    def _warn(self, text: str) -> None:
        self._observer(Notice(text, "warning"))

    def _snapshot(self) -> dict[str, Any]:
        talk = self._conversation()
        volume = 100 if talk is None else round(talk.volume * 100)
        return {
            "event": "snapshot",
            "time": round(time.time(), 3),
            "state": self._teller.state,
            "muted": talk is not None and talk.muted,
            "volume": volume,
            "version": __version__,
        }

    def _act(self, command: Command) -> None:
        talk = self._conversation()
        if talk is None or not talk.running:
            raise UnavailableError("the conversation is still starting", remedy="try again in a moment")
        match command:
            case Command("start"):
                talk.start_turn()
            case Command("stop"):
                talk.drop()
            case Command("mute" | "unmute" as do):
                talk.mute(do == "mute")
            case Command("volume", percent):
                talk.volume = float(percent) / 100
            case Command("say", text):
                talk.say(str(text))
        if command.do != "status":
            value = f" {command.value:g} %" if isinstance(command.value, float) else ""
            self._observer(Notice(f"voice ctl: {command.do}{value}"))
