"""Every engine setting means the same to the conversation, to the Realtime server and to the kiosk page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from voice.errors import VoiceError
from voice.models.registry import Model
from voice.models.store import ModelStore, shipped_registry
from voice.settings.schema import AsrSettings, Settings, TtsSettings, TurnSettings
from voice.wiring import engines
from voice.wiring.engine_choice import engine_choices, recognizer_choice, synthesizer_choice, turn_model_file
from voice.wiring.kiosk import kiosk_page

URL = "http://127.0.0.1:9/v1"

SETTINGS = {
    "nothing set": Settings(),
    "embedded": Settings(asr=AsrSettings(engine="pocketsphinx"), tts=TtsSettings(engine="espeak")),
    "a server for words": Settings(asr=AsrSettings(url=URL)),
    "a server for speech": Settings(tts=TtsSettings(url=URL, voice="alloy")),
    "remote by name": Settings(asr=AsrSettings(engine="remote", url=URL), tts=TtsSettings(engine="remote", url=URL)),
    "remote without a server": Settings(asr=AsrSettings(engine="remote")),
    "a model by name": Settings(asr=AsrSettings(model="tiny.en"), tts=TtsSettings(voice="en_US-joe-medium")),
    "a model that is not here": Settings(asr=AsrSettings(model="small")),
    "a voice by file": Settings(tts=TtsSettings(voice="/voices/mine.onnx")),
    "no turn model": Settings(turn=TurnSettings(model="off")),
}


@pytest.fixture(params=["empty", "filled"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder of models: none, or the names of those that a first start brings."""
    if request.param == "filled":
        store = ModelStore(str(tmp_path))
        for model in shipped_registry():
            if model.name in ("tiny.en", "en_US-joe-medium", "smart-turn"):
                put(store, model)
    return tmp_path


def put(store: ModelStore, model: Model) -> None:
    for file in model.files:
        place = store.path(model) / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()


def told(settings: Settings) -> tuple[str, str] | str:
    """What the one resolver says of a language that the page has: recognizer and synthesizer, or its error."""
    try:
        choices = engine_choices(settings, "en")
    except VoiceError as error:
        return str(error)
    return str(choices.recognizer), str(choices.synthesizer)


@pytest.mark.parametrize("name", SETTINGS)
def test_the_kiosk_page_shows_the_engines_that_the_conversation_takes(name: str, folder: Path) -> None:
    settings = SETTINGS[name]
    settings = replace(settings, models=replace(settings.models, folder=str(folder)))
    expected = told(settings)
    try:
        shown = kiosk_page(settings).panel.engines
    except VoiceError as error:
        assert str(error) == expected
        return
    assert (shown["hears en"], shown["speaks en"]) == expected


def test_a_server_for_words_is_assumed_to_know_every_language_of_the_page(tmp_path: Path) -> None:
    settings = replace(SETTINGS["a server for words"], models=replace(Settings().models, folder=str(tmp_path)))
    page = kiosk_page(settings).page
    assert page.hears == page.languages
    assert kiosk_page(replace(settings, asr=AsrSettings())).page.hears == ("en",)


@pytest.mark.parametrize("name", ["nothing set", "embedded"])
def test_the_engines_that_are_made_are_those_that_were_chosen(name: str, tmp_path: Path) -> None:
    settings = replace(SETTINGS[name], models=replace(Settings().models, folder=str(tmp_path)))
    assert engines.recognizer(settings).name == recognizer_choice(settings).engine
    assert engines.synthesizer(settings).name.startswith(synthesizer_choice(settings).engine)


def test_a_missing_recognizer_does_not_keep_the_turn_model_from_being_found(folder: Path) -> None:
    asr = AsrSettings(model="small")
    settings = replace(Settings(), asr=asr, models=replace(Settings().models, folder=str(folder)))
    found = turn_model_file(settings)
    assert engines.judges(settings) is (found is not None)
