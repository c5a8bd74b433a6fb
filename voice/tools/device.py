"""What concerns the conversation itself: loudness, the microphone, what was said last, and its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voice.llm.interface import Effect
from voice.tools.interface import Context, Result, Spec, ToolError, schema


class Volume:
    """How loud the speaker is."""

    spec = Spec(
        "volume",
        "Sets how loud you speak, or changes it. Give one of level and change.",
        schema(
            level={"type": "integer", "minimum": 0, "maximum": 100, "description": "percent"},
            change={"type": "integer", "minimum": -100, "maximum": 100, "description": "percent more or less"},
        ),
        effect="device",
    )

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """The effect that sets it."""
        if ("level" in arguments) == ("change" in arguments):
            raise ToolError("How loud?", expected="one of level and change")
        return Result("The volume is changed.", (Effect("device.volume", dict(arguments)),))


class Mute:
    """The microphone."""

    spec = Spec(
        "mute_microphone",
        "Switches the microphone off, so that nothing is heard until a person switches it on again by hand.",
        effect="device",
    )

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """The effect that mutes it."""
        return Result("The microphone is off.", (Effect("device.mute", {}),))


class SayAgain:
    """What was said last."""

    spec = Spec("say_again", "What you said last and the person heard, word for word.")

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """The last reply."""
        return Result(context.said or "Nothing has been said yet.")


class EndConversation:
    """The end of the conversation, when the person wants it."""

    spec = Spec(
        "end_conversation",
        "Ends the conversation once your reply is over. Call it only when the person says goodbye or asks you to end.",
        effect="conversation",
    )

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """The effect that ends it, and what is left to say."""
        told = "The conversation ends after your reply. Say goodbye in one short sentence, in the person's language."
        return Result(told, (Effect("conversation.end", {}),))
