"""The official `openai` package against the audio endpoints of a real server process with real models."""

from __future__ import annotations

import base64
import io
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import numpy as np
import openai
import pytest

from tests.support.patience import PATIENCE_S
from tests.support.real_models import heard, models_folder, piper_voice, spoken_by_joe, whisper_folder
from tests.support.served import ServedProcess
from voice.asr.remote import RemoteRecognizer, wav_bytes
from voice.asr.word_error_rate import word_error_rate
from voice.audio.encoder import FORMATS, AudioEncoder
from voice.audio.frames import RATE, Pcm
from voice.audio.reader import AudioReader
from voice.audio.resample import resample
from voice.tts.interface import Chunk
from voice.tts.remote import RemoteSynthesizer

SAID = "Dinner is ready in the garden."
WORDS = "dinner is ready in the garden"
SPOKEN = "The train to London leaves at noon tomorrow."


def misheard(pcm: Pcm) -> float:
    """The word error rate of `SPOKEN`; the voice varies each time it speaks, and with it one word or two."""
    return word_error_rate([(SPOKEN, heard(pcm))])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedProcess]:
    whisper_folder(), piper_voice()
    settings = {"models.folder": models_folder(), "asr.model": "tiny.en", "tts.voice": "en_US-joe-medium"}
    settings |= {"serve.audio_mb": 1, "safety.sexual": "off"}
    flags = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    with ServedProcess(tmp_path_factory.mktemp("serve"), "builtin", *flags) as running:
        yield running


@pytest.fixture
def client(server: ServedProcess) -> Iterator[Any]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=PATIENCE_S) as made:
        yield made


@pytest.fixture(scope="module")
def clip() -> bytes:
    return wav_bytes(spoken_by_joe(SAID))


def pcm_of(data: bytes) -> Pcm:
    with AudioReader(io.BytesIO(data)) as reader:
        return np.concatenate(list(reader.blocks()))


def plain(text: str) -> str:
    return text.strip().lower().rstrip(".")


@pytest.mark.compatible("POST /v1/audio/transcriptions", "`json` and `text`")
def test_a_recording_becomes_words(client: Any, clip: bytes) -> None:
    found = client.audio.transcriptions.create(file=("said.wav", clip), model="whisper-1", language="en")
    assert plain(found.text) == WORDS
    assert found.usage.type == "duration"
    text = client.audio.transcriptions.create(file=("said.wav", clip), model="whisper-1", response_format="text")
    assert plain(text) == WORDS


@pytest.mark.parametrize("name", ["mp3", "opus", "flac"])
@pytest.mark.compatible("POST /v1/audio/transcriptions", "recordings of any format")
def test_any_format_is_read_whatever_it_is_called(client: Any, name: str) -> None:
    encoder = AudioEncoder(name, RATE)
    data = encoder.encode(spoken_by_joe(SAID)) + encoder.finish()
    assert plain(client.audio.transcriptions.create(file=("blob", data), model="whisper-1").text) == WORDS


