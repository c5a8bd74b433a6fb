"""Write into docs/architecture.md what follows from the code: python scripts/architecture_page.py [--check]

The diagram of the turn machine comes from its table, and each link to a name gets the line where the name is defined.
`--check` changes nothing and ends with 1 where the page is out of date.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path

from voice.turn.machine import TABLE, TurnMachine
from voice.turn.state import State

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "architecture.md"
_LINK = re.compile(r"\[`(\w+)`\]\(\.\./(voice/[\w/]+\.py)#L\d+\)")
_DIAGRAM = re.compile(r"(<!-- diagram: [^>]*-->\n).*?(<!-- /diagram -->)", re.DOTALL)


def line_of(file: str, name: str) -> int:
    """The line where a class or function is defined. Raises SystemExit where it is not."""
    for node in ast.walk(ast.parse((ROOT / file).read_text("utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return node.lineno
    raise SystemExit(f"docs/architecture.md: {file} defines no {name}")


def next_states(handler: Callable[..., object], seen: frozenset[str] = frozenset()) -> set[str]:
    """The states that a handler of the machine, or one that it calls, may set."""
    source = inspect.getsource(handler)
    found: set[str] = set()
    for line in re.findall(r"self\.state\b.*?=.*", source):
        found.update(re.findall(r"State\.(\w+)", line))
    for name in set(re.findall(r"self\.(_\w+)\(", source)) - seen:
        called = getattr(TurnMachine, name, None)
        if inspect.isfunction(called):
            found |= next_states(called, seen | {name})
    return found


def diagram() -> str:
    """The table as a state diagram in Mermaid's language: every event that may lead to another state."""
    edges: dict[tuple[str, str], list[str]] = {}
    for state, row in TABLE.items():
        for event, handler in row.items():
            for following in sorted(next_states(handler)):
                edges.setdefault((state.name, following), []).append(event.__name__)
    lines = [f"    {one} --> {other}: {', '.join(events)}" for (one, other), events in edges.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {State.IDLE.name}", *lines, "```", ""])


def page() -> str:
    """The page as it should be."""
    text = _LINK.sub(lambda link: f"[`{link[1]}`](../{link[2]}#L{line_of(link[2], link[1])})", PAGE.read_text("utf-8"))
    return _DIAGRAM.sub(lambda marks: marks[1] + diagram() + marks[2], text)


def main() -> None:
    wanted = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(wanted, "utf-8")
    elif wanted != PAGE.read_text("utf-8"):
        raise SystemExit("docs/architecture.md is out of date; run: python scripts/architecture_page.py")


if __name__ == "__main__":
    main()
