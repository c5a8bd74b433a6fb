"""The control socket with real connections: snapshot, events, orders, file mode, and readers that do not read."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from tests.support.patience import PATIENCE_S
from voice.control.messages import Command
from voice.control.socket import BEHIND, LONGEST_LINE, READERS, ControlSocket
from voice.errors import MissingError, UnavailableError

SNAPSHOT = {"event": "snapshot", "state": "idle"}


def serve(
    path: Path, test: Callable[[ControlSocket, list[Command]], Coroutine[Any, Any, None]], mode: int = 0o600
) -> None:
    """Run the test beside an open socket; every wait in it is bounded."""

    async def run() -> None:
        done: list[Command] = []

        def act(command: Command) -> None:
            if command.do == "start":
                raise UnavailableError("not yet")
            done.append(command)

        control = ControlSocket(path, mode, lambda: dict(SNAPSHOT), act)
        await control.open()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await test(control, done)
        finally:
            await control.close()

    asyncio.run(run())


async def read(reader: asyncio.StreamReader) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await reader.readline())
    return found


def test_a_reader_is_told_how_it_stands_and_then_what_happens(tmp_path: Path) -> None:
    async def test(control: ControlSocket, done: list[Command]) -> None:
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
        assert await read(reader) == SNAPSHOT
        control.tell({"event": "wake"})
        control.tell({"event": "listening"})
        assert [(await read(reader))["event"] for _ in range(2)] == ["wake", "listening"]
        writer.close()

    serve(tmp_path / "s", test)
    assert not (tmp_path / "s").exists(), "taken away at the end"


def test_orders_are_carried_out_and_answered_in_order(tmp_path: Path) -> None:
    async def test(control: ControlSocket, done: list[Command]) -> None:
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
        writer.write(b'{"do":"mute"}\n{"do":"nonsense"}\n{"do":"start"}\n{"do":"status"}\n')
        await read(reader)
        answers = [await read(reader) for _ in range(4)]
        assert [answer["answer"] for answer in answers] == ["ok", "error", "error", "ok"]
        assert answers[2]["error"] == "not yet" and answers[3]["state"] == "idle"
        assert done == [Command("mute")]
        writer.close()

    serve(tmp_path / "s", test)


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o666])
def test_the_file_mode_says_who_may_connect(tmp_path: Path, mode: int) -> None:
    before = os.umask(0o022)
    os.umask(before)

    async def test(control: ControlSocket, done: list[Command]) -> None:
        assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == mode
        assert os.umask(before) == before, "the process's own is as it was"

    serve(tmp_path / "s", test, mode)


def test_a_reader_that_does_not_read_is_cut_off_and_the_others_are_not(tmp_path: Path) -> None:
    async def test(control: ControlSocket, done: list[Command]) -> None:
        sleeper = socket.socket(socket.AF_UNIX)
        sleeper.connect(str(tmp_path / "s"))
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
        await read(reader)
        sent = 0
        while not control.dropped:
            control.tell({"event": "error", "text": "x" * 10_000, "number": sent})
            assert (await read(reader))["number"] == sent
            sent += 1
            assert sent < BEHIND * 10
        writer.close()
        sleeper.close()

    serve(tmp_path / "s", test)


def test_an_endless_line_and_one_reader_too_many_are_cut_off(tmp_path: Path) -> None:
    async def test(control: ControlSocket, done: list[Command]) -> None:
        path = str(tmp_path / "s")
        reader, writer = await asyncio.open_unix_connection(path)
        await read(reader)
        writer.write(b"x" * (LONGEST_LINE * 4))
        assert await ended(reader)
        many = [await asyncio.open_unix_connection(path) for _ in range(READERS)]
        for taken, _ in many:
            await read(taken)
        late, late_writer = await asyncio.open_unix_connection(path)
        assert await ended(late)
        for mine in (writer, late_writer, *(mine for _, mine in many)):
            mine.close()

    async def ended(reader: asyncio.StreamReader) -> bool:
        try:
            return await reader.read() == b""
        except ConnectionError:
            return True

    serve(tmp_path / "s", test)


def test_a_socket_left_behind_is_replaced_and_one_in_use_is_not(tmp_path: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "s"))
    left.close()

    async def test(control: ControlSocket, done: list[Command]) -> None:
        second = ControlSocket(tmp_path / "s", 0o600, dict, lambda command: None)
        with pytest.raises(UnavailableError, match="another conversation uses this socket"):
            await second.open()
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
        assert await read(reader) == SNAPSHOT, "the first one is still there"
        writer.close()

    serve(tmp_path / "s", test)


@pytest.mark.parametrize("where", ["a file/s", "x" * 200, "plain"])
def test_where_nobody_can_listen_the_error_says_so(tmp_path: Path, where: str) -> None:
    (tmp_path / "a file").write_text("", encoding="utf-8")
    (tmp_path / "plain").write_text("mine", encoding="utf-8")

    async def open_() -> None:
        await ControlSocket(tmp_path / where, 0o600, dict, lambda command: None).open()

    with pytest.raises(MissingError, match=r"hooks\.socket"):
        asyncio.run(open_())
    assert (tmp_path / "plain").read_text(encoding="utf-8") == "mine"
