"""The last line of the terminal: what the person should know, the keys that act now, and the engines in use."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

GAP = " · "


def footer(width: int, state: Sequence[str], keys: Sequence[str], engines: str) -> tuple[str, str, str]:
    """State, keys and engines as they fit into `width` columns: the keys give way to the state, the engines to both."""
    shown = f" {GAP.join(state)}" if state else ""
    if cell_len(shown) > width:
        return set_cell_size(shown, width), "", ""
    fitting = list(keys)
    while cell_len(shown) + cell_len(acting := _spaced(fitting, after=shown)) > width:
        fitting.pop()
    rest = width - cell_len(shown) - cell_len(acting)
    right = f"{engines} " if engines and cell_len(engines) + 3 <= rest else ""
    return shown, acting, " " * (rest - cell_len(right)) + right


def _spaced(keys: Sequence[str], *, after: str) -> str:
    return f"{'  ' if after else ' '}{GAP.join(keys)}" if keys else ""
