"""Every command in the READMEs and in CONTRIBUTING is run: typed as it stands, only bounded where it would go on."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.upstream import Script
from tests.support.patience import PATIENCE_S
from tests.support.real_models import models_folder, piper_voice, smart_turn_file, whisper_folder
from tests.support.scripted_upstream import UpstreamProcess
from tests.support.served import ServedProcess

ROOT = Path(__file__).parent.parent
SPEECH = ROOT / "tests" / "fixtures" / "speech" / "times.wav"
NAMED = ROOT / "tests" / "fixtures" / "wake" / "jarvis.wav"
PAGES = ("README.md", "README.zh-CN.md", "CONTRIBUTING.md")
VOICE = ".venv/bin/voice "
STAYS = re.compile("voice (serve|kiosk|wyoming)")
"""These go on until they are stopped."""


@dataclass(frozen=True)
class Bound:
    """How a command is kept short: what is added to it, what is typed into it, and what must come of it."""

    more: tuple[str, ...] = ()
    typed: str = ""
    words: str = ""
    code: int = 0


HEARD = Bound(("--input", str(SPEECH), "--fast"), words="voice: ")
BOUNDS = {
    "voice talk --text": Bound(typed="what is 2 plus 2\n", words="4"),
    "voice talk": HEARD,
    "voice talk --profile pi --set wake.mode=word": Bound(("--input", str(NAMED), "--fast"), words="voice: "),
    "voice transcribe": Bound(words='"real_time_factor"'),
    "voice models list": Bound(words="base"),
    "voice models fit": Bound(("--folder", str(models_folder())), words="this machine reads 3 s of speech"),
    "voice models pull": Bound(code=69),  # no hub and no index here; tests/models/test_download.py has them
    "voice chat": Bound(("--server", "http://127.0.0.1:1"), code=69),  # no server here; tests/serve has one
    "voice doctor": Bound(words="recognition"),
    "voice doctor --security": Bound(words="conversations"),
    "voice redact": Bound(words="<PHONE:"),
    "voice moderate": Bound(words="allow"),
    "voice service install --print": Bound(words="Type=notify"),
    "voice --help": Bound(words="Commands:"),
}
"""By the beginning of the command, the longest that fits."""


def commands() -> Iterator[str]:
    seen: set[str] = set()
    for page in PAGES:
        for block in re.findall(r"^```console\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL):
            for line in block.splitlines():
                assert line.startswith("$ "), f"{page}: {line!r} is no command"
                if line not in seen:
                    seen.add(line)
                    yield line.removeprefix("$ ")


def bound_of(command: str) -> Bound:
    fitting = [begin for begin in BOUNDS if command.startswith(begin)]
    return BOUNDS[max(fitting, key=len)] if fitting else Bound()


@pytest.fixture(scope="module")
def model_server() -> Iterator[UpstreamProcess]:
    with UpstreamProcess() as server:
        server.default(Script(text="The answer is eighty four."))
        yield server


@pytest.mark.parametrize("line", [line for line in commands() if VOICE in line and not STAYS.search(line)])
def test_a_command_of_the_readme_works(line: str, tmp_path: Path, model_server: UpstreamProcess) -> None:
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    line = re.sub(r"https?://\S+/v1", model_server.url, line)
    piped = re.fullmatch(r'echo "(.*)" \| (.*)', line)
    words = shlex.split((piped[2] if piped else line).removeprefix(".venv/bin/"))
    bound = bound_of(" ".join(words))
    environment = {
        **os.environ,
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "HOME": str(tmp_path),
        "HF_ENDPOINT": "http://127.0.0.1:1",
        "PIP_INDEX_URL": "http://127.0.0.1:1/simple",
        "PIP_RETRIES": "0",
        "OPENAI_API_KEY": "sk-test",
        "COLUMNS": "120",
    }
    command = [str(Path(sys.executable).parent / "voice"), *words[1:], *bound.more]
    asked = model_server.calls()
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment,
        input=f"{piped[1]}\n" if piped else bound.typed,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == bound.code, done.stderr
    assert "Traceback" not in done.stderr
    assert bound.words in done.stdout
    if "--llm" in words:
        assert model_server.calls() > asked
        assert "eighty four" in done.stdout


@pytest.mark.parametrize("line", [line for line in commands() if VOICE in line and STAYS.search(line)])
def test_what_stays_listens_until_it_is_stopped(line: str, tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "VOICE_SERVE_PORT": "0"}
    command = [sys.executable, "-m", *shlex.split(line.removeprefix(".venv/bin/"))]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE_S) in (0, 130)
    assert "://127.0.0.1:" in told


SUMS = ["12 times 7 is 84.", "84 divided by 2 is 42."]
JUDGED = ["False ('violence',)"]
"""What the snippets print, and the one that asks the filter."""


def snippets() -> Iterator[str]:
    for page in PAGES:
        yield from re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("code", sorted(set(snippets())))
def test_a_snippet_of_the_readme_works(code: str, tmp_path: Path) -> None:
    with ServedProcess(tmp_path, "builtin") as server:
        code = code.replace("http://127.0.0.1:8970", server.url)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == (JUDGED if "local_filter" in code else SUMS)


def test_no_other_kind_of_command_is_shown() -> None:
    others = {line.split("=")[0] for line in commands() if VOICE not in line}
    assert others == {
        "git clone URL voice-at-home && cd voice-at-home",
        "./scripts/start",
        "./scripts/test",
        "export OPENAI_API_KEY",
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("words: whisper tiny.en", "piper en_US-joe-medium")),
        (("--offline",), ("going on with the engines that are built in", "words: pocketsphinx", "voice models pull")),
    ],
)
def test_scripts_start_holds_the_recorded_conversation(
    arguments: tuple[str, ...], words: tuple[str, ...], tmp_path: Path
) -> None:
    stamp = ROOT / ".venv" / ".lock-stamp"
    if not stamp.is_file() or Path(sys.prefix) != ROOT / ".venv":
        pytest.skip("this environment was not made by scripts/setup, which scripts/start would do now")
    models = tmp_path / "models"
    models.mkdir()
    if not arguments:
        for folder in (whisper_folder(), piper_voice(), smart_turn_file().parent):
            (models / folder.name).symlink_to(folder)
    environment = {
        **os.environ,
        "XDG_DATA_HOME": str(tmp_path),
        "VOICE_MODELS_FOLDER": str(models),
        "PULSE_SERVER": "none",
        "COLUMNS": "120",
    }
    command = [str(ROOT / "scripts" / "start"), *arguments, "--fast"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    said = done.stdout.lower()
    for word in (*words, "12 times 7 is 84", "p50", "latency.svg"):
        assert word.lower() in said
    assert (ROOT / "build" / "demo" / "answers.wav").stat().st_size > 100_000
    assert (models / "first-start.json").is_file()


def test_ci_runs_exactly_scripts_test_and_that_ends_with_pytest() -> None:
    ci = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert ci[-2:] == ["./scripts/test", "exec ./scripts/lowest"]
    assert (ROOT / "scripts" / "test").read_text("utf-8").splitlines()[-1] == 'exec .venv/bin/python -m pytest "$@"'
    for script in (
        "scripts/start",
        "scripts/test",
        "scripts/setup",
        "scripts/system",
        "scripts/lock/upgrade",
        ".ci/run",
    ):
        assert os.access(ROOT / script, os.X_OK), script


@pytest.mark.parametrize("page", [*PAGES, "CHANGELOG.md"])
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text("utf-8")):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), f"{page}: {target}"
