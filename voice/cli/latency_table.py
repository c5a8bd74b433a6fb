"""The time of each turn as a table for the terminal and an SVG plot with one bar per turn."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from rich.table import Table

from voice.trace import MOMENTS, summary

WIDTH, LEFT, RIGHT, ROW, TOP = 960, 250, 80, 30, 118
COLOURS = dict(zip(MOMENTS[1:], ("#4e79a7", "#f28e2b", "#e15759", "#76b7b2", "#59a14f", "#b07aa1"), strict=True))
MEANINGS = {
    "transcript": "understands your words",
    "endpoint": "makes sure that you have finished",
    "first_token": "waits for the answer's first word",
    "first_clause": "waits for its first clause",
    "first_audio": "makes the voice",
    "audible": "starts the loudspeaker",
}
"""What the assistant does in each span, which lasts from the moment before it in time."""

TITLE = "How long you waited: from the end of your words to the first sound of the answer"
LEGEND_COLUMNS, LEGEND_WIDTH = 3, 300
STYLE = """<style>
.paper { fill: #ffffff } .ink { fill: #222222 } .faint { fill: #595959 } .grid { stroke: #d9d9d9 }
@media (prefers-color-scheme: dark) {
  .paper { fill: #0d1117 } .ink { fill: #e6edf3 } .faint { fill: #9aa4af } .grid { stroke: #30363d }
}
</style>"""
"""By day and by night, as the reader's system is set; contrast of all text is 4.5 or more in both."""


def waterfall(lines: Sequence[Mapping[str, object]]) -> str:
    """The picture of trace lines as `TurnTrace.to_json` makes them; x is ms after the last speech sample."""
    longest = max([_number(line.get("response_ms")) for line in lines], default=0.0)
    step = _step(longest)
    most = step * max(1, -(-int(longest) // step))
    scale = (WIDTH - LEFT - RIGHT) / most
    bottom = TOP + ROW * len(lines)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 34}" width="{WIDTH}" '
        f'font-family="system-ui, sans-serif" font-size="13">',
        f"<title>{TITLE}</title>",
        STYLE,
        '<rect width="100%" height="100%" class="paper"/>',
        f'<text x="16" y="30" class="ink" font-size="17" font-weight="600">{TITLE}</text>',
        *_legend(),
    ]
    for mark in range(0, most + 1, step):
        x = LEFT + mark * scale
        parts.append(
            f'<line x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{bottom}" class="grid"/>'
            f'<text x="{x:.1f}" y="{bottom + 20}" text-anchor="middle" class="faint">{mark} ms</text>'
        )
    for row, line in enumerate(lines):
        parts += _turn(line, TOP + row * ROW, scale)
    return "\n".join([*parts, "</svg>", ""])


def _legend() -> list[str]:
    parts = []
    for index, (moment, colour) in enumerate(COLOURS.items()):
        x = 16 + index % LEGEND_COLUMNS * LEGEND_WIDTH
        y = 48 + index // LEGEND_COLUMNS * 24
        parts.append(f'<rect x="{x}" y="{y}" width="14" height="14" rx="2" fill="{colour}"/>')
        parts.append(f'<text x="{x + 22}" y="{y + 12}" class="ink">{MEANINGS[moment]}</text>')
    return parts


def _turn(line: Mapping[str, object], y: float, scale: float) -> list[str]:
    said = str(line.get("text") or "(no words)")
    label = f"{line.get('turn', '')}  {said if len(said) <= 30 else said[:29] + '…'}"
    parts = [f'<text x="16" y="{y + 17:.0f}" class="ink">{html.escape(label)}</text>']
    spans = line.get("spans_ms")
    response = line.get("response_ms")
    if not isinstance(spans, Mapping) or not isinstance(response, int | float):
        outcome = html.escape(str(line.get("outcome") or "no reply"))
        return [*parts, f'<text x="{LEFT + 4}" y="{y + 17:.0f}" class="faint">{outcome}</text>']
    x = float(LEFT)
    for moment, ms in spans.items():
        wide = _number(ms) * scale
        note = f"{MEANINGS.get(str(moment), str(moment))}: {_number(ms):.0f} ms"
        parts.append(
            f'<rect x="{x:.1f}" y="{y + 3:.0f}" width="{wide:.1f}" height="20" '
            f'fill="{COLOURS.get(str(moment), "#999")}"><title>{html.escape(note)}</title></rect>'
        )
        x += wide
    parts.append(f'<text x="{x + 6:.1f}" y="{y + 17:.0f}" class="ink">{response:.0f} ms</text>')
    return parts


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _step(longest: float) -> int:
    """A round distance between grid lines that gives at most eight of them."""
    step = 50
    for factor in (2, 5, 10, 20, 40, 100, 200, 400, 1000):
        if longest <= step * 8:
            break
        step = 50 * factor
    return step


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
