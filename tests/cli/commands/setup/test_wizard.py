"""The wizard with a person who answers from a list, and a machine that does as it is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import pytest

from voice.cli.commands.setup import questions
from voice.cli.commands.setup.machine import Machine
from voice.cli.commands.setup.prompts import RecommendedAnswers
from voice.cli.commands.setup.questions import Sound
from voice.cli.commands.setup.wizard import Wizard
from voice.errors import MissingError, UnavailableError, VoiceError
from voice.llm.model_list import KeyRefused, ModelServer
from voice.models.registry import Model
from voice.settings.schema import Settings
from voice.settings.serving import MemorySettings

T = TypeVar("T")
OLLAMA = ModelServer("Ollama", "http://127.0.0.1:11434/v1", ("llama3.2", "qwen3"))
BOTH = Sound(("mic", "headset"), ("speaker", "headset"))
SENTENCE = questions.SENTENCES["en"]


class Person:
    """Gives the answers in their order; after them, the first of each question. Notes all that was shown."""

    def __init__(self, *answers: Any) -> None:
        self.attended = True
        self._answers = list(answers)
        self.asked: list[str] = []
        self.offered: list[str] = []
        self.told: list[str] = []

    def say(self, text: str) -> None:
        self.told.append(text)

    def choose(self, question: str, answers: Sequence[tuple[T, str]]) -> T:
        self.asked.append(question)
        self.offered += [words for _, words in answers]
        if not self._answers:
            return answers[0][0]
        wanted = self._answers.pop(0)
        found = [value for value, words in answers if wanted in (value, words)]
        assert found, f"{wanted!r} is not among {answers}"
        return found[0]

    def line(self, question: str, default: str = "") -> str:
        self.asked.append(question)
        return str(self._answers.pop(0)) if self._answers else default

    def secret(self, question: str) -> str:
        return self.line(question)


class ToldMachine(Machine):
    """A machine with these devices, servers and packages, which hears these sentences."""

    def __init__(
        self,
        sound: Sound = BOTH,
        *,
        hears: Sequence[str] = (SENTENCE,),
        servers: Sequence[ModelServer] = (OLLAMA,),
        packages: Sequence[str] = (),
        echo: bool = True,
        failing: VoiceError | None = None,
    ) -> None:
        super().__init__()
        self._told_sound, self._hears, self._servers = sound, list(hears), servers
        self.packages, self._echo, self._failing = set(packages), echo, failing
        self.done: list[str] = []
        self.key = ""

    def sound(self) -> Sound:
        return self._told_sound

    def present(self, settings: Settings) -> list[Model]:
        return [model for model in self.registry if model.name in ("tiny.en", "en_US-joe-medium")]

    def fetch_fitting(self, settings: Settings) -> None:
        self.done.append(f"fit {settings.asr.language}")

    def fetch(self, model: Model, settings: Settings) -> None:
        self.done.append(f"fetch {model.name}")

    def read_back(self, settings: Settings) -> str:
        if self._failing is not None:
            raise self._failing
        self.done.append(f"hear {settings.audio.input}")
        return self._hears.pop(0)

    def say(self, text: str, settings: Settings) -> None:
        self.done.append(f"say {settings.tts.voice}@{settings.audio.output}")

    def hears_itself(self, text: str, settings: Settings) -> bool:
        return self._echo

    def has(self, module: str) -> bool:
        return module in self.packages

    def install(self, packages: Sequence[str]) -> None:
        self.done.append(f"install {packages[0]}")

    def servers(self) -> list[ModelServer]:
        return list(self._servers)

    def models_at(self, url: str, key: str) -> ModelServer:
        if "dead" in url:
            raise UnavailableError("no answer", where=url)
        if self.key and key != self.key:
            raise KeyRefused("the server wants a key", where=url)
        return ModelServer("box", url, ("big", "small"))

    def home_version(self, url: str, token: str) -> str:
        if token != "token":
            raise UnavailableError("the token is refused", where=url)
        return "2026.1"

    def wake_words(self, names: str) -> None:
        self.done.append(f"wake {names}")


def asked(
    machine: ToldMachine, *answers: Any, step: str = "", settings: Settings | None = None
) -> tuple[Wizard, Person]:
    person = Person(*answers)
    wizard = Wizard(settings or Settings(), machine, person)
    if step:
        wizard.ask(step)
    else:
        wizard.first(())
    return wizard, person


def test_six_times_enter_sets_up_everything() -> None:
    machine = ToldMachine(packages=["livekit.rtc"])
    wizard, person = asked(machine)
    assert len(person.asked) == 6, person.asked
    assert wizard.kept.settings == {
        "asr.language": "en",
        "chat.llm": OLLAMA.url,
        "chat.model": "llama3.2",
    }
    assert machine.done == ["fit en", "hear ", "say @"]


def test_without_sound_it_says_so_and_asks_less() -> None:
    _, person = asked(ToldMachine(Sound()))
    assert any("No microphone" in line for line in person.told)
    assert len(person.asked) == 4


def test_all_questions_can_be_skipped_at_once() -> None:
    wizard, person = asked(ToldMachine(), "skip")
    assert len(person.asked) == 1
    assert wizard.kept.settings == {}


def test_another_language_fetches_its_models_and_drops_the_voice() -> None:
    settings = Settings()
    machine = ToldMachine()
    wizard, _ = asked(machine, "de", step="language", settings=settings)
    assert wizard.kept.settings == {"asr.language": "de"}
    assert machine.done == ["fit de"]
    wizard.ask("voice")
    wizard, _ = asked(ToldMachine(), "", "sv", step="language")
    assert wizard.kept.settings["asr.language"] == "sv"


@pytest.mark.parametrize(
    ("heard", "question"),
    [
        ("", "Nothing was heard"),
        ("please tell me what the weather will be in London tomorrow", "I understood: “please"),
        ("the whether is a bout on them", "I understood only: “the whether"),
    ],
)
def test_the_sentence_is_read_back(heard: str, question: str) -> None:
    _, person = asked(ToldMachine(hears=[heard, SENTENCE]), step="microphone")
    assert person.asked[0].startswith(question)
    assert len(person.asked) == (1 if question.startswith("I understood: ") else 2), "a bad one is tried again by Enter"


def test_without_a_person_no_sentence_is_waited_for() -> None:
    machine = ToldMachine(hears=[], packages=["livekit.rtc"])
    wizard = Wizard(Settings(), machine, RecommendedAnswers())
    wizard.first(())
    assert not any(done.startswith("hear") for done in machine.done)
    assert wizard.kept.settings["chat.model"] == "llama3.2"


def test_another_microphone_is_tried_at_once() -> None:
    machine = ToldMachine(hears=["", SENTENCE])
    wizard, _ = asked(machine, "another", "headset", step="microphone")
    assert machine.done == ["hear ", "hear headset"]
    assert wizard.kept.settings == {"audio.input": "headset"}


def test_a_step_that_fails_is_said_and_the_next_goes_on() -> None:
    machine = ToldMachine(failing=MissingError("the microphone cannot be opened", where="mic"))
    wizard, person = asked(machine)
    assert "microphone: mic: the microphone cannot be opened" in person.told
    assert wizard.kept.settings["chat.model"] == "llama3.2"


def test_voices_are_heard_before_one_is_kept() -> None:
    machine = ToldMachine()
    wizard, _ = asked(machine, "en_US-amy-medium", "en_US-amy-medium", step="voice")
    assert machine.done == ["say @", "fetch en_US-amy-medium", "say en_US-amy-medium@"]
    assert wizard.kept.settings == {"tts.voice": "en_US-amy-medium"}


def test_another_speaker_is_tried_at_once() -> None:
    machine = ToldMachine()
    wizard, _ = asked(machine, "another", "headset", "again", step="voice")
    assert machine.done == ["say @", "say @headset", "say @headset"]
    assert wizard.kept.settings == {"audio.output": "headset"}


@pytest.mark.parametrize(
    ("echo", "packages", "answers", "done"),
    [
        (False, (), (), []),
        (True, ("livekit.rtc",), (), []),
        (True, (), (True,), ["install livekit>=1.0.23"]),
        (True, (), (False,), []),
    ],
)
def test_it_hears_itself(echo: bool, packages: Sequence[str], answers: Sequence[bool], done: list[str]) -> None:
    machine = ToldMachine(echo=echo, packages=packages)
    _, person = asked(machine, *answers, step="echo")
    assert machine.done == done
    assert len(person.asked) == len(answers)


def test_a_server_elsewhere_with_a_key() -> None:
    machine = ToldMachine()
    machine.key = "sk-1"
    wizard, person = asked(machine, ("other", ""), "http://dead/v1", "http://box/v1", "sk-0", "sk-1", "big", step="llm")
    assert wizard.kept.settings == {"chat.llm": "http://box/v1", "chat.model": "big"}
    assert wizard.kept.secrets == {"VOICE_CHAT_API_KEY": "sk-1"}
    assert not any("sk-" in line for line in person.told)


def test_a_key_that_is_given_up_is_not_kept() -> None:
    machine = ToldMachine()
    machine.key = "sk-1"
    wizard, _ = asked(machine, ("other", ""), "http://box/v1", "sk-0", "", step="llm")
    assert wizard.kept.settings == {}
    assert wizard.kept.secrets == {}


def test_no_server_leaves_what_was() -> None:
    wizard, _ = asked(ToldMachine(servers=()), ("other", ""), "", step="llm")
    assert wizard.kept.settings == {}
    wizard, _ = asked(ToldMachine(servers=()), step="llm")
    assert wizard.kept.settings == {"chat.llm": "builtin", "chat.model": ""}


def test_a_wake_word_needs_its_package() -> None:
    machine = ToldMachine()
    wizard, _ = asked(machine, "okay_nabu", True, step="wake")
    assert machine.done == ["install pymicro-wakeword>=2.3", "wake okay_nabu"]
    assert wizard.kept.settings == {"wake.mode": "word", "wake.words": "okay_nabu"}
    wizard, _ = asked(ToldMachine(), "okay_nabu", False, step="wake")
    assert wizard.kept.settings == {}
    wizard, _ = asked(ToldMachine(), "", step="wake")
    assert wizard.kept.settings == {"wake.mode": "always"}


def test_a_home_is_kept_once_it_answers() -> None:
    machine = ToldMachine(packages=["hassil"])
    wizard, person = asked(machine, "http://home:8123", "token", step="home")
    assert wizard.kept.settings == {"tools.home_url": "http://home:8123"}
    assert wizard.kept.secrets == {"VOICE_TOOLS_HOME_TOKEN": "token"}
    wizard, person = asked(machine, "http://home:8123", "wrong", step="home")
    assert wizard.kept.settings == {}
    assert wizard.kept.secrets == {}
    assert any("the token is refused" in line for line in person.told)


def test_people_are_known_by_voice_only_after_a_yes() -> None:
    machine = ToldMachine()
    wizard, person = asked(machine, step="people")
    assert wizard.kept.settings == {"memory.voices": False}
    assert machine.done == []
    assert any("no recording" in line and "Forget my voice" in line for line in person.told)
    wizard, _ = asked(machine, "yes (fetches 17 MB)", step="people")
    assert wizard.kept.settings == {"memory.voices": True}
    assert machine.done == ["fetch voice-encoder"]


def test_who_speaks_is_offered_once_where_it_can_be_known() -> None:
    lone, deaf = Settings(memory=MemorySettings(voices=False)), ToldMachine(Sound())
    for machine, settings, offered in (
        (ToldMachine(), Settings(), True),
        (deaf, Settings(), False),
        (ToldMachine(), lone, False),
    ):
        person = Person()
        Wizard(settings, machine, person).first(())
        assert any("who speaks" in words for words in person.offered) == offered


def test_running_again_changes_one_thing() -> None:
    person = Person("name", "Nova", "")
    wizard = Wizard(Settings(), ToldMachine(), person)
    wizard.change()
    assert wizard.kept.settings == {"chat.name": "Nova"}
    assert person.asked == [
        "What do you want to change?",
        "What is the assistant called?",
        "What do you want to change?",
    ]


def test_it_goes_on_in_the_language_that_was_chosen() -> None:
    _, person = asked(ToldMachine(Sound()), "zh", step="")
    assert person.asked[0] == "Which language do you speak?"
    assert person.asked[1:3] == ["语音模型怎么选？", "由哪个语言模型来回答？"]
