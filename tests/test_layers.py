"""The house stands: folders are layers, imports go down, nothing is circular, and pure files touch nothing outside.

The layers and the pure files are those of docs/architecture.md.
"""

from __future__ import annotations

import ast
import fnmatch
import graphlib
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "voice"
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")

ALLOWED = """
__future__ abc ast bisect collections contextlib dataclasses datetime decimal difflib enum fractions functools hashlib
heapq hmac html ipaddress itertools json math numbers operator re shlex string textwrap tomllib types typing unicodedata
urllib.parse zlib zoneinfo numpy phonenumbers regex stdnum voice
"""
"""What pure files may import: nothing that knows a clock, a file, a socket, a thread or an event loop."""

FORBIDDEN = "open print input exec eval __import__ datetime.now datetime.utcnow datetime.today date.today"

PURE_IMPORTS, IMPURE_CALLS = frozenset(ALLOWED.split()), frozenset(FORBIDDEN.split())

LIBRARIES = (
    "aiortc av ctranslate2 faster_whisper mcp onnxruntime openai piper pocketsphinx pymicro_wakeword sounddevice wetext"
)

HEAVY = frozenset(LIBRARIES.split())


def layers() -> dict[str, int]:
    """The layer of each folder and top-level file, from the table of the page."""
    found: dict[str, int] = {}
    for number, names in re.findall(r"^\| (\d+) \| ((?:`\w+` ?)+) \|", PAGE, re.MULTILINE):
        found |= {name: int(number) for name in re.findall(r"`(\w+)`", names)}
    return found


def pure_patterns() -> list[str]:
    """The files that decide and do nothing else, from the list of the page."""
    return re.findall(r"`([\w*/]+)`", PAGE.partition("These are pure:")[2].partition("Adapters beside them:")[0])


def adapters_beside() -> list[str]:
    """The exceptions from those patterns, from the same page."""
    return re.findall(r"`([\w*/]+)`", PAGE.partition("Adapters beside them:")[2].partition("\n## ")[0])


LAYERS, PURE, ADAPTERS = layers(), pure_patterns(), adapters_beside()


@cache
def modules() -> list[str]:
    return sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def unit(module: str) -> str:
    """The folder of a file, or its own name where it lies at the top; the entry point belongs to the command."""
    name = module.split("/")[0].removesuffix(".py")
    return "cli" if name == "__main__" else name


def is_pure(module: str) -> bool:
    name = module.removesuffix(".py")
    return name not in ADAPTERS and any(fnmatch.fnmatch(name, pattern) for pattern in PURE)


@cache
def tree(module: str) -> ast.Module:
    return ast.parse((PACKAGE / module).read_text("utf-8"))


@cache
def imported(module: str) -> set[str]:
    """Dotted names the file imports, wherever in it and for whatever purpose."""
    names: set[str] = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"voice/{module}: imports are written in full here"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


@cache
def own_imports(module: str) -> set[str]:
    """The files of this package that the file imports."""
    found = set()
    for name in imported(module):
        package, *rest = name.split(".")
        if package == "voice" and rest:
            path = "/".join(rest)
            found |= {file for file in (f"{path}.py", f"{path}/__init__.py") if (PACKAGE / file).is_file()}
    return {file for file in found - {module} if tree(file).body}


def test_the_page_has_a_layer_for_every_folder_and_no_other() -> None:
    assert {unit(module) for module in modules()} - {"__init__"} == set(LAYERS)


def test_the_pure_files_of_the_page_exist() -> None:
    names = [module.removesuffix(".py") for module in modules()]
    assert [pattern for pattern in PURE if not fnmatch.filter(names, pattern)] == []
    assert set(ADAPTERS) <= set(names)


def test_a_file_imports_only_from_its_folder_and_lower_layers() -> None:
    upwards = [
        f"voice/{module} (layer {LAYERS[unit(module)]}) imports voice/{other} (layer {LAYERS[unit(other)]})"
        for module in modules()
        for other in own_imports(module)
        if unit(other) not in (unit(module), "__init__", "errors") and LAYERS[unit(other)] >= LAYERS[unit(module)]
    ]
    assert not upwards, "\n".join(upwards)


def test_no_file_imports_itself_through_others() -> None:
    graph = {module: own_imports(module) for module in modules() if not module.endswith("__init__.py")}
    graphlib.TopologicalSorter(graph).prepare()


def outside(module: str) -> Iterator[str]:
    """What this file imports and calls that a pure one may not."""
    for name in imported(module):
        if not PURE_IMPORTS & {name, name.split(".")[0], name.rpartition(".")[0]}:
            yield f"voice/{module} imports {name}"
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Call) and (called := ast.unparse(node.func)) in IMPURE_CALLS:
            yield f"voice/{module}, line {node.lineno}: {called}()"


def test_a_pure_file_touches_no_clock_and_nothing_outside() -> None:
    pure = [module for module in modules() if is_pure(module)]
    assert pure
    touched = [what for module in pure for what in outside(module)]
    assert not touched, "\n".join(touched)


SUBCLASSED = {
    "client/openai_client.py": frozenset({"openai"}),
    "server/realtime/rtc_peer.py": frozenset({"aiortc", "av"}),
}
"""What a file needs as a whole, since its classes are those of a library; it is itself loaded when it is used."""


def imported_at_once(module: str) -> set[str]:
    """The packages that are imported where the file is."""
    top: set[str] = set()
    for node in tree(module).body:
        if isinstance(node, ast.Import):
            top |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            top.add((node.module or "").split(".")[0])
    return top


def test_a_heavy_library_is_imported_when_an_adapter_is_made() -> None:
    early = {module: (imported_at_once(module) & HEAVY) - SUBCLASSED.get(module, frozenset()) for module in modules()}
    assert {module: libraries for module, libraries in early.items() if libraries} == {}


def test_no_file_is_long() -> None:
    lines = {module: len((PACKAGE / module).read_text("utf-8").splitlines()) for module in modules()}
    assert {module: count for module, count in lines.items() if count > 400} == {}, "is it one thing?"


def test_no_folder_is_full() -> None:
    folders = Counter(str(Path(module).parent) for module in modules() if not module.endswith("__init__.py"))
    assert {folder: count for folder, count in folders.items() if count > 20} == {}


def test_no_two_classes_share_a_name() -> None:
    seen: dict[str, str] = {}
    for module in modules():
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.ClassDef):
                assert seen.setdefault(node.name, module) == module, f"{node.name}: {seen[node.name]} and {module}"


def test_the_page_shows_the_machine_and_the_lines_as_they_are() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "architecture_page.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
