"""The questions of `voice setup`, put one after the other, and the answers that are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from voice.asr.word_error_rate import word_error_rate
from voice.cli.commands.setup import questions
from voice.cli.commands.setup.machine import Machine, language_of
from voice.cli.commands.setup.prompts import Prompts
from voice.cli.commands.setup.words import worded
from voice.errors import VoiceError
from voice.llm.model_list import KeyRefused, ModelServer
from voice.models.registry import SPEAKER, find_model
from voice.models.selection import best_present
from voice.settings.schema import Settings
from voice.wiring.engine_choice import why_no_voices

CHAT_KEY, HOME_KEY = "VOICE_CHAT_API_KEY", "VOICE_TOOLS_HOME_TOKEN"
GO_ON, AGAIN, ANOTHER = "go on", "again", "another"


@dataclass(slots=True)
class Kept:
    """The answers: settings by their keys, and secrets by their variables."""

    settings: dict[str, object] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)


class Wizard:
    """Asks the steps by `prompts`, tries them on `machine`, and gathers what is to be kept.

    `settings` are what counts now; an answer changes them for the steps that follow. It asks in the language that was
    chosen, and until then in that of the `system`.
    """

    def __init__(self, settings: Settings, machine: Machine, prompts: Prompts, system: str = "en") -> None:
        self.settings, self._system = settings, system
        self.kept = Kept()
        self._machine, self._prompts = machine, prompts
        self._sound = machine.sound()
        self._steps: dict[str, Callable[[], object]] = {
            "language": self._language,
            "models": self._models,
            "microphone": self._microphone,
            "voice": self._voice,
            "echo": self._echo,
            "llm": self._llm,
            "name": self._name,
            "people": self._people,
            "wake": self._wake,
            "home": self._home,
        }

    def first(self, given: Sequence[str]) -> None:
        """A first start, which may be left at its first question."""
        steps = questions.first_steps(given, self._sound, offline=self._machine.offline)
        self._prompts.say(self._("Welcome. A few questions, once; Enter takes the first answer."))
        if not self._sound.microphones:
            self._prompts.say(self._("No microphone is here (over SSH that is usual), so it is not tried."))
        if "language" in steps:
            if not self._language(leave=self._("skip the questions (later: voice setup)")):
                return
            steps.remove("language")
        for step in steps:
            self.ask(step)
        more = questions.further_steps(self._sound, voices=not why_no_voices(self.settings))
        self._menu(self._("Anything else?"), more, self._("no, start"))

    def change(self) -> None:
        """A later call: whatever is chosen is asked again, until nothing is."""
        self._menu(self._("What do you want to change?"), list(questions.STEPS), self._("nothing more"))

    def ask(self, step: str) -> None:
        """One step. What fails is said, and the setting stays as it was."""
        language = self.settings.asr.language
        try:
            self._steps[step]()
            if self.settings.asr.language != language:
                self._models()
        except VoiceError as error:
            self._prompts.say(f"{step}: {error}")

    def _menu(self, question: str, steps: Sequence[str], end: str) -> None:
        while True:
            answers = [("", end), *((step, f"{self._(questions.STEPS[step][0])}{self._now(step)}") for step in steps)]
            chosen = self._prompts.choose(question, answers)
            if not chosen:
                return
            self.ask(chosen)

    def _(self, text: str, **values: object) -> str:
        """A sentence in the language of the person."""
        return worded(language_of(self.settings) if self.settings.asr.language else self._system, text, **values)

    def _now(self, step: str) -> str:
        if step == "wake" and self.settings.wake.mode != "word":
            return ""
        values = (self._value(key) for key in questions.STEPS[step][1])
        shown = " ".join(str(value) for value in values if value and value is not True)
        return f" ({shown})" if shown else ""

    def _value(self, key: str) -> object:
        section, _, name = key.partition(".")
        return getattr(getattr(self.settings, section), name)

    def _keep(self, **values: object) -> None:
        """Keep `section__name` values, for the steps that follow too."""
        for joined, value in values.items():
            section, _, name = joined.partition("__")
            self.kept.settings[f"{section}.{name}"] = value
            changed = replace(getattr(self.settings, section), **{name: value})
            self.settings = replace(self.settings, **{section: changed})

    def _language(self, leave: str = "") -> bool:
        """Ask for the language; False where all questions are skipped instead."""
        current = language_of(self.settings) if self.settings.asr.language else self._system
        answers = [*questions.languages(current), ("", self._("another one"))]
        if leave:
            answers.insert(1, ("skip", leave))
        chosen = self._prompts.choose(self._("Which language do you speak?"), answers)
        if chosen == "skip":
            return False
        while not chosen:
            tag = self._prompts.line(self._("Its tag, such as sv or pt-BR"), current)
            chosen = tag if questions.locale_language(tag) else ""
            if not chosen:
                self._prompts.say(self._("That is not a language tag."))
        if chosen != self.settings.asr.language:
            self._keep(asr__language=chosen)
            if self.settings.tts.voice:
                self._keep(tts__voice="")  # a voice of another language
        return True

    def _models(self) -> None:
        answers = [
            (True, self._("fetch what fits this machine (150 to 300 MB, once)")),
            (False, self._("use the built-in engines")),
        ]
        if self._machine.offline or self._prompts.choose(self._("Speech models?"), answers):
            self._machine.fetch_fitting(self.settings)

    def _microphone(self) -> None:
        if not self._prompts.attended:
            self._prompts.say(self._("The microphone is tried with a person only: voice setup microphone"))
            return
        sentence = questions.SENTENCES.get(language_of(self.settings), questions.SENTENCES["en"])
        while True:
            self._prompts.say(self._("Read this aloud: “{sentence}”", sentence=sentence))
            heard = self._machine.read_back(self.settings)
            if not heard:
                question = self._("Nothing was heard. Is the microphone muted?")
                good = False
            else:
                good = word_error_rate([(sentence, heard)]) <= questions.UNDERSTOOD
                question = self._("I understood: “{heard}”" if good else "I understood only: “{heard}”", heard=heard)
            answers = [(GO_ON, self._("go on")), (AGAIN, self._("try again"))]
            if len(self._sound.microphones) > 1:
                answers.append((ANOTHER, self._("try another microphone")))
            chosen = self._prompts.choose(question, answers if good else [*answers[1:], answers[0]])
            if chosen == GO_ON:
                return
            if chosen == ANOTHER:
                self._keep(audio__input=self._device(self._("Which microphone?"), self._sound.microphones))

    def _device(self, question: str, names: Sequence[str]) -> str:
        return self._prompts.choose(question, [(name, name) for name in names])

    def _voice(self) -> None:
        language = language_of(self.settings)
        text = questions.GREETINGS.get(language, questions.GREETINGS["en"])
        offered = questions.voices(language, self._machine.present(self.settings), self._machine.registry)
        named = {model.name for model in offered}
        while True:
            present = self._machine.present(self.settings)
            current = self.settings.tts.voice
            if not current:
                current = next((model.name for model in offered if model in present), "")
            if self._sound.speakers:
                self._machine.say(text, self.settings)
            answers = list(questions.voice_answers(offered, present, current, self._))
            if current not in named:
                answers.insert(
                    0, (current, self._("keep {name}" if current else "keep the built-in voice", name=current))
                )
            if self._sound.speakers:
                answers.append((AGAIN, self._("say it again")))
            if len(self._sound.speakers) > 1:
                answers.append((ANOTHER, self._("I hear nothing: try another speaker")))
            chosen = self._prompts.choose(
                self._("Do you hear the voice? Which one shall speak?")
                if self._sound.speakers
                else self._("Which voice shall speak?"),
                answers,
            )
            if chosen == ANOTHER:
                self._keep(audio__output=self._device(self._("Which speaker?"), self._sound.speakers))
            elif chosen == current:
                return
            elif chosen != AGAIN:
                self._machine.fetch(find_model(self._machine.registry, chosen), self.settings)
                self._keep(tts__voice=chosen)
                if not self._sound.speakers:
                    return

    def _echo(self) -> None:
        text = questions.GREETINGS.get(language_of(self.settings), questions.GREETINGS["en"])
        if not self._machine.hears_itself(text, self.settings):
            self._prompts.say(self._("The microphone does not hear the speaker. Good: nothing to cancel."))
            return
        if self._machine.has("livekit.rtc"):
            self._prompts.say(
                self._("The microphone hears the speaker; the echo canceller is installed and removes it.")
            )
            return
        answers = [
            (True, self._("install the echo canceller (livekit)")),
            (False, self._("I use headphones, or I do not interrupt")),
        ]
        if self._prompts.choose(self._("I can hear myself."), answers):
            self._machine.install(["livekit>=1.0.23"])

    def _llm(self) -> None:
        servers = self._machine.servers()
        for server in servers:
            self._prompts.say(
                self._("{kind} runs here; its models: {count}.", kind=server.kind, count=len(server.models))
            )
        llm, model = self._prompts.choose(
            self._("Which language model answers?"), questions.model_answers(servers, self._)
        )
        if llm == questions.OTHER:
            found = self._elsewhere()
            if found is None:
                return
            answers = [((found.url, name), name) for name in found.models] or [
                ((found.url, ""), self._("its only one"))
            ]
            llm, model = self._prompts.choose(self._("Which of its models?"), answers)
        self._keep(chat__llm=llm, chat__model=model)

    def _elsewhere(self) -> ModelServer | None:
        """A server whose address, and key if it wants one, is typed; None where that is given up."""
        url = self._prompts.line(self._("Its address, such as https://api.openai.com/v1 (empty: none)"))
        key = self.settings.chat.api_key
        while url:
            try:
                found = self._machine.models_at(url, key)
            except KeyRefused as error:
                self._prompts.say(str(error))
                key = self._prompts.secret(self._("Its key (not shown)"))
                if not key:
                    return None
            except VoiceError as error:
                self._prompts.say(str(error))
                url = self._prompts.line(self._("Its address (empty: none)"))
            else:
                if key != self.settings.chat.api_key:
                    self.kept.secrets[CHAT_KEY] = key
                return found
        return None

    def _name(self) -> None:
        self._keep(
            chat__name=self._prompts.line(self._("What is the assistant called?"), self.settings.chat.name or "Nova")
        )

    def _people(self) -> None:
        """Whether people are known by their voice: only a yes fetches what that needs, and each person is asked too."""
        encoder = best_present(SPEAKER, "", self._machine.registry)
        fetched = encoder is None or encoder in self._machine.present(self.settings)
        size = 0 if encoder is None else round(encoder.size / 1e6)
        answers = [
            (False, self._("no: all who speak are one person")),
            (True, self._("yes" if fetched else "yes (fetches {size} MB)", size=size)),
        ]
        self._prompts.say(
            self._(
                "Of each person who says “my name is”, and agrees, this machine keeps how their voice sounds: numbers, "
                "no recording, on this machine only. “Forget my voice” deletes them."
            )
        )
        known = self._prompts.choose(self._("Do several people speak to it, and shall it know who speaks?"), answers)
        if known and encoder is not None and not fetched:
            self._machine.fetch(encoder, self.settings)
        self._keep(memory__voices=known)

    def _wake(self) -> None:
        answers = [
            ("", self._("none: it listens to all that is said")),
            *questions.WAKE_WORDS.items(),
            ("file", self._("a microWakeWord model of yours")),
        ]
        words = self._prompts.choose(self._("Which word wakes it?"), answers)
        if not words:
            self._keep(wake__mode="always")
            return
        if words == "file":
            words = self._prompts.line(self._("Its .json file"))
        if not words or not self._installed("pymicro_wakeword", ["pymicro-wakeword>=2.3"]):
            return
        self._machine.wake_words(words)
        self._keep(wake__mode="word", wake__words=words)

    def _home(self) -> None:
        url = self._prompts.line(self._("Address of Home Assistant (empty: none)"), self.settings.tools.home_url)
        if not url:
            self._keep(tools__home_url="")
            return
        token = self._prompts.secret(self._("A long-lived access token from your profile there (not shown)"))
        token = token or self.settings.tools.home_token
        version = self._machine.home_version(url, token)
        if not self._installed("hassil", ["hassil>=3.0", "home-assistant-intents>=2026.1"]):
            return
        self._prompts.say(self._("Home Assistant {version} answers.", version=version))
        if token != self.settings.tools.home_token:
            self.kept.secrets[HOME_KEY] = token
        self._keep(tools__home_url=url)

    def _installed(self, module: str, packages: Sequence[str]) -> bool:
        """Whether the packages are here, or are now."""
        if self._machine.has(module):
            return True
        if not self._prompts.choose(
            self._("That needs {package}.", package=packages[0]),
            [(True, self._("install it")), (False, self._("leave it out"))],
        ):
            return False
        self._machine.install(packages)
        return True
