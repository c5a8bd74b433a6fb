"""Records brought by the owner's commands on a schedule; a command that fails or hangs delays no turn."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from voice.clock import working
from voice.errors import VoiceError
from voice.memory.imports import Imported, import_output
from voice.memory.records import RecordKind
from voice.memory.vault import Vault, Who
from voice.system.commands import CommandFailed, output_of

log = logging.getLogger(__name__)

TIMEOUT_S = 600.0
"""The time a command has."""
MOST_BYTES = 256 * 1024 * 1024
"""The most that a command may write."""


class Sync:
    """Runs the commands of the kinds that have one. `own` is the person of rows without a column for it."""

    def __init__(
        self, vault: Vault, kinds: Mapping[str, RecordKind], own: Who, environment: Callable[[], Mapping[str, str]]
    ) -> None:
        self._vault, self._own, self._environment = vault, own, environment
        self.kinds = [kind for kind in kinds.values() if kind.sync is not None]
        self._said: dict[str, str] = {}

    async def run(self) -> None:
        """Run each command at once and then on its schedule, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for kind in self.kinds:
                group.create_task(self._repeat(kind))

    async def once(self, kind: RecordKind) -> Imported:
        """Run a kind's command and keep its rows. Raises CommandFailed, or VoiceError for what it wrote."""
        sync = kind.sync
        assert sync is not None
        with working():
            output = await output_of(sync.command, self._environment(), timeout_s=TIMEOUT_S, most=MOST_BYTES)
            who = Who(sync.owner, "" if sync.by else self._own.person)
            return await asyncio.to_thread(
                import_output, self._vault, output, f"memory.records.{kind.name}.sync", kind, who, sync.by
            )

    async def _repeat(self, kind: RecordKind) -> None:
        assert kind.sync is not None
        while True:
            try:
                done = await self.once(kind)
            except CommandFailed as failed:
                self._say(kind, f"{kind.sync.command[0]} {failed}")
            except VoiceError as error:
                self._say(kind, f"what {kind.sync.command[0]} wrote cannot be kept: {error}")
            else:
                wrong = f"{done.wrong} rows could not be read; {done.told[0]}" if done.wrong else ""
                self._say(kind, wrong)
                log.info("%d %s of %d people kept", done.kept, kind.name, len(done.people))
            await asyncio.sleep(kind.sync.every_s)

    def _say(self, kind: RecordKind, wrong: str) -> None:
        """Say what is wrong once, until it is something else."""
        if wrong and self._said.get(kind.name) != wrong:
            log.warning("memory.records.%s.sync: %s", kind.name, wrong)
        self._said[kind.name] = wrong
