"""The harder conversation, this assistant beside its peers: same sound, models and upstream for all."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.latency_judge import Judged, judge, p50_p95
from benchmarks.peers.stage import Job, read_truth
from benchmarks.processes import Service, free_port
from voice import paths as folders
from voice.errors import MissingError, UnavailableError
from voice.models.registry import find_model
from voice.models.store import ModelStore, shipped_registry

HERE = Path(__file__).resolve().parent
FIRST_MS, WORD_MS = 100, 20
REPLIES = (
    "It is about four hundred thousand kilometres away. Light crosses that distance in little more than one second.",
    "That makes eighty four. You could also say that it is seven dozen, which some people find easier to remember.",
    "As far as I know, it is close to nine million. Some more people live in the towns and villages around it.",
    "Yes, all of it stays here. What you say is heard and answered on this machine, and nothing of it ever leaves.",
)
"""What the upstream answers, in turn: first sentences of 4 to 10 words, half of them with a comma."""

ECHO_DB = -20.0
AEC = "livekit==1.2.1"
INSTALL_S = 900
RUN_S = 420
OURS = "voice-assistant"


@dataclass(frozen=True, slots=True)
class Run:
    """One system in one configuration; `title` names it in tables, `what` states its settings."""

    system: str
    title: str
    what: str
    settings: dict[str, Any] = field(default_factory=dict)
    echo: bool = False
    aec: bool = False


PLAIN = (
    Run(OURS, "voice, default", "desktop profile"),
    Run(
        OURS,
        "voice, fastest",
        "vad.aggressiveness=3, turn.silence_ms=350",
        {"vad.aggressiveness": 3, "turn.silence_ms": 350},
    ),
    Run("pipecat", "Pipecat, default", "Smart Turn v3, VAD 0.2 s", {}),
    Run(
        "pipecat",
        "Pipecat, fastest",
        "time-out 0.0 s after VAD 0.2 s, beam 1, no wait for more words",
        {"stop": 0.0, "beam": 1, "stt_wait": 0.0},
    ),
    Run("livekit", "LiveKit, default", "bundled turn detector and VAD, preemptive generation", {}),
    Run(
        "livekit",
        "LiveKit, fastest",
        "turns by VAD 0.2 s, no delay, beam 1, preemptive speech, no warm-up",
        {"tuned": True, "beam": 1},
    ),
)
ECHO = (
    Run(OURS, "voice, echo cancelled", "audio.echo=aec", {"audio.echo": "aec"}, True, True),
    Run(OURS, "voice, by words only", "audio.echo=guard", {"audio.echo": "guard"}, True),
    Run("pipecat", "Pipecat, default", "no canceller of its own here", {}, True),
    Run("livekit", "LiveKit, default", "3 s without interruptions, then none", {}, True),
)


def cache() -> Path:
    """Where the peers' environments are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "voice-assistant" / "bench"


def conversation(folder: Path) -> Path:
    """The folder, with hard.wav and hard.json made there by a script of the checkout; MissingError without one."""
    script = folders.PACKAGE.parent / "scripts" / "make_bench_conversation.py"
    if not script.exists():
        raise MissingError("not here", where=str(script), remedy="run this in a checkout of the project")
    subprocess.run([sys.executable, str(script), str(folder)], check=True, stdout=subprocess.DEVNULL)
    return folder


def published(models: Path | None, *names: str) -> Path:
    """The folder of models, the usual one by default; MissingError where one of these is not in it."""
    store, registry = ModelStore(str(models or "")), shipped_registry()
    if absent := [name for name in names if not store.has(find_model(registry, name))]:
        raise MissingError(
            f"no {' and no '.join(absent)} here",
            where=str(store.folder),
            remedy=f"voice models pull {' '.join(absent)} --set models.folder={store.folder}",
        )
    return store.folder


def environment(peer: str) -> Path:
    """The Python of a peer's own environment, made on first use. Raises UnavailableError where pip cannot."""
    wanted = (HERE / "peers" / f"{peer}.txt").read_text()
    folder = cache() / "peers" / peer
    stamp = folder / "requirements"
    if not stamp.exists() or stamp.read_text() != wanted:
        _pip(peer, [sys.executable, "-m", "venv", "--clear", str(folder)])
        requirements = str(HERE / "peers" / f"{peer}.txt")
        _pip(peer, [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "-r", requirements])
        stamp.write_text(wanted)
    return folder / "bin" / "python"


