"""The house stands: every file has its floor, imports go down only, nothing is circular, floors 0 and 1 are pure."""

from __future__ import annotations

import ast
import fnmatch
import graphlib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "voice"

# By floor, and within one along the path of an utterance. The first pattern that fits counts, so interfaces and pure
# files stand before the folders they lie in.
FLOORS: tuple[tuple[int, str], ...] = (
    (0, "__init__.py errors.py events.py audio/frames.py"),
    (1, "audio/ports.py vad/detector.py wake/wakeword.py wake/gate.py turn/*.py"),
    (1, "asr/recognizer.py asr/agreement.py asr/doubt.py asr/wer.py"),
    (1, "chat/session.py chat/protocol.py chat/client_protocol.py chat/log.py chat/context.py chat/retry.py"),
    (1, "chat/screen.py chat/admission.py chat/breaker.py chat/warming.py chat/upstream/upstream.py"),
    (1, "safety/folding.py safety/checks.py safety/phones.py safety/digits.py safety/numbers.py safety/kinds.py"),
    (1, "safety/finder.py safety/redaction.py safety/pseudonyms.py safety/revealing.py"),
    (1, "safety/verdict.py safety/words.py safety/patterns.py safety/rules.py safety/windows.py safety/classifiers.py"),
    (1, "text/*.py tts/synthesizer.py trace.py waterfall.py timers.py control/messages.py"),
    (1, "settings.py settings_merge.py choice.py models.py systemd_unit.py"),
    (2, "audio/*.py vad/*.py wake/*.py asr/*.py chat/stores/*.py chat/upstream/*.py chat/upstream/builtin/*.py"),
    (2, "safety/*.py tts/*.py control/*.py"),
    (2, "addresses.py clock.py alarms.py browser.py worker.py folders.py config_files.py model_store.py download.py"),
    (2, "audio_server.py service_manager.py board.py c_memory.py"),
    (3, "hearing.py listening.py parts.py loop.py chat/*.py speaking.py remembering.py ringing.py client.py"),
    (3, "logs.py leave_taking.py recording.py"),
    (4, "serve/*.py serve/realtime/*.py"),
    (5, "build/*.py"),
    (6, "cli/*.py bench/*.py bench/peers/*.py __main__.py"),
)

ALLOWED = """
__future__ ast bisect collections contextlib dataclasses datetime decimal difflib enum fractions functools hashlib
heapq hmac html ipaddress itertools json math numbers operator re shlex string textwrap tomllib types typing unicodedata
urllib.parse zlib zoneinfo numpy phonenumbers regex voice
"""
"""What floors 0 and 1 may import: nothing that knows a clock, a file, a socket, a thread or an event loop."""

FORBIDDEN = "open print input exec eval __import__ datetime.now datetime.utcnow datetime.today date.today"

PURE, IMPURE_CALLS = frozenset(ALLOWED.split()), frozenset(FORBIDDEN.split())

LIBRARIES = "faster_whisper ctranslate2 pocketsphinx piper onnxruntime sounddevice openai pymicro_wakeword"

HEAVY = frozenset(LIBRARIES.split())

FOREIGN = "bench/peers/"
"""Programs that run in the peers' own environments."""

NOWHERE = 99


def modules() -> list[str]:
    return sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def floor_of(module: str) -> int:
    for floor, patterns in FLOORS:
        for pattern in patterns.split():
            if module.count("/") == pattern.count("/") and fnmatch.fnmatch(module, pattern):
                return floor
    return NOWHERE


@cache
def tree(module: str) -> ast.Module:
    """The file without what only a type checker reads."""
    found = ast.parse((PACKAGE / module).read_text("utf-8"))

    class Runtime(ast.NodeTransformer):
        def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
            self.generic_visit(node)
            return node.orelse if ast.unparse(node.test).endswith("TYPE_CHECKING") else node

    runtime = Runtime().visit(found)
    assert isinstance(runtime, ast.Module)
    return runtime


def imported(module: str) -> set[str]:
    """Dotted names the file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"voice/{module}: imports are written in full here"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def own_imports(module: str) -> set[str]:
    """The files of this package that the file imports."""
    found = set()
    for name in imported(module):
        package, *rest = name.split(".")
        if package == "voice" and rest:
            path = "/".join(rest)
            found |= {file for file in (f"{path}.py", f"{path}/__init__.py") if (PACKAGE / file).is_file()}
    return {file for file in found - {module} if tree(file).body}


@pytest.mark.parametrize("module", modules())
def test_every_file_has_its_floor(module: str) -> None:
    assert floor_of(module) != NOWHERE, f"voice/{module} stands on no floor: add it to FLOORS in {Path(__file__).name}"


@pytest.mark.parametrize("module", modules())
def test_a_file_imports_from_its_floor_or_below(module: str) -> None:
    floor = floor_of(module)
    for other in own_imports(module):
        assert floor_of(other) <= floor, f"voice/{module} (floor {floor}) imports voice/{other} from above"


@pytest.mark.parametrize("module", [name for name in modules() if floor_of(name) == 2])
def test_an_adapter_knows_no_adapter_of_another_kind(module: str) -> None:
    for other in own_imports(module):
        if floor_of(other) == 2 and "/" in other and "/" in module:
            assert Path(other).parent == Path(module).parent, f"voice/{module} imports voice/{other}"


def test_no_file_imports_itself_through_others() -> None:
    graph = {module: own_imports(module) for module in modules() if not module.endswith("__init__.py")}
    graphlib.TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("module", [name for name in modules() if floor_of(name) <= 1])
def test_floors_0_and_1_touch_no_clock_and_no_outside(module: str) -> None:
    for name in imported(module):
        allowed = name in PURE or name.split(".")[0] in PURE or name.rpartition(".")[0] in PURE
        assert allowed, f"voice/{module} imports {name}"
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in IMPURE_CALLS, f"voice/{module}, line {node.lineno}: {called}()"


@pytest.mark.parametrize("module", [name for name in modules() if not name.startswith(FOREIGN)])
def test_a_heavy_library_is_imported_when_an_adapter_is_made(module: str) -> None:
    top: set[str] = set()
    for node in tree(module).body:
        if isinstance(node, ast.Import):
            top |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            top.add((node.module or "").split(".")[0])
    assert not top & HEAVY, f"voice/{module} imports {top & HEAVY} before it is needed"
