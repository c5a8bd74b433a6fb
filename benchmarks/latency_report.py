"""The figures of `latency_hard.py` as lines of a Markdown table and as a picture."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

HEADINGS = (
    "", "response p50 / p95", "audible after decision", "barge-in to silence p95", "false cut-offs",
    "missed interruptions", "stopped by a cough or mhm", "self-interruptions", "unanswered", "CPU", "memory",
)  # fmt: skip

WIDTH, LEFT, RIGHT, ROW, TOP = 960, 210, 110, 34, 48
OURS, PEER = "#4e79a7", "#bab0ac"


def table(figures: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Markdown lines, one row per system; milliseconds, counts as `how many of how many`."""
    rows = [HEADINGS, ("---",) + ("---:",) * (len(HEADINGS) - 1)]
    for title, found in figures.items():
        response = found["response_ms"]
        rows.append(
            (
                title,
                f"{_ms(response['p50'])} / {_ms(response['p95'])}",
                _ms(found["decision_to_audible_ms"]["p50"]),
                _ms(found["barge_in_to_silence_ms"]["p95"]),
                f"{found['false_cut_offs']} of {found['pauses']}",
                f"{found['missed_interruptions']} of {found['interruptions']}",
                f"{found['stopped_by_noise']} of {found['overlaps']}",
                str(found["self_interruptions"]),
                f"{found['unanswered']} of {found['turns']}",
                f"{found['cpu_percent']:.0f} %",
                f"{found['peak_mb']:.0f} MB",
            )
        )
    return ["| " + " | ".join(row) + " |" for row in rows]


def picture(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """An SVG: one bar per system to the median response latency, a line on to the 95th percentile."""
    shown = {title: found["response_ms"] for title, found in figures.items() if found["response_ms"]["p50"] is not None}
    most = max([response["p95"] for response in shown.values()], default=1000.0)
    step = 250 if most <= 2000 else 500 if most <= 4000 else 1000
    scale = (WIDTH - LEFT - RIGHT) / (step * -(-int(most) // step))
    bottom = TOP + ROW * len(shown)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 34}" width="{WIDTH}" '
        'font-family="system-ui, sans-serif" font-size="13">',
        "<title>True end of speech to first reply audio</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        '<text x="16" y="26" fill="#222">True end of speech to first reply audio, ms: bar p50, line p95</text>',
    ]
    for mark in range(0, int(most) + step, step):
        x = LEFT + mark * scale
        parts.append(
            f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{bottom}" stroke="#d9d9d9"/>'
            f'<text x="{x:.1f}" y="{bottom + 20}" text-anchor="middle" fill="#555">{mark}</text>'
        )
    for row, (title, response) in enumerate(shown.items()):
        y, to, tail = TOP + row * ROW, LEFT + response["p50"] * scale, LEFT + response["p95"] * scale
        colour = OURS if title.startswith("voice") else PEER
        label = f"{response['p50']:.0f} / {response['p95']:.0f}"
        parts.append(
            f'<text x="16" y="{y + 19}" fill="#222">{html.escape(title)}</text>'
            f'<rect x="{LEFT}" y="{y + 4}" width="{to - LEFT:.1f}" height="22" fill="{colour}"/>'
            f'<line x1="{to:.1f}" y1="{y + 15}" x2="{tail:.1f}" y2="{y + 15}" stroke="#555" stroke-width="2"/>'
            f'<text x="{max(to, tail) + 6:.1f}" y="{y + 20}" fill="#222">{label}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"
