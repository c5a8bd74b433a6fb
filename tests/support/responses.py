"""Events and objects of the Responses API, checked against the official package's types, down to the last field."""

from __future__ import annotations

from typing import Any, get_args

from openai import BaseModel
from openai.types.responses import ResponseStreamEvent

MODELS: dict[str, type[BaseModel]] = {
    get_args(model.model_fields["type"].annotation)[0]: model for model in get_args(get_args(ResponseStreamEvent)[0])
}


def checked(event: dict[str, Any]) -> dict[str, Any]:
    """The event, if the package knows its type and every field in it."""
    model = MODELS[event["type"]].model_validate(event)
    assert unknown(model) == [], event
    return event


def unknown(value: Any, where: str = "") -> list[str]:
    """The fields the package has kept without knowing them."""
    if isinstance(value, BaseModel):
        found = [f"{where}.{name}" for name in value.model_extra or {}]
        return found + [
            name for field in type(value).model_fields for name in unknown(getattr(value, field), f"{where}.{field}")
        ]
    if isinstance(value, list):
        return [name for place, one in enumerate(value) for name in unknown(one, f"{where}[{place}]")]
    return []
