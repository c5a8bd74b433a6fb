"""What is kept of a conversation, by choice only: told by `voice export`, removed by `voice forget`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from benchmarks.processes import VOICE
from tests.support.patience import PATIENCE_S
from tests.support.served import Served
from voice.audio.wav import read_wav
from voice.cli import main

SPEECH = Path(__file__).parents[2] / "fixtures" / "speech"
WORDS = "the word is swordfish"
DATA = Path("data/voice-assistant")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("data", "temp", "work"):
        (tmp_path / name).mkdir()
    return tmp_path


def places(home: Path) -> dict[str, str]:
    """An environment in which all that is written lies below `home`."""
    here = {"XDG_DATA_HOME": str(home / "data"), "TMPDIR": str(home / "temp"), "HOME": str(home)}
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), **here}


def talking(home: Path) -> subprocess.Popen[str]:
    """A typed conversation that goes on."""
    command = [sys.executable, "-m", "voice", "talk", "--text", "--tts", "tone"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=places(home), cwd=home / "work", stdin=pipe, stdout=pipe, text=True)


def voice(home: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "voice", *arguments],
        env=places(home),
        cwd=home / "work",
        input=typed,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )


def here(home: Path, *arguments: str) -> Result:
    """The same in this process, for commands that only look and remove."""
    return CliRunner(env=places(home)).invoke(main, arguments)


def files(home: Path) -> dict[str, bytes]:
    """Everything that lies below the three folders."""
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def exported(home: Path, *arguments: str) -> Any:
    done = here(home, "export", *arguments)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_conversation_without_a_name_leaves_no_file(home: Path) -> None:
    done = voice(home, "talk", "--text", "--tts", "tone", typed=f"repeat after me: {WORDS}\n")
    assert done.returncode == 0, done.stderr
    assert "swordfish" in done.stdout
    assert exported(home) == {"kept_in": str(home / DATA / "sessions.sqlite"), "conversations": [], "files": []}
    assert here(home, "forget", "--all").exit_code == 0
    assert files(home) == {}, "nor does looking leave any"


def test_a_talk_that_was_killed_leaves_no_file(home: Path) -> None:
    with talking(home) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"repeat after me: {WORDS}\n")
        process.stdin.flush()
        while "swordfish" not in process.stdout.readline():
            assert process.poll() is None
        process.kill()
    assert files(home) == {}


def test_a_farewell_ends_what_nobody_wanted_kept(home: Path) -> None:
    done = voice(home, "talk", "--text", "--tts", "tone", typed="what is 12 times 7\ngoodbye\ndivide that by two")
    assert done.returncode == 0, done.stderr
    assert "12 times 7 is 84." in done.stdout
    assert "Goodbye!" in done.stdout
    assert "the conversation was deleted" in done.stdout
    named = voice(home, "talk", "--text", "--tts", "tone", "--session", "sums", typed="hello\ngoodbye\nhello again")
    assert named.returncode == 0, named.stderr
    [kept] = exported(home, "sums")["conversations"]
    asked = [message["text"] for message in kept["messages"] if message["role"] == "user"]
    assert asked == ["hello", "goodbye", "hello again"], "a name asks for memory"


def test_no_audio_is_in_any_file_after_a_talk(home: Path) -> None:
    recording = SPEECH / "times.wav"
    done = voice(home, "talk", "--input", str(recording), "--tts", "tone", "--fast", "--session", "kitchen")
    assert done.returncode == 0, done.stderr
    pcm = read_wav(recording)
    loud = max(range(0, len(pcm) - 800, 800), key=lambda start: int(abs(pcm[start : start + 800].astype(int)).sum()))
    needles = [pcm[loud : loud + 64].tobytes(), (pcm[loud : loud + 64] / 32768).astype("float32").tobytes()]
    written = files(home)
    assert "data/voice-assistant/sessions.sqlite" in written, "the conversation itself was kept"
    assert needles[0] in recording.read_bytes()
    for name, raw in written.items():
        assert b"RIFF" not in raw, name
        assert not any(needle in raw for needle in needles), name


def test_a_named_conversation_is_kept_encrypted_exported_and_forgotten(home: Path) -> None:
    for name in ("kitchen", "attic"):
        typed = f"repeat after me: {WORDS} {name}\n"
        done = voice(home, "talk", "--text", "--tts", "tone", "--session", name, typed=typed)
        assert done.returncode == 0, done.stderr
    for path, raw in files(home).items():
        assert b"swordfish" not in raw, path
        assert b"kitchen" not in raw, path
    both = exported(home)
    assert {one["name"] for one in both["conversations"]} == {"kitchen", "attic"}
    places = [Path(file["path"]) for file in both["files"]]
    assert {path.name for path in places if "people" not in path.parts} == {"sessions.sqlite", "store.key"}
    [kitchen] = exported(home, "kitchen")["conversations"]
    assert WORDS in kitchen["messages"][0]["text"]
    assert kitchen["events"][0]["t"] == "started"
    assert kitchen["usage"][0]["turn"] == 1

    unnamed = here(home, "forget")
    assert (unnamed.exit_code, len(unnamed.stderr.splitlines())) == (2, 1)
    assert "kitchen" in unnamed.stderr
    assert here(home, "forget", "cellar").exit_code == 2
    gone = here(home, "forget", "kitchen")
    assert (gone.exit_code, "1 conversation removed" in gone.stdout) == (0, True)
    assert [one["name"] for one in exported(home)["conversations"]] == ["attic"]

    key = home / "data" / "voice-assistant" / "store.key"
    right = key.read_text()
    key.unlink()
    lost = here(home, "export")
    assert (lost.exit_code, len(lost.stderr.splitlines())) == (66, 1)
    assert "another key" in lost.stderr
    assert here(home, "forget", "--all").exit_code == 0, "who lost the key begins anew"
    assert exported(home)["conversations"] == []
    assert key.read_text() != right


def test_retention_decides_what_a_name_keeps(home: Path) -> None:
    talk = ("talk", "--text", "--tts", "tone", "--session", "kitchen")
    assert voice(home, *talk, "--set", "chat.retain=conversation", typed="hello\n").returncode == 0
    assert files(home) == {}
    assert voice(home, *talk, "--set", "chat.retain=days=30", typed="hello\n").returncode == 0
    assert [one["name"] for one in exported(home)["conversations"]] == ["kitchen"]
    wrong = voice(home, *talk, "--set", "chat.retain=days=soon")
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (78, 1)
    assert "days=N" in wrong.stderr


def test_on_a_server_it_works_by_the_names_known_here(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name in ("data", "temp", "work"):
        (home / name).mkdir(parents=True)
    (tmp_path / "serve").mkdir()
    with Served(tmp_path / "serve") as served:
        url = ("--server", served.server.url)
        named: tuple[str, ...] = ("--session", "kitchen")
        for choice in ((), named):
            done = subprocess.run(
                [*VOICE, "chat", *url, *choice],
                env={**os.environ, "XDG_DATA_HOME": str(home / "data")},
                input=WORDS,
                capture_output=True,
                text=True,
                timeout=PATIENCE_S,
            )
            assert done.returncode == 0, done.stderr
        [kitchen] = exported(home, *url)["conversations"]
        assert kitchen["messages"][0]["text"] == WORDS
        assert kitchen["events"][-1]["t"] == "done"
        sid = kitchen["session_id"]
        assert here(home, "forget", "kitchen", *url).exit_code == 0
        assert exported(home, *url)["conversations"] == []
        status, _, told = served.server.request("GET", f"/v1/sessions/{sid}", token="vt_x")
        assert (status, told["error"]["code"]) == (404, "session_unknown")
        figures = served.server.request("GET", "/metrics")[2].decode()
        assert "voice_sessions_in_memory 0.0" in figures, "the one without a name ended with its program"


def test_what_a_chat_stored_on_a_server_is_found_by_its_name_alone(home: Path, tmp_path: Path) -> None:
    (tmp_path / "serve").mkdir()
    with Served(tmp_path / "serve") as served:
        url = served.server.url
        assert (
            voice(home, "chat", "--server", url, "--session", "ada", typed=f"repeat after me: {WORDS}\n").returncode
            == 0
        )
        assert f"ada ({url})" in here(home, "forget").stderr
        [found] = exported(home, "ada")["conversations"]
        assert WORDS in found["messages"][0]["text"]
        everything = here(home, "forget", "--all")
        assert f"not removed: those on {url}; to remove them: voice forget --all --server {url}" in everything.stdout
        gone = here(home, "forget", "ada")
        assert (gone.exit_code, gone.stdout) == (0, f"{url}: 1 conversation removed\n")
        assert here(home, "forget", "ada").exit_code == 2
        for where in (("--server", url), ()):
            assert voice(home, "chat", "--server", url, "--session", "bob", typed="hello\n").returncode == 0
            talk = ("talk", "--text", "--tts", "tone", "--session", "bob")
            assert where or voice(home, *talk, typed="hello\n").returncode == 0
            gone = here(home, "forget", "bob", *where)
            assert gone.stdout.count("1 conversation removed") == (1 if where else 2), "here and there"


def test_a_server_that_is_down_is_named(home: Path, tmp_path: Path) -> None:
    (tmp_path / "serve").mkdir()
    with Served(tmp_path / "serve") as served:
        url = served.server.url
        assert voice(home, "chat", "--server", url, "--session", "ada", typed="hello\n").returncode == 0
    down = here(home, "forget", "ada")
    assert (down.exit_code, len(down.stderr.splitlines())) == (69, 1)
    assert url in down.stderr
    assert "voice serve" in down.stderr
