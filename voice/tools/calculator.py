"""Sums and conversions by the responder's own arithmetic, so that both answer alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voice.llm.builtin.arithmetic import arithmetic
from voice.llm.builtin.question import Question, Skill
from voice.llm.builtin.units import conversion
from voice.tools.interface import Context, Result, Spec, ToolError, schema


class Calculator:
    """Exact arithmetic."""

    spec = Spec(
        "calculator",
        "Exact arithmetic. Use it for every sum instead of reckoning yourself.",
        schema("expression", expression={"type": "string", "description": "as (17 + 3) * 2.5, sqrt 2, 15 % * 80"}),
    )

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """The result as a sentence."""
        return _asked(arithmetic, f"what is {arguments['expression']}", context)


class Units:
    """Conversion of lengths, weights, temperatures and the like."""

    spec = Spec(
        "convert_units",
        "Converts a quantity from one unit to another.",
        schema(
            "value from to",
            **{
                "value": {"type": "number"},
                "from": {"type": "string", "description": "unit in English, as miles or fahrenheit"},
                "to": {"type": "string", "description": "unit in English, as kilometers or celsius"},
            },
        ),
    )

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """The converted quantity as a sentence."""
        value = f"{arguments['value']:.10f}".rstrip("0").rstrip(".")
        return _asked(conversion, f"convert {value} {arguments['from']} to {arguments['to']}", context)


def _asked(skill: Skill, words: str, context: Context) -> Result:
    answer = skill(Question(words, context.now))
    if answer is None:
        raise ToolError("That cannot be worked out.", expected="numbers, units and + - * / ^ ( )")
    return Result(answer.text)
