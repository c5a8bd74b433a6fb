"""The systemd unit of the service, and the messages of a running service to systemd."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shlex
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass

NAME = "voice-assistant.service"

BACKOFF_SINCE = 254
"""The first systemd that makes the pauses between restarts longer."""

FINAL_EXITS = (2, 78)
"""Wrong usage or configuration: starting again would change nothing."""

HARDENING = """\
NoNewPrivileges=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
UMask=0077
"""
"""For any manager, a user's own too."""

SYSTEM_HARDENING = """\
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
CapabilityBoundingSet=
"""
"""For the system's manager, where these need no namespace of the user's own."""


@dataclass(frozen=True, slots=True)
class ServiceUnit:
    """What the unit runs: `command` with absolute path, `system` or a user's own, as `user` where it is the system's.

    `data` is the folder it writes, `version` that of systemd, `memory_mb` the most it may take.
    """

    command: Sequence[str]
    system: bool
    data: str
    user: str = ""
    version: int = 252
    memory_mb: int = 600
    watchdog_s: int = 30

    def text(self) -> str:
        """The unit file."""
        sound = "sound.target network-online.target" if self.system else "pipewire-pulse.service pulseaudio.service"
        lines = [
            "[Unit]",
            "Description=Voice assistant",
            f"After={sound}",
            *(["Wants=network-online.target"] if self.system else []),
            "StartLimitIntervalSec=0",
            "",
            "[Service]",
            "Type=notify",
            "NotifyAccess=main",
            f"ExecStart={command_line(self.command)}",
            f"WatchdogSec={self.watchdog_s}",
            "WatchdogSignal=SIGKILL",
            "TimeoutStartSec=180",
            "TimeoutStopSec=10",
            "Restart=on-failure",
            f"RestartPreventExitStatus={' '.join(map(str, FINAL_EXITS))}",
            "SuccessExitStatus=130",
            "RestartSec=2",
            *(["RestartSteps=6", "RestartMaxDelaySec=300"] if self.version >= BACKOFF_SINCE else []),
            f"MemoryMax={self.memory_mb}M",
            "OOMPolicy=stop",
            "StandardInput=null",
            "StandardOutput=journal",
            "StandardError=journal",
            "Environment=PYTHONUNBUFFERED=1 NO_COLOR=1",
            f"EnvironmentFile=-{self.environment_file}",
            *([f"User={self.user}", "SupplementaryGroups=audio"] if self.system else []),
            *([f"ReadWritePaths=-{quoted(self.data)}"] if self.system else []),
            *HARDENING.splitlines(),
            *(SYSTEM_HARDENING.splitlines() if self.system else []),
            "",
            "[Install]",
            f"WantedBy={'multi-user' if self.system else 'default'}.target",
        ]
        return "\n".join(lines) + "\n"

    @property
    def environment_file(self) -> str:
        """Where keys are put, one NAME=VALUE a line, readable by the owner only."""
        return "/etc/voice-assistant.env" if self.system else "%h/.config/voice-assistant.env"


def command_line(command: Sequence[str]) -> str:
    """A command line in the syntax of ExecStart."""
    return " ".join(quoted(word) for word in command)


def quoted(word: str) -> str:
    """One argument: specifiers and variables are escaped, spaces and quotes preserved."""
    plain = word.replace("%", "%%").replace("$", "$$")
    if plain and not set(plain) & set(" \t\n\"'\\;"):
        return plain
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def typed(command: Sequence[str]) -> str:
    """A command line as a user would type it."""
    return shlex.join(command)


log = logging.getLogger(__name__)

FEEDS_PER_LIMIT = 3
"""How often the watchdog is fed within its limit."""


class ServiceManager:
    """The manager that started this process; where none did, telling it does nothing.

    `watchdog_s` is the silence after which it restarts the process, 0 where it does not watch.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        usec = environment.get("WATCHDOG_USEC", "")
        mine = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.watchdog_s = int(usec) / 1e6 if self._address and mine and usec.isdigit() else 0.0

    def ready(self) -> None:
        """Report that the service is ready."""
        self._tell("READY=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._tell(f"STATUS={' '.join(text.split())}")

    @contextlib.asynccontextmanager
    async def watched(self, progress: Callable[[], object]) -> AsyncIterator[None]:
        """Feed the watchdog for as long as `progress()` changes between two looks; say STOPPING at the end."""
        feeding = asyncio.create_task(self._feed(progress)) if self.watchdog_s else None
        try:
            yield
        finally:
            if feeding is not None:
                feeding.cancel()
            self._tell("STOPPING=1")

    async def _feed(self, progress: Callable[[], object]) -> None:
        seen: object = None
        while True:
            now = progress()
            if now != seen:
                self._tell("WATCHDOG=1")
                seen = now
            await asyncio.sleep(self.watchdog_s / FEEDS_PER_LIMIT)

    def _tell(self, line: str) -> None:
        if not self._address:
            return
        name = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.setblocking(False)  # a manager that does not read must not stop the audio
                out.sendto(line.encode(), name)
        except OSError as error:
            log.warning("cannot send %s to the service manager: %s", line.partition("=")[0], error)