def canceller() -> Path:
    """A folder with the echo canceller that `voice[aec]` brings, to stand behind the packages of this environment."""
    folder = cache() / "peers" / "aec"
    if not (folder / "livekit" / "rtc").exists():
        _pip("livekit", [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), AEC])
    return folder


def _pip(what: str, command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, timeout=INSTALL_S)
    except (subprocess.SubprocessError, OSError) as error:
        raise UnavailableError(f"cannot be installed ({error})", where=what, remedy="leave --peer out") from error


def measure(
    runs: Iterable[Run],
    models: Path | None,
    folder: Path,
    rounds: int,
    write: Callable[[str], None],
    whisper: str,
    piper: str,
) -> dict[str, dict[str, Any]]:
    """Every run once a round, in turn, so that noise falls on all alike; returns the figures of each by title."""
    models = published(models, whisper, piper)
    spoken = conversation(folder)
    said = read_truth(str(spoken / "hard.json"))
    sums: dict[str, Judged] = {}
    costs: dict[str, list[dict[str, Any]]] = {}
    runs = list(runs)
    for turn in range(rounds):
        for run in runs:
            job = Job(
                wav=str(spoken / "hard.wav"),
                whisper=str(models / whisper),
                piper=str(models / piper / f"{piper}.onnx"),
                upstream="",
                result=str(folder / "result.json"),
                settings=run.settings,
                echo_db=ECHO_DB if run.echo else None,
            )
            found = _hold(run, job)
            judged = judge(said, found["sounding"], found["marks"])
            sums.setdefault(run.title, Judged()).add(judged)
            costs.setdefault(run.title, []).append(found)
            middle = p50_p95(judged.response_ms)["p50"]
            write(f"round {turn + 1} of {rounds}, {run.title}: response p50 {middle} ms")
    return {run.title: _figures(run, sums[run.title], costs[run.title]) for run in runs}


def _hold(run: Run, job: Job) -> dict[str, Any]:
    """One conversation of one system, with an upstream of its own; returns what it wrote down."""
    port, result = free_port(), Path(job.result)
    server = [sys.executable, "-m", "benchmarks.upstream", "--port", str(port)]
    upstream = Service(server, f"http://127.0.0.1:{port}/v1")
    asyncio.run(upstream.start())
    try:
        script = [{"text": text, "first_ms": FIRST_MS, "word_ms": WORD_MS} for text in REPLIES * 30]
        body = json.dumps({"default": script[0], "queue": script}).encode()
        urllib.request.urlopen(f"http://127.0.0.1:{port}/control", body).close()
        job_file = result.with_name("job.json")
        job_file.write_text(json.dumps(asdict(job) | {"upstream": upstream.url}))
        result.unlink(missing_ok=True)
        process = Service(_command(run, job_file), "", environment=_environment(run))
        process.launch()
        process.wait(RUN_S)
    finally:
        upstream.kill()
    if not result.exists():
        raise UnavailableError(f"wrote no result: {process.output()[-600:]}", where=run.title)
    found: dict[str, Any] = json.loads(result.read_text())
    return found


def _command(run: Run, job: Path) -> list[str]:
    if run.system == OURS:
        return [sys.executable, "-m", "benchmarks.latency_room", str(job)]
    return [str(environment(run.system)), str(HERE / "peers" / f"{run.system}_peer.py"), str(job)]


def _environment(run: Run) -> dict[str, str]:
    """What the command `voice` sets for itself, and where the canceller is."""
    ours = {"OPENBLAS_NUM_THREADS": "1"} if run.system == OURS else {}
    return ours | ({"VOICE_BENCH_APPEND": str(canceller())} if run.aec else {})


def _figures(run: Run, judged: Judged, costs: list[dict[str, Any]]) -> dict[str, Any]:
    cpu = sum(cost["cpu_s"] for cost in costs) / sum(cost["wall_s"] for cost in costs)
    return {
        "system": run.system,
        "settings": run.what,
        **judged.figures(),
        "any_speech_over_reply_to_silence_ms": p50_p95(
            [ms for cost in costs for ms in cost["notes"].get("barge_in_ms", ())]
        ),
        "cpu_percent": round(cpu * 100, 1),
        "memory_mb": round(max(cost["rss_mb"] for cost in costs), 1),
        "peak_mb": round(max(cost["peak_mb"] for cost in costs), 1),
    }
