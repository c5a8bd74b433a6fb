"""The latency table shown after a conversation and by `voice trace`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from voice.trace import MOMENTS, summary

HEADS = {
    "transcript": "words",
    "endpoint": "end",
    "first_token": "token",
    "first_clause": "clause",
    "first_audio": "sample",
    "audible": "audible",
}
"""Short enough for a terminal of 80 columns."""


def latency_table(lines: Sequence[Mapping[str, object]], caption: str = "") -> Table:
    """One row per turn and the p50 and p95 below, ms; each column is the time since the moment before it."""
    totals = summary(lines)
    spans = [moment for moment in MOMENTS if moment in totals]
    table = Table(
        title="Latency in ms: from the last speech sample, each since the moment before it",
        title_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
    )
    table.caption, table.caption_justify = caption or None, "left"
    table.add_column("turn", justify="right")
    table.add_column("said", no_wrap=True, max_width=26)
    for moment in spans:
        table.add_column(HEADS[moment], justify="right", no_wrap=True)
    table.add_column("response", justify="right", no_wrap=True, style="bold")
    for line in lines:
        values = line.get("spans_ms")
        cells = values if isinstance(values, Mapping) else {}
        response = line.get("response_ms")
        table.add_row(
            str(line.get("turn", "")),
            str(line.get("text", "")),
            *(_ms(cells.get(moment)) for moment in spans),
            _ms(response) if response is not None else str(line.get("outcome", "")),
        )
    if totals:
        table.add_section()
        for row, name in enumerate(("p50", "p95")):
            table.add_row("", name, *(_ms(totals[moment][row]) for moment in (*spans, "response")))
    return table


def _ms(value: object) -> str:
    return f"{value:.0f}" if isinstance(value, int | float) else ""
