"""What a tool is: something a model or the responder may have done, with a name, a schema and one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from voice.errors import VoiceError
from voice.llm.interface import Effect

Schema = Mapping[str, Any]


def schema(required: str = "", **properties: Schema) -> dict[str, Any]:
    """A JSON schema of an object with these properties; the names in `required` have to be there."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": required.split(),
        "additionalProperties": False,
    }


class ToolError(VoiceError):
    """A tool could not do it. The message is a sentence that may be said to the person."""


@dataclass(frozen=True, slots=True)
class Spec:
    """How a tool is described, and what it may do.

    `reads_only` tools change nothing by themselves: they look something up, or what they want done are effects, which
    act once the turn counts. Others run only after that, and at most once. `confirm` asks the person aloud first, with
    the `question` of their language, into which the arguments are put.
    `effect` names what a client has to be able to carry out, or the tool is not offered. Results of a tool that is not
    `trusted` come from outside and are marked as data. `saying` names the phrase that is said while it runs. What is
    `personal` is offered only where it is known whose session it is.
    """

    name: str
    description: str
    parameters: Schema = field(default_factory=schema)
    timeout_s: float = 10.0
    reads_only: bool = True
    confirm: bool = False
    effect: str = ""
    trusted: bool = True
    saying: str = "looking"
    personal: bool = False
    question: Mapping[str, str] = field(default_factory=dict)

    def to_openai(self) -> dict[str, Any]:
        """The tool as chat completions describe it."""
        told = {"name": self.name, "description": self.description, "parameters": dict(self.parameters)}
        return {"type": "function", "function": told}


@dataclass(frozen=True, slots=True)
class Context:
    """What a call knows of its turn.

    `key` is the same whenever the same call is made again. `owner` is whose lists are meant; `passing` says that it is
    a visitor, of whom nothing is to be kept. `said` is the last reply, `can` the effects that the client carries out.
    `person` is whose session it is, among the people of `owner`, or empty.
    """

    now: datetime
    language: str = "en"
    key: str = ""
    owner: str = ""
    passing: bool = False
    said: str = ""
    can: frozenset[str] = frozenset()
    person: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a call: a text for the caller, and effects. `failed` says that it was not done."""

    text: str
    effects: tuple[Effect, ...] = ()
    failed: bool = False


class Tool(Protocol):
    """One tool. `call` may raise anything; the registry turns that into a sentence."""

    @property
    def spec(self) -> Spec: ...

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """Do it. `arguments` fit the schema."""
        ...
