"""OpenAI's moderation endpoint over our own rules and judges."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Request
from pydantic import Field

from voice.safety.moderation import Moderation
from voice.safety.verdict import Verdict, together
from voice.server.schemas import Strict
from voice.server.service import Service
from voice.sessions.log import Refused

OPENAI = (
    *("harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent"),
    *("self-harm", "self-harm/instructions", "self-harm/intent", "sexual", "sexual/minors"),
    *("violence", "violence/graphic"),
)
"""The categories that every answer names, whether or not there are rules for them."""

AS_OPENAI: Mapping[str, str] = MappingProxyType({"illegal": "illicit", "fraud": "illicit"})
"""Our categories that OpenAI calls otherwise; all others keep their names."""

MOST_TEXTS = 64


class TextPart(Strict):
    """A text as newer clients send it; pictures are refused."""

    type: Literal["text"]
    text: str


class ModerationBody(Strict):
    """Texts to judge. `model` is accepted and not read: the judges are those of the settings."""

    input: (
        str
        | Annotated[list[str], Field(max_length=MOST_TEXTS)]
        | Annotated[list[TextPart], Field(max_length=MOST_TEXTS)]
    )
    model: str = ""


def routes(service: Service) -> APIRouter:
    """The route /v1/moderations."""
    router, access, engine = APIRouter(prefix="/v1", tags=["openai"]), service.access, service.engine

    @router.post("/moderations")
    async def moderate(body: ModerationBody, request: Request) -> dict[str, Any]:
        """Which categories each text is flagged for."""
        access.enter(request.headers, "write")
        moderation = engine.parts.moderation
        if moderation is None:
            raise Refused("not_found", "moderation is switched off", expected="rules or a provider in safety.*")
        inputs = [body.input] if isinstance(body.input, str) else body.input
        texts = [part if isinstance(part, str) else part.text for part in inputs]
        if sum(map(len, texts)) > service.settings.input_chars:
            raise Refused("input_too_long", f"the texts are longer than {service.settings.input_chars} characters")
        verdicts = await asyncio.gather(*(judged(moderation, text) for text in texts))
        return {"id": f"modr-{uuid4().hex}", "model": body.model or "voice", "results": [result(v) for v in verdicts]}

    return router


async def judged(moderation: Moderation, text: str) -> Verdict:
    """What rules and judges say of one text. Raises Refused where it could not be told."""
    verdict = together([moderation.words(text), await moderation.ask(text)])
    if verdict.error:
        raise Refused("unchecked", f"moderation failed: {verdict.error}", temporary=True)
    return verdict


def result(verdict: Verdict) -> dict[str, Any]:
    """A verdict in OpenAI's form. Rules know no degrees: a score is 1 or 0."""
    found = {AS_OPENAI.get(name, name) for name in verdict.categories}
    names = [*OPENAI, *sorted(found - set(OPENAI))]
    return {
        "flagged": bool(found),
        "categories": {name: name in found for name in names},
        "category_scores": {name: float(name in found) for name in names},
        "category_applied_input_types": {name: ["text"] for name in names},
    }
