"""`voice ctl`: commands for the conversation that runs on this machine, and its events."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from voice.cli.options import Resolved, configured, setting
from voice.control.messages import COMMANDS, line, parse
from voice.errors import UnavailableError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE_S = 5.0
"""How long a running conversation may take to answer."""

WHAT = (*COMMANDS, "watch")


@click.command("ctl")
@click.argument("what", metavar=f"[{'|'.join(WHAT)}]", type=click.Choice(WHAT), default="status")
@click.argument("value", required=False, default="", metavar="[PERCENT|TEXT]")
@setting("--socket", "hooks.socket", metavar="PATH")
@configured
def command(resolved: Resolved, what: str, value: str) -> None:
    """Send a command to the running `voice talk`, or watch its events, one JSON line each.

    Examples: `voice ctl volume 40`, `voice ctl say "dinner is ready"`. The other commands take no argument. Each prints
    the state that follows; `voice ctl` alone prints the state.
    """
    from voice.wiring.control import socket_path

    order = _order(what, value)
    path = socket_path(resolved.settings.hooks)
    if path is None:
        raise UnavailableError(
            "the control socket is disabled", where="hooks.socket", remedy="set it to auto or to a path"
        )
    with _connected(path) as (write, snapshot, read):
        if order is None:
            for event in chain([snapshot], read):
                click.echo(event.rstrip(b"\n"))
            raise UnavailableError("the conversation has ended", where=str(path))
        write.sendall(line(order))
        answer = next((found for found in map(json.loads, read) if "answer" in found), None)
    if answer is None:
        raise UnavailableError("the conversation has ended", where=str(path))
    if answer["answer"] != "ok":
        raise UnavailableError(answer["error"], where=f"voice ctl {what}")
    muted = ", muted" if answer["muted"] else ""
    click.echo(f"{answer['state']}, volume {answer['volume']} %{muted} (voice {answer['version']})")


def _order(what: str, value: str) -> dict[str, Any] | None:
    """The message to send, None for `watch`; checked here so that a usage error can be shown."""
    if what == "watch":
        return None
    needed = COMMANDS[what][0]
    if value and not needed:
        raise UsageError(f"{what} takes no further argument", where=f"voice ctl {what} {value}")
    order: dict[str, Any] = {"do": what}
    if needed:
        order[needed] = float(value) if needed == "percent" and value.replace(".", "", 1).isdigit() else value
    try:
        parse(line(order))
    except UsageError as error:
        raise UsageError(error.what, where=f"voice ctl {what}", expected=error.expected) from None
    return order


@contextmanager
def _connected(path: Path) -> Iterator[tuple[socket.socket, bytes, BinaryIO]]:
    """The connection, its first snapshot, and the messages after it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(PATIENCE_S)
        try:
            connection.connect(str(path))
            with connection.makefile("rb") as read:
                snapshot = read.readline()
                connection.settimeout(None)
                yield connection, snapshot, read
        except PermissionError:
            raise UnavailableError(
                "no permission to control this conversation", where=str(path), remedy="see hooks.socket_mode"
            ) from None
        except OSError:
            raise UnavailableError(
                "no conversation is running", where=str(path), remedy="start one: voice talk"
            ) from None
