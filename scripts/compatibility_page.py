"""Write docs/compatibility.md from the tests' marks: python scripts/compatibility_page.py [--check]

A line is a test with `@pytest.mark.compatible(endpoint, feature)`, or with `refused="what to use"` where the test shows
that it is refused. So the page says what the last run without a failure has shown.
`--check` changes nothing and ends with 1 where the page is out of date.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "compatibility.md"
HEAD = """# Compatibility with OpenAI's API

Each line is shown by a test, most of them with the official Python package, unmodified, which parses every event and
object by its types; `python scripts/compatibility_page.py` writes this page from the tests' own marks. What is refused
gets an error in OpenAI's form that names the field. More about [sessions](protocol.md), [Responses](openai.md) and
[Realtime](realtime.md).
"""

Line = tuple[str, str, str | None]


def lines() -> list[Line]:
    """Endpoint, feature, and what to use instead where it is refused; in the order of the tests."""
    found = [line for path in sorted((ROOT / "tests").rglob("test_*.py")) for line in _marked(path)]
    return list(dict.fromkeys(found))


def page() -> str:
    """The page as it should be."""
    rows, before = [HEAD, "| endpoint | feature | |", "|---|---|---|"], ""
    for endpoint, feature, instead in sorted(lines(), key=lambda line: (*_place(line[0]), line[2] is not None)):
        verdict = "works" if instead is None else f"refused{': ' if instead else ''}{instead}"
        rows.append(f"| {'' if endpoint == before else f'`{endpoint}`'} | {feature} | {verdict} |")
        before = endpoint
    return "\n".join([*rows, ""])


def _place(endpoint: str) -> tuple[str, str]:
    """Paths in their order, the methods of one together."""
    method, _, path = endpoint.rpartition(" ")
    return path, method


def _marked(path: Path) -> Iterator[Line]:
    source = path.read_text("utf-8")
    if "compatible" not in source and "works(" not in source:
        return
    tree = ast.parse(source)
    constants = _constants(tree)
    for node in tree.body:
        marks = node.decorator_list if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") else []
        for mark in marks:
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) in ("works", "pytest.mark.compatible"):
                endpoint, feature = (_text(given, constants) for given in mark.args)
                yield endpoint, feature, next((_text(more.value, constants) for more in mark.keywords), None)


def _constants(tree: ast.Module) -> dict[str, str]:
    """The texts that a file names, one or several in a line."""
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            names = [one.id for one in ast.walk(node.targets[0]) if isinstance(one, ast.Name)]
            texts = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            for name, text in zip(names, texts, strict=False):
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    found[name] = text.value
    return found


def _text(node: ast.expr, constants: dict[str, str]) -> str:
    """A text of a mark: written out, named, or made of both."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, constants) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return _text(node.value, constants)
    return constants[node.id] if isinstance(node, ast.Name) else str(ast.literal_eval(node))


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(PAGE.read_text("utf-8") != page())
    PAGE.write_text(page(), "utf-8")
