"""Commands to a house as people say them, matched here by Home Assistant's own sentences; no network, no model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from voice.tools.home_link import Entity

if TYPE_CHECKING:
    from hassil import Intents, SlotList

FILES: Mapping[str, str] = {"en": "en", "zh": "zh-CN", "de": "de"}

INTENTS = (
    "HassTurnOn", "HassTurnOff", "HassLightSet", "HassSetPosition", "HassClimateSetTemperature",
    "HassClimateGetTemperature", "HassGetState",
)  # fmt: skip
"""What is carried out; other intents are left to the responder and the model."""

SAID_TOO: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "open": "(打开|开|拉开|升起)",
        "close": "(关闭|关掉|关了|关|关上|拉上|合上|放下)",
        "turn_off": "(关闭|关掉|关了|关|关上)",
        "set_to": "(设置|设定|调节|调|设|开|拉)(为|到|至)",
    },
}
"""Rules of Home Assistant's sentences, with words that people use besides theirs."""


@dataclass(frozen=True, slots=True)
class Wish:
    """An understood command: the intent, the entities it is for, and what is said of them."""

    intent: str
    entities: tuple[Entity, ...]
    values: Mapping[str, Any] = field(default_factory=dict)


class HomeWords:
    """Matches commands in one language against the devices there are."""

    def __init__(self, language: str, entities: Sequence[Entity]) -> None:
        from hassil import TextSlotList

        self._intents = _intents(language)
        self._entities = tuple(entity for entity in entities if entity.name)
        areas = {entity.area: entity.area for entity in self._entities if entity.area}
        areas |= {alias: entity.area for entity in self._entities for alias in entity.area_aliases}
        named = [
            (name, entity.id, {"domain": entity.domain})
            for entity in self._entities
            for name in (entity.name, *entity.aliases)
        ]
        spoken = {*areas, *(name for name, _, _ in named)}
        self._named = re.compile("|".join(map(re.escape, sorted(spoken))) or r"(?!)", re.IGNORECASE)
        self._lists: dict[str, SlotList] = {
            "area": TextSlotList.from_tuples(sorted(areas.items()), name="area"),
            "name": TextSlotList.from_tuples(named, name="name"),
            "floor": TextSlotList.from_tuples((), name="floor"),
        }

    def wish(self, words: str) -> Wish | None:
        """What the words want done, or None where they are no command to this house."""
        from hassil import recognize_best

        if not self._named.search(words):
            return None  # no device is named: it takes 20 times as long to find that out below
        found = recognize_best(words.strip(" .,!?。，！？"), self._intents, slot_lists=self._lists)
        if found is None:
            return None
        values = {name: entity.value for name, entity in found.entities.items()}
        meant = self._meant(found.intent.name, values)
        return Wish(found.intent.name, meant, values) if meant else None

    def _meant(self, intent: str, values: Mapping[str, Any]) -> tuple[Entity, ...]:
        if "name" in values:
            return tuple(entity for entity in self._entities if entity.id == values["name"])
        domains = values.get("domain", ())
        domains = {domains} if isinstance(domains, str) else set(domains)
        if intent.startswith("HassClimate"):
            domains = {"climate"}
        if intent == "HassLightSet":
            domains = {"light"}
        area = values.get("area")
        return tuple(entity for entity in self._entities if entity.domain in domains and entity.area == area)


@cache
def _intents(language: str) -> Intents:
    """The sentences of a language, which take 60 ms to read."""
    from hassil import Intents
    from home_assistant_intents import get_intents

    told = get_intents(FILES.get(language, "en"))
    assert told is not None, "the package has these languages"
    known = {name: told["intents"][name] for name in INTENTS if name in told["intents"]}
    rules = {**told["expansion_rules"], **SAID_TOO.get(language, {})}
    return Intents.from_dict({**told, "intents": known, "expansion_rules": rules})