@pytest.mark.compatible("POST /v1/audio/transcriptions", "`verbose_json` with times of words, `srt`, `vtt`")
def test_words_have_times_and_subtitles(client: Any, clip: bytes) -> None:
    ask = client.audio.transcriptions.create
    found = ask(
        file=("said.wav", clip),
        model="whisper-1",
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert [plain(word.word) for word in found.words] == WORDS.split()
    assert all(before.end <= after.start + 0.01 for before, after in zip(found.words, found.words[1:], strict=False))
    assert 0.0 <= found.words[0].start < found.words[-1].end <= found.duration + 0.1
    assert plain(" ".join(segment.text for segment in found.segments)) == WORDS
    assert ask(file=("said.wav", clip), model="whisper-1", response_format="srt").startswith("1\n00:00:0")
    assert ask(file=("said.wav", clip), model="whisper-1", response_format="vtt").startswith("WEBVTT")


@pytest.mark.compatible("POST /v1/audio/transcriptions", "`stream`")
def test_words_are_streamed(client: Any, clip: bytes) -> None:
    with client.audio.transcriptions.create(file=("said.wav", clip), model="gpt-4o-transcribe", stream=True) as events:
        *deltas, done = list(events)
    assert {event.type for event in deltas} == {"transcript.text.delta"}
    assert "".join(event.delta for event in deltas) == done.text
    assert plain(done.text) == WORDS


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # by the package; servers and clients have it still
@pytest.mark.compatible("POST /v1/audio/translations", "into English")
def test_an_english_recording_is_its_own_translation(client: Any, clip: bytes) -> None:
    assert plain(client.audio.translations.create(file=("said.wav", clip), model="whisper-1").text) == WORDS


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.compatible("POST /v1/audio/speech", "`mp3`, `opus`, `aac`, `flac`, `wav`, `pcm`")
def test_a_text_becomes_speech_in_every_format(client: Any, name: str) -> None:
    answer = client.audio.speech.create(model="tts-1", voice="alloy", input=SPOKEN, response_format=name)
    assert answer.response.headers["content-type"] == FORMATS[name].media_type
    if name == "pcm":
        pcm = np.frombuffer(answer.content, "<i2")
        assert len(pcm) / 24_000 == pytest.approx(len(spoken_by_joe(SPOKEN)) / RATE, rel=0.25)
    else:
        assert misheard(pcm_of(answer.content)) <= 0.25


@pytest.mark.compatible("POST /v1/audio/speech", "`stream_format` sse, `speed`")
def test_speech_comes_as_events_and_at_another_speed(client: Any) -> None:
    ask = {"model": "gpt-4o-mini-tts", "voice": {"id": "en_US-joe-medium"}, "input": SAID, "response_format": "wav"}
    with client.audio.speech.with_streaming_response.create(**ask, stream_format="sse", speed=1.5) as answer:
        events = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: ")]
    assert {event["type"] for event in events[:-1]} == {"speech.audio.delta"}
    assert events[-1]["type"] == "speech.audio.done"
    fast = pcm_of(b"".join(base64.b64decode(event["audio"]) for event in events[:-1]))
    assert len(fast) < 0.85 * len(spoken_by_joe(SAID))


def test_what_cannot_be_said_is_a_short_file(client: Any) -> None:
    answer = client.audio.speech.create(model="tts-1", voice="alloy", input="***", response_format="flac")
    assert 0 < len(pcm_of(answer.content)) < RATE


def test_the_product_itself_is_a_client(server: ServedProcess) -> None:
    """A Pi whose `asr.url` and `tts.url` name a desktop."""
    voice = RemoteSynthesizer(f"{server.url}/v1")
    voice.warm()
    chunks: list[Pcm] = []

    def take(chunk: Chunk) -> bool:
        chunks.append(chunk.pcm)
        return True

    voice.speak(SPOKEN, take)
    utterance = RemoteRecognizer(f"{server.url}/v1", language="en").open()
    utterance.add_audio(resample(np.concatenate(chunks), voice.rate, RATE))
    assert word_error_rate([(SPOKEN, utterance.result().text)]) <= 0.25


@pytest.mark.compatible("GET /v1/audio/voices", "the installed voices")
def test_voices_and_models_are_listed(server: ServedProcess, client: Any) -> None:
    with urllib.request.urlopen(f"{server.url}/v1/audio/voices", timeout=PATIENCE_S) as answer:
        voices = json.load(answer)
    assert voices["data"][0]["id"] == voices["voices"][0]["id"] == "en_US-joe-medium"
    (model,) = client.models.list().data
    assert client.models.retrieve(model.id) == model
    with pytest.raises(openai.NotFoundError, match="there is no model 'gpt-9/x'"):
        client.models.retrieve("gpt-9/x")


@pytest.mark.compatible("POST /v1/moderations", "texts, one or several")
def test_texts_are_moderated_as_the_settings_say(client: Any) -> None:
    texts = ["how do I build a bomb at home", "how do I bake bread"]
    answer = client.moderations.create(input=texts, model="omni-moderation-latest")
    assert [result.flagged for result in answer.results] == [True, False]
    found = answer.results[0]
    assert found.categories.violence or found.categories.illicit
    assert set(found.category_scores.model_dump().values()) == {0.0, 1.0}
    (one,) = client.moderations.create(input=[{"type": "text", "text": texts[1]}]).results
    assert not one.flagged
    with pytest.raises(openai.BadRequestError):
        client.moderations.create(input=[{"type": "image_url", "image_url": {"url": "http://127.0.0.1/"}}])


@pytest.mark.parametrize(
    ("name", "data", "more", "status", "message"),
    [
        ("a.wav", b"", {}, 400, "the file is empty"),
        ("a.wav", b"RIFF", {}, 400, "damaged or cut off"),
        ("a.txt", b"This is no recording at all.", {}, 400, "not a recording"),
        ("a.wav", None, {"model": "whisper-9"}, 404, "there is no model 'whisper-9'"),
        ("a.wav", None, {"language": "de"}, 400, "does not recognize the language 'de'"),
        ("a.wav", None, {"response_format": "diarized_json"}, 400, "response_format"),
        ("a.wav", b"x" * 1_200_000, {}, 413, "larger than 1048576 bytes"),
    ],
)
@pytest.mark.compatible(
    "POST /v1/audio/transcriptions",
    "`diarized_json`, unknown models",
    refused="the formats above; the model of `asr.model`",
)
def test_a_wrong_recording_is_refused(
    client: Any, clip: bytes, name: str, data: bytes | None, more: dict[str, Any], status: int, message: str
) -> None:
    with pytest.raises(openai.APIStatusError) as failed:
        client.audio.transcriptions.create(
            **{"file": (name, clip if data is None else data), "model": "whisper-1", **more}
        )
    assert failed.value.status_code == status
    assert message in str(failed.value)


@pytest.mark.parametrize(
    ("more", "status", "message"),
    [
        ({"voice": "nobody"}, 400, "there is no voice 'nobody'"),
        ({"model": "tts-9"}, 404, "there is no model 'tts-9'"),
        ({"input": ""}, 422, "input"),
        ({"input": "word " * 10_000}, 413, "longer than"),
        ({"response_format": "ogg"}, 422, "response_format"),
        ({"speed": 9.0}, 422, "speed"),
    ],
)
@pytest.mark.compatible("POST /v1/audio/speech", "unknown voices, models and formats", refused="those listed")
def test_a_wrong_text_is_refused(client: Any, more: dict[str, Any], status: int, message: str) -> None:
    with pytest.raises(openai.APIStatusError) as failed:
        client.audio.speech.create(**{"model": "tts-1", "voice": "alloy", "input": "hello", **more})
    assert failed.value.status_code in (status, 400)
    assert message in str(failed.value)


def post(url: str, body: bytes, kind: str) -> tuple[int, str]:
    request = urllib.request.Request(url, body, {"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{}", "application/json"),
        (b"", ""),
        (b"garbage", "multipart/form-data"),
        (b"garbage", "multipart/form-data; boundary=x"),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\ntext\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
    ],
)
def test_a_form_that_is_none_is_refused_by_name(server: ServedProcess, body: bytes, kind: str) -> None:
    status, said = post(f"{server.url}/v1/audio/transcriptions", body, kind)
    assert status == 400, said
    assert json.loads(said)["error"]["message"]


def test_a_path_that_is_not_served_names_the_nearest(server: ServedProcess) -> None:
    status, said = post(f"{server.url}/v1/audio/transcription", b"{}", "application/json")
    assert status == 404
    error = json.loads(said)["error"]
    assert error["message"].startswith("nothing is served at /v1/audio/transcription;")
    assert "/v1/audio/transcriptions" in error["expected"]
