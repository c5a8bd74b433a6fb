"""The product's own tools: what they answer, what they refuse, and that they answer as the responder does."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from voice.llm.builtin.notes import Knowledge
from voice.llm.builtin.question import Question
from voice.llm.builtin.responder import answer
from voice.llm.builtin.timer_list import Running
from voice.llm.interface import Effect
from voice.settings.schema import Settings
from voice.tools.calculator import Calculator, Units
from voice.tools.clock import Clock, zone_named
from voice.tools.device import Mute, SayAgain, Volume
from voice.tools.interface import Context, Result, Tool, ToolError
from voice.tools.list_book import ListFolder, ListMemory
from voice.tools.lists import MOST_ITEMS, Book, Lists
from voice.tools.notes import Notes
from voice.tools.registry import Registry
from voice.tools.sayings import SAYINGS, is_clear_yes, is_stop, saying
from voice.tools.timers import TimersTool
from voice.tools.web import FORECAST, PLACES, Weather, WebSearch
from voice.wiring.tools import own_tools

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def use(tool: Tool, context: Context | None = None, /, **arguments: Any) -> Result:
    """What the registry makes of a call."""
    return asyncio.run(Registry([tool]).call(tool, json.dumps(arguments), context or Context(NOON)))


def test_the_clock_knows_every_zone_and_city() -> None:
    assert use(Clock()).text == "It is 12 PM. Today is Wednesday, March 4, 2026. (2026-03-04T12:00:00+00:00)"
    assert "T21:00:00+09:00" in use(Clock(), zone="Asia/Tokyo").text
    assert "T21:00:00+09:00" in use(Clock(), zone="tokyo").text
    assert zone_named("new york") == "America/New_York"
    assert use(Clock(), zone="Atlantis").failed
    assert use(Clock(), Context(NOON, "zh")).text.startswith("现在是中午12点整。")


@pytest.mark.parametrize("asked", ["17 * 23", "(17 + 3) * 2.5", "sqrt 16", "15 % * 80", "2 ^ 10"])
def test_sums_are_the_responders_own(asked: str) -> None:
    own = answer(Question(f"what is {asked}", NOON))
    assert own is not None
    assert use(Calculator(), expression=asked).text == own.text


@pytest.mark.parametrize("asked", ["__import__('os')", "the weather", "(((", ""])
def test_what_is_no_sum_is_refused_in_a_sentence(asked: str) -> None:
    result = use(Calculator(), expression=asked)
    assert result.failed
    assert "Traceback" not in result.text


def convert(value: float, source: str, target: str) -> Result:
    arguments: dict[str, Any] = {"value": value, "from": source, "to": target}
    return use(Units(), None, **arguments)


def test_units() -> None:
    said = convert(5, "miles", "kilometers").text
    assert "8.05 kilometers" in said
    assert "-40 degrees" in convert(-40, "celsius", "fahrenheit").text.replace("minus ", "-")
    assert convert(1, "parsnips", "kilometers").failed


def test_a_timer_is_an_effect_that_the_client_carries_out() -> None:
    result = use(TimersTool(), action="set", when="5 minutes", label="tea")
    (effect,) = result.effects
    assert (effect.kind, effect.data["seconds"], effect.data["label"]) == ("timer.set", 300.0, "tea")
    assert "5 minutes" in result.text
    assert use(TimersTool(), action="set").failed
    assert use(TimersTool(), action="set", when="soon").failed
    (gone,) = use(TimersTool(), action="cancel", label="tea").effects
    assert gone.kind == "timer.cancel"


def test_a_timer_may_have_a_chinese_name() -> None:
    (effect,) = use(TimersTool(), action="set", kind="reminder", when="20 minutes", label="关火").effects
    assert (effect.data["seconds"], effect.data["label"], effect.data["kind"]) == (1200.0, "关火", "reminder")
    tool = TimersTool(lambda: [Running("tea", 30.0), Running("关火", 95.0, number=1)])
    (gone,) = use(tool, action="cancel", label="关火").effects
    assert gone.data["numbers"] == [1]
    assert use(tool, action="list", label="关火").text == "1 minute and 35 seconds left for 关火."


@pytest.mark.parametrize("make", [lambda path: ListFolder(path / "lists"), lambda path: ListMemory()])
def test_lists_are_kept_for_each_owner(make: Callable[[Path], Book], tmp_path: Path) -> None:
    lists, mine, theirs = Lists(make(tmp_path)), Context(NOON), Context(NOON, owner="ada")
    assert use(lists, mine, action="read").text == "The shopping list is empty."
    use(lists, mine, action="add", items=["milk", " brown  bread", "Milk"])
    assert use(lists, mine, action="read").text == "The shopping list: milk; brown bread."
    assert use(lists, mine, action="add", items=["MILK"]).text == "The shopping list: milk; brown bread."
    assert use(lists, theirs, action="read").text == "The shopping list is empty."
    assert use(lists, mine, action="remove", items=["Milk"]).text == "The shopping list: brown bread."
    assert use(lists, mine, action="remove", items=["milk"]).failed
    use(lists, mine, action="add", list="To Do", items=["call mum"])
    assert use(lists, mine, action="names").text == "Lists: shopping, to do."
    assert use(lists, mine, action="clear").text == "The shopping list is empty."
    assert use(lists, mine, action="names").text == "Lists: to do."
    assert use(lists, mine, action="add").failed
    for start in range(0, MOST_ITEMS, 20):
        use(lists, mine, action="add", items=[f"thing {n}" for n in range(start, start + 20)])
    assert use(lists, mine, action="add", items=["one more"]).failed


def test_lists_of_visitors_are_apart_and_are_not_written_down(tmp_path: Path) -> None:
    lists, ada, bob = Lists(ListFolder(tmp_path), ListMemory(2)), *(Context(NOON, owner=n, passing=True) for n in "ab")
    use(lists, ada, action="add", items=["milk"])
    assert use(lists, bob, action="read").text == "The shopping list is empty."
    assert use(lists, ada, action="read").text == "The shopping list: milk."
    for owner in "cd":
        use(lists, Context(NOON, owner=owner, passing=True), action="add", items=["x"])
    assert use(lists, ada, action="read").text == "The shopping list is empty.", "the oldest are forgotten"
    assert list(tmp_path.iterdir()) == []
    own = Lists(ListFolder(tmp_path))
    use(own, ada, action="add", items=["tea"])
    assert use(own, Context(NOON), action="read").text == "The shopping list: tea.", "who talks here is the owner"


def test_lists_are_private_and_a_broken_file_is_an_empty_one(tmp_path: Path) -> None:
    lists = Lists(ListFolder(tmp_path))
    use(lists, action="add", items=["milk"])
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for broken in ("{", "[]", '{"shopping": 3}'):
        file.write_text(broken)
        assert use(lists, action="read").text == "The shopping list is empty."


def test_loudness_and_the_microphone_are_effects() -> None:
    assert use(Volume(), level=30).effects == (Effect("device.volume", {"level": 30}),)
    assert use(Volume(), change=-10).effects == (Effect("device.volume", {"change": -10}),)
    assert use(Volume()).failed
    assert use(Volume(), level=101).failed
    assert use(Mute()).effects == (Effect("device.mute", {}),)


def test_what_was_said_last_is_said_again() -> None:
    assert use(SayAgain(), Context(NOON, said="It is noon.")).text == "It is noon."
    assert use(SayAgain()).text == "Nothing has been said yet."


def test_notes_are_marked_as_data_and_say_nothing_they_do_not_know(tmp_path: Path) -> None:
    (tmp_path / "shop.md").write_text(
        "# Opening hours\n\nThe shop opens at nine in the morning.\n\n# Parking\n\nBehind it."
    )
    notes = Notes(Knowledge(tmp_path))
    said = use(notes, question="when does the shop open in the morning")
    assert "[Opening hours] The shop opens at nine in the morning." in said.text
    assert "Parking" not in said.text
    assert use(notes, question="who won the football match yesterday").text.endswith(
        "The notes say nothing about that."
    )


def test_passages_stay_within_their_tokens(tmp_path: Path) -> None:
    paragraph = "The old mill grinds rye and spelt. " * 20
    (tmp_path / "mill.md").write_text("\n\n".join(f"# Mill {n}\n\n{paragraph}" for n in range(6)))
    found = Knowledge(tmp_path).passages("what does the old mill grind")
    assert sum(len(str(note)) for note in found) <= 300 * 4
    assert 1 <= len(found) <= 4


def weather(url: str) -> Any:
    """Open-Meteo's two services."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    if url.startswith(PLACES):
        known = {"name": "Berlin", "country": "Germany", "latitude": 52.5, "longitude": 13.4}
        return {"results": [known]} if asked["name"] == "Berlin" else {"generationtime_ms": 0.1}
    assert url.startswith(FORECAST)
    assert (asked["latitude"], asked["forecast_days"]) == ("52.5", "2")
    return {
        "current": {"temperature_2m": 7.1, "weather_code": 3, "wind_speed_10m": 12.0},
        "daily": {
            "time": ["2026-03-04", "2026-03-05"], "weather_code": [61, 0], "temperature_2m_min": [2, 1],
            "temperature_2m_max": [8, 9], "precipitation_probability_max": [80, 5],
        },
    }  # fmt: skip


