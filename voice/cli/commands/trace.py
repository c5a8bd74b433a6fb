"""`voice trace`: the latency table and waterfall of a trace file."""

from __future__ import annotations

import json
from pathlib import Path

import click

from voice.cli.latency_table import waterfall
from voice.errors import MissingError


@click.command("trace")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    metavar="OUT.svg",
    help="Write the latency waterfall of each turn as SVG.",
)
def command(file: Path, plot: Path | None) -> None:
    """Show where the time of each turn went.

    FILE is the output of `voice talk --trace FILE`: one JSON line per turn.
    """
    from rich.console import Console

    from voice.cli.latency_table import latency_table

    lines = read_trace(file)
    Console().print(latency_table(lines))
    if plot is not None:
        write_plot(plot, lines)
        click.echo(f"picture: {plot}")


def write_plot(path: Path, lines: list[dict[str, object]]) -> None:
    """Write the waterfall; raises MissingError if the file cannot be written."""
    try:
        path.write_text(waterfall(lines), "utf-8")
    except OSError as error:
        raise MissingError(
            error.strerror or "cannot be written", where=str(path), expected="a writable folder"
        ) from error


def read_trace(path: Path) -> list[dict[str, object]]:
    """The turns of a trace file; raises MissingError with the number of an invalid line."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "not a text file"
        raise MissingError(
            what or "cannot be read", where=str(path), expected="a file made by `voice talk --trace FILE`"
        ) from error
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            turn = json.loads(line)
        except ValueError:
            turn = None
        if not isinstance(turn, dict) or "turn" not in turn:
            raise MissingError("not a turn", where=f"{path}, line {number}", expected="one JSON object per turn")
        lines.append(turn)
    if not lines:
        raise MissingError("no turns", where=str(path), expected="one JSON object per turn")
    return lines
