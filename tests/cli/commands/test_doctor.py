"""`voice doctor`: what it says of a model server, beside a real one, and of the voice encoder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.support.real_models import models_folder, voice_encoder_file
from tests.support.voices import ANN, voice_of
from voice.cli.commands.doctor import model, voices
from voice.cli.findings import BROKEN, GOOD, LIMITED
from voice.errors import VoiceError
from voice.memory.vault import Who
from voice.memory.voice_book import keep_voice
from voice.settings.layers import Given, Resolved, merge
from voice.settings.schema import Settings
from voice.speakers.ge2e import Ge2eEncoder
from voice.speakers.recognition import Sample
from voice.wiring.memory import vault


class Models(BaseHTTPRequestHandler):
    """Answers at `/v1/models` and nowhere else."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/v1/models" else 404)
        self.end_headers()
        self.wfile.write(b'{"data": [{"id": "small"}]}')

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Models) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def with_models(folder: Path, *more: tuple[str, str]) -> Resolved:
    given = [("models.folder", str(folder)), *more]
    return merge([[Given(key, value, "--set", text=True) for key, value in given]])


def with_llm(url: str) -> Resolved:
    return merge([[Given("chat.llm", url, "--llm", text=True)]])


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/"])
def test_a_model_server_is_looked_for_where_a_talk_would_ask_it(server: str, path: str) -> None:
    assert model(with_llm(server + path)).state == GOOD


def test_what_is_no_model_server_is_broken_with_a_remedy(server: str) -> None:
    finding = model(with_llm(server + "/elsewhere"))
    assert finding.state == BROKEN and "404" in finding.text and "check that the server is running" in finding.remedy


def test_a_model_that_the_server_lacks_is_broken(server: str) -> None:
    resolved = merge(
        [[Given("chat.llm", server, "--llm", text=True), Given("chat.model", "big", "--model", text=True)]]
    )
    finding = model(resolved)
    assert finding.state == BROKEN
    assert "no model 'big'; expected one of: small" in finding.text


def test_who_speaks_is_not_known_without_the_encoder_and_the_command_is_named(tmp_path: Path) -> None:
    finding = voices(with_models(tmp_path))
    assert finding.state == LIMITED and "voice models pull voice-encoder" in finding.remedy
    for setting in ("memory.voices", "memory.enabled"):
        assert voices(with_models(tmp_path, (setting, "false"))).text.endswith(f"{setting} = false")


def test_the_encoder_is_loaded_and_the_voices_that_fit_it_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    voice_encoder_file()
    assert "say “my name is”" in voices(with_models(models_folder())).remedy
    for id, encoder in (("ann", Ge2eEncoder.name), ("ben", "another")):
        with vault(Settings()).writing(Who("", id)) as database:
            keep_voice(database, id, encoder, Sample(voice_of(ANN), 4.0))
    finding = voices(with_models(models_folder()))
    assert (finding.state, finding.text.partition("; ")[2]) == (LIMITED, "voices known: 1, of another encoder: 1")


def test_an_encoder_that_is_none_is_broken(tmp_path: Path) -> None:
    file = tmp_path / "voice-encoder" / voice_encoder_file().name
    file.parent.mkdir()
    file.write_bytes(b"no checkpoint")
    with pytest.raises(VoiceError):
        voices(with_models(tmp_path))
