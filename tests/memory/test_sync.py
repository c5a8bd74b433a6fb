"""Records from a command: real processes, without a shell; what fails is said once and delays nothing."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from voice.clock import run_virtual
from voice.errors import UsageError
from voice.memory import sync as module
from voice.memory.record_book import all_rows
from voice.memory.records import RecordKind, kinds_of
from voice.memory.sync import Sync
from voice.memory.vault import Vault, Who
from voice.system.commands import CommandFailed

ME = Who("", "me")


def kinds(code: str, **more: str) -> Mapping[str, RecordKind]:
    command = f"{sys.executable} -c {json.dumps(code)}"
    return kinds_of(json.dumps({"orders": {"day": "date", "item": "item", "sync": command, **more}}))


def items(vault: Vault, who: Who) -> list[object]:
    with vault.reading(who) as database:
        return [row["item"] for row in all_rows(database, "orders")]


def once(made: Sync) -> None:
    asyncio.run(made.once(made.kinds[0]))


def made(vault: Vault, code: str, **more: str) -> Sync:
    return Sync(vault, kinds(code, **more), ME, lambda: {"SHOWN": "1"})


def test_csv_of_one_person_and_json_lines_of_many_are_kept() -> None:
    vault = Vault(None, bytes)
    once(made(vault, "print('date,item\\n2026-11-20,coffee;rm -rf /\\n2026-11-21,$HOME')"))
    assert items(vault, ME) == ["coffee;rm -rf /", "$HOME"]
    line = json.dumps({"date": "2026-11-20", "item": "茶", "who": "ann"})
    once(made(vault, f"import sys; sys.stdout.buffer.write('{line}'.encode('unicode_escape').decode().encode())",
              by="who", owner="shop"))  # fmt: skip
    assert items(vault, Who("shop", "ann")) == ["茶"]


def test_the_command_sees_no_more_than_it_is_given() -> None:
    vault = Vault(None, bytes)
    once(
        made(
            vault,
            "import os; print('date,item'); print('2026-11-20,' + '-'.join(k for k in os.environ if k != 'LC_CTYPE'))",
        )
    )
    assert items(vault, ME) == ["SHOWN"]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import sys; sys.exit(3)", "ended with 3"),
        ("import time; time.sleep(60)", "not over"),
        ("print('x' * 9999)", "more than"),
    ],
)
def test_a_command_that_fails_changes_nothing(code: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT_S", 1.0 if "sleep" in code else 60.0)
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    vault = Vault(None, bytes)
    with pytest.raises(CommandFailed, match=why):
        once(made(vault, code))
    assert vault.people() == []


def test_a_wrong_column_and_a_missing_program_are_one_line() -> None:
    with pytest.raises(UsageError, match="no column 'date'"):
        once(made(Vault(None, bytes), "print('day,item')"))
    missing = kinds_of('{"orders": {"day": "d", "item": "i", "sync": "/no/such/program"}}')
    with pytest.raises(CommandFailed, match="cannot be run"):
        once(Sync(Vault(None, bytes), missing, ME, dict))


def test_a_failure_is_said_once_and_the_schedule_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    kind = kinds("pass")["orders"]
    runs = 0

    async def fail(self: Sync, kind: RecordKind) -> None:
        nonlocal runs
        runs += 1
        raise CommandFailed("ended with 1")

    async def run() -> None:
        await asyncio.wait_for(
            Sync(Vault(None, bytes, oldest=lambda: date.min), {"orders": kind}, ME, dict).run(), 3 * 3600 + 1
        )

    monkeypatch.setattr(Sync, "once", fail)
    with caplog.at_level(logging.WARNING, "voice.memory.sync"), pytest.raises(TimeoutError):
        run_virtual(run())
    assert runs == 4
    assert [record.getMessage() for record in caplog.records] == [
        f"memory.records.orders.sync: {sys.executable} ended with 1"
    ]
