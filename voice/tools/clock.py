"""The time and date, here or in any time zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from voice.llm.builtin.clock import clock as clock_skill
from voice.llm.builtin.question import Question
from voice.tools.interface import Context, Result, Spec, ToolError, schema


class Clock:
    """What time and day it is."""

    spec = Spec(
        "clock",
        "Current date and time, here or elsewhere. Use it for every question about now, today or another day.",
        schema(zone={"type": "string", "description": "IANA time zone or a city in its name, as Asia/Tokyo or Paris"}),
    )

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """The moment in words and as ISO 8601."""
        wanted = str(arguments.get("zone", ""))
        now = context.now.astimezone(ZoneInfo(zone_named(wanted))) if wanted else context.now
        asked = ("现在几点", "今天几号") if context.language == "zh" else ("what time is it", "what is the date")
        said = " ".join(_said(words, now) for words in asked)
        return Result(f"{said} ({now.isoformat(timespec='seconds')})")


def zone_named(wanted: str) -> str:
    """The time zone of this name, or of the city it names. Raises ToolError where there is none."""
    plain = wanted.strip().replace(" ", "_").lower()
    zones = sorted(available_timezones())
    for zone in zones:
        if zone.lower() == plain:
            return zone
    for zone in zones:
        if "/" in zone and zone.lower().rpartition("/")[2] == plain:
            return zone
    raise ToolError(f"There is no time zone {wanted!r}.", expected="a name as Europe/Berlin")


def _said(words: str, now: datetime) -> str:
    answer = clock_skill(Question(words, now))
    return answer.text if answer is not None else ""