def test_the_weather_of_a_place() -> None:
    said = use(Weather("Berlin", weather)).text
    assert "Berlin, Germany: now 7.1 °C, overcast, wind 12.0 km/h" in said
    assert "2026-03-05: clear, 1 to 9 °C, rain 5 %" in said
    assert use(Weather("", weather), place="Atlantis").text == "There is no place called Atlantis."
    assert use(Weather("", weather)).failed


def test_a_search_shows_a_few_hits() -> None:
    def fetch(url: str) -> Mapping[str, Any]:
        assert url.startswith("http://searx.local/search?q=hawks")
        hits = [{"title": f"t{n}", "url": f"u{n}", "content": "c" * 1000} for n in range(9)]
        return {"results": [*hits, None]}

    said = use(WebSearch("http://searx.local/", fetch), query="hawks").text
    assert said.count("\n") == 5
    assert "t4 (u4)" in said
    assert use(WebSearch("http://searx.local", lambda url: {}), query="x").text.endswith("Nothing was found.")


@pytest.mark.parametrize("fetched", [{}, [], {"results": [{}]}, None])
def test_a_service_that_answers_nonsense_is_one_sentence(fetched: Any) -> None:
    result = use(Weather("Berlin", lambda url: fetched))
    assert result.failed
    assert "Traceback" not in result.text


