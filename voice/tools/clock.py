"""The time and date, here or in any time zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from voice.llm.builtin.clock import clock as clock_skill
from voice.llm.builtin.places import zone_of
from voice.llm.builtin.question import Question
from voice.tools.interface import Context, Result, Spec, ToolError, schema


class Clock:
    """What time and day it is."""

    spec = Spec(
        "clock",
        "Current date and time, here or elsewhere. Use it for every question about now, today or another day.",
        schema(zone={"type": "string", "description": "IANA time zone, city or country, as Asia/Tokyo or Paris"}),
    )

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """The moment in words and as ISO 8601."""
        wanted = str(arguments.get("zone", ""))
        now = context.now.astimezone(ZoneInfo(zone_named(wanted))) if wanted else context.now
        asked = ("现在几点", "今天几号") if context.language == "zh" else ("what time is it", "what is the date")
        said = " ".join(_said(words, now) for words in asked)
        return Result(f"{said} ({now.isoformat(timespec='seconds')})")


def zone_named(wanted: str) -> str:
    """The time zone of this name, or of the place it names. Raises ToolError where there is none."""
    zone = zone_of(wanted)
    if zone is None:
        raise ToolError(f"There is no time zone {wanted!r}.", expected="a name as Europe/Berlin")
    return zone


def _said(words: str, now: datetime) -> str:
    answer = clock_skill(Question(words, now))
    return answer.text if answer is not None else ""
