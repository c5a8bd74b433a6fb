"""A home as tools: commands as people say them, understood here and carried out by Home Assistant."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from voice.errors import ConfigError, VoiceError
from voice.text.german.words import question_language
from voice.tools.home_assistant import HomeAssistant
from voice.tools.home_link import Entity, HomeLink
from voice.tools.home_words import FILES, HomeWords, Wish
from voice.tools.interface import Context, Result, Spec, ToolError, schema

log = logging.getLogger(__name__)

FRESH_S = 60.0
"""How long the list of devices is taken to stay true where no link reports changes."""

WAITS_S = (1.0, 60.0)
"""First and longest wait before a home that is away is tried again."""

GUARDED = frozenset({"lock", "alarm_control_panel"})
"""What is opened after a clear yes only."""

SERVICES: Mapping[tuple[str, str], str] = {
    ("HassTurnOn", "lock"): "lock.lock", ("HassTurnOff", "lock"): "lock.unlock",
    ("HassTurnOn", "cover"): "cover.open_cover", ("HassTurnOff", "cover"): "cover.close_cover",
    ("HassLightSet", "light"): "light.turn_on", ("HassSetPosition", "cover"): "cover.set_cover_position",
    ("HassClimateSetTemperature", "climate"): "climate.set_temperature",
}  # fmt: skip
DEFAULTS = {"HassTurnOn": "homeassistant.turn_on", "HassTurnOff": "homeassistant.turn_off"}
VALUES = {"brightness": "brightness_pct", "color": "color_name", "position": "position", "temperature": "temperature"}

DONE = {"en": "Done.", "zh": "好的。", "de": "Erledigt."}
WARM = {"en": "It is {value} degrees: {name}.", "zh": "{name}：{value}度。", "de": "Es sind {value} Grad: {name}."}
STATE = {"en": "{name}: {value}.", "zh": "{name}：{value}。", "de": "{name}: {value}."}


class Home:
    """The home, as far as it is known: kept up by a link while `stay` runs, else looked at again when that is old.

    `clock` gives seconds that only grow.
    """

    def __init__(self, house: HomeAssistant, clock: Callable[[], float] = time.monotonic) -> None:
        self._house, self._clock = house, clock
        self._entities: dict[str, Entity] = {}
        self._words: dict[str, HomeWords] = {}
        self._looked: float | None = None
        self._linked = self._told = False
        self.changed = asyncio.Event()
        """Set whenever something in the home is another, or a link ends; the waiting task clears it."""

    async def look(self) -> None:
        """Learn what is in the home, if no link tells already. A home that is away is said once in the log."""
        if self._linked:
            return
        try:
            async with self._house.link() as link:
                await self._learn(link)
        except VoiceError as error:
            self._say(error)
            raise

    async def stay(self) -> None:
        """Keep knowing what is in the home, until cancelled or its token is refused."""
        wait_s = WAITS_S[0]
        while True:
            try:
                async with self._house.link() as link:
                    await link.subscribe()
                    await self._learn(link)
                    wait_s, self._linked = WAITS_S[0], True
                    self.changed.set()
                    async for events in link.changes():
                        taken = [self._takes(event) for event in events]
                        if not all(taken):
                            await self._learn(link)
                        self.changed.set()
            except ConfigError as error:
                self._say(error)
                return  # Home Assistant may shut out who tries a wrong token again and again
            except VoiceError as error:
                self._say(error)
            finally:
                self._linked = False
                self.changed.set()
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, WAITS_S[1])

    async def _learn(self, link: HomeLink) -> None:
        found = await link.entities()
        words = await asyncio.to_thread(self._read, found)  # 60 ms a language, so not while a person speaks
        self._entities = {entity.id: entity for entity in found}
        self._words, self._looked, self._told = words, self._clock(), False

    def _takes(self, event: Mapping[str, Any]) -> bool:
        """Take a change of state; False for one that may change names, or what there is."""
        data = event.get("data") or {}
        new, known = data.get("new_state"), self._entities.get(str(data.get("entity_id")))
        if event.get("event_type") != "state_changed" or new is None or known is None:
            return False
        if known.name and known.name != new["attributes"].get("friendly_name"):
            return False
        self._entities[known.id] = replace(known, state=str(new["state"]), attributes=new["attributes"])
        return True

    def _say(self, error: VoiceError) -> None:
        """Tell of an outage once."""
        if not self._told:
            self._told = True
            log.warning("%s", error)

    def wish(self, words: str, language: str) -> Wish | None:
        """What the words want of the home as it is known; None where nothing is known yet."""
        known = self._words.get(language, self._words.get("en"))
        found = known.wish(words) if known is not None else None
        if found is None:
            return None
        return replace(found, entities=tuple(self._entities.get(one.id, one) for one in found.entities))

    def understands(self, words: str) -> bool:
        """Whether the words are a whole command to this house."""
        return self.wish(words, question_language(words) or "en") is not None

    @staticmethod
    def _read(entities: Sequence[Entity]) -> dict[str, HomeWords]:
        return {language: HomeWords(language, entities) for language in FILES}

    def tool_for(self, words: str, language: str) -> str:
        """The name of the tool that carries the words out; empty where they are no command to this house."""
        wish = self.wish(words, language)
        if wish is None:
            return ""
        return "home_guarded" if is_guarded(wish) else "home"

    async def fulfil(self, words: str, language: str, *, guarded: bool) -> Result:
        """Carry a command out. Raises ToolError."""
        try:
            if self._looked is None or self._clock() - self._looked > FRESH_S:
                await self.look()
            wish = await asyncio.to_thread(self.wish, words, language)
            if wish is None:
                raise ToolError(f"That is no command to this house: {words}")
            if is_guarded(wish) is not guarded:
                raise ToolError(f"Use the tool {'home' if guarded else 'home_guarded'} for that.")
            if wish.intent in ("HassGetState", "HassClimateGetTemperature"):
                await self.look()
                return Result(_told(self.wish(words, language) or wish, language))
            for service, entities in _services(wish).items():
                await asyncio.to_thread(self._house.call, service, entities, _data(wish))
        except ConfigError as error:
            log.error("%s", error)
            raise ToolError("The home does not let me in: its token is wrong.") from error
        except VoiceError as error:
            if isinstance(error, ToolError):
                raise
            raise ToolError("The home cannot be reached.") from error
        return Result(DONE.get(language, DONE["en"]))


class HomeTool:
    """Commands to the home; with `guarded` those that open it, which ask first."""

    def __init__(self, home: Home, *, guarded: bool = False) -> None:
        self._home, self._guarded = home, guarded
        what = (
            "Unlocks doors and disarms alarms"
            if guarded
            else "Switches and sets what is in the home, and tells its state"
        )
        self.spec = Spec(
            "home_guarded" if guarded else "home",
            f"{what}. Takes one command as a person would say it, as 'turn off the kitchen lights'.",
            schema("command", command={"type": "string", "minLength": 2, "maxLength": 200}),
            reads_only=False,
            confirm=guarded,
            saying="working",
        )

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """What came of it."""
        return await self._home.fulfil(str(arguments["command"]), context.language, guarded=self._guarded)


def is_guarded(wish: Wish) -> bool:
    """Whether it opens what is to stay shut without a yes."""
    return wish.intent == "HassTurnOff" and any(entity.domain in GUARDED for entity in wish.entities)


def _services(wish: Wish) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for entity in wish.entities:
        service = SERVICES.get((wish.intent, entity.domain), DEFAULTS.get(wish.intent, ""))
        if not service:
            raise ToolError(f"{entity.name} cannot do that.")
        found.setdefault(service, []).append(entity.id)
    return found


def _data(wish: Wish) -> dict[str, Any]:
    return {VALUES[name]: value for name, value in wish.values.items() if name in VALUES}


def _told(wish: Wish, language: str) -> str:
    if wish.intent == "HassClimateGetTemperature":
        form = WARM.get(language, WARM["en"])
        warm = [(entity, entity.attributes.get("current_temperature", entity.state)) for entity in wish.entities]
        return " ".join(form.format(name=entity.area or entity.name, value=value) for entity, value in warm)
    form = STATE.get(language, STATE["en"])
    return " ".join(form.format(name=entity.name, value=entity.state) for entity in wish.entities[:5])