def test_a_service_that_is_away_is_one_sentence() -> None:
    def away(url: str) -> Any:
        raise ToolError("The server cannot be reached, or its answer is not understood.")

    assert use(Weather("Berlin", away)).text.startswith("The server cannot be reached")


def test_the_network_is_asked_only_where_the_owner_allows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    plain = Settings()
    allowed = replace(plain, tools=replace(plain.tools, network=True))
    searched = replace(plain, tools=replace(plain.tools, network=True, search_url="http://searx.local"))

    def names(settings: Settings) -> set[str]:
        return {tool.spec.name for tool in own_tools(settings, None)}

    assert names(allowed) - names(plain) == {"weather"}
    assert names(searched) - names(plain) == {"weather", "web_search"}


def test_every_tool_can_be_described_to_a_model(tmp_path: Path) -> None:
    import jsonschema

    for tool in own_tools(Settings(), None, visitors=True):
        told = tool.spec.to_openai()["function"]
        jsonschema.Draft202012Validator.check_schema(told["parameters"])
        assert told["name"].replace("_", "").isalnum()
        assert told["description"].endswith(".")


def test_yes_and_stop_are_whole_utterances() -> None:
    assert all(map(is_clear_yes, ("yes", "Yes, please.", "ok", "go ahead", "好", "是的。", "确认", "Ja!", "mach das")))
    assert not any(map(is_clear_yes, ("", "no", "yesterday", "yes but", "not ok", "不好", "好像是", "nein", "is it?")))
    assert all(map(is_stop, ("stop", "Cancel that.", "never mind", "算了", "停！".replace("！", ""), "Abbrechen")))
    assert not any(map(is_stop, ("", "don't stop", "stop the music at nine", "不要停", "bus stop")))


@pytest.mark.parametrize("key", SAYINGS)
def test_every_phrase_is_there_in_every_language(key: str) -> None:
    assert set(SAYINGS[key]) == {"en", "zh", "de"}
    assert saying(key, "fr") == SAYINGS[key]["en"]
    assert saying("no such phrase", "de") == SAYINGS["working"]["de"]
