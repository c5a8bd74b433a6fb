"""Voices as tools: "my name is Ann" keeps one once the person has agreed, "forget my voice" forgets it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from voice.llm.builtin.question import ToolCall
from voice.llm.builtin.small_talk import asks_own_name, own_name
from voice.memory.memory import Memory
from voice.memory.vault import Who
from voice.memory.voice_book import drop_voice, keep_voice, known_voice, known_voices, plain
from voice.sessions.group import LONGEST_NAME, fit_name
from voice.sessions.log import Refused
from voice.speakers.recognition import KnownVoice, Sample, who
from voice.text.patterns import pattern_of
from voice.tools.interface import Context, Result, Spec, Tool, ToolError, schema

LEAST_KEPT_S = 1.0
"""Seconds of speech that a voice can be kept of."""

_FORGET = pattern_of(
    r"(?:(?:please|can you|could you|now)\s+)*(?:forget|delete|erase|remove) my voice"
    r"|(?:请|把|你|帮我)*(?:忘掉|忘记|忘了|删掉|删除)我的声音(?:吧|了)?"
    r"|(?:请)?把我的声音(?:忘掉|忘记|忘了|删掉|删除)(?:吧|了)?",
    re.IGNORECASE,
)


class HeardVoices(Protocol):
    """The speakers at the microphone of this machine."""

    encoder: str

    @property
    def speaker(self) -> Mapping[str, str]:
        """The id and name of who says the words that are answered now; nothing where that is not known."""
        ...

    async def sample(self) -> Sample | None:
        """The voice in the last words; None where too little was said."""
        ...

    def learn(self, known: Sequence[KnownVoice], speaker: str = "") -> None:
        """These voices are known from now on; `speaker` is the id of who has just been speaking."""
        ...


class VoiceBook:
    """The voices of the owner's people, in their memories. `own` is the id of the owner of this machine."""

    def __init__(self, memory: Memory, heard: HeardVoices, own: str) -> None:
        self._memory, self.heard, self._own = memory, heard, own

    async def load(self) -> None:
        """Know the voices that are kept. Raises StoreError."""
        self.heard.learn(await self._memory.do(self._known))

    async def keep(self, name: str, sample: Sample) -> None:
        """Keep one person's voice: that of the one with this name if it is alike, or of a new one. Raises ToolError."""
        id = await self._memory.do(lambda: self._keep(name, sample))
        self.heard.learn(await self._memory.do(self._known), id)

    async def improve(self, id: str, name: str, sample: Sample) -> None:
        """Keep one more sample of someone who was recognized, if their voice is still kept."""
        await self._memory.do(lambda: self._improve(id, name, sample))
        self.heard.learn(await self._memory.do(self._known))

    async def forget(self, id: str) -> bool:
        """Forget one person's voice; returns whether there was one."""
        gone = await self._memory.do(lambda: self._forget(id))
        self.heard.learn(await self._memory.do(self._known))
        return gone

    def _known(self) -> list[KnownVoice]:
        return known_voices(self._memory.vault, self.heard.encoder)

    def _keep(self, name: str, sample: Sample) -> str:
        known = self._known()
        theirs = who(known, sample)
        same = next((one for one in known if plain(one.name) == plain(name)), None)
        if same is not None and theirs is not same:
            raise ToolError(f"I know another voice by the name of {same.name}. Please tell me another name.")
        found = theirs or same
        id = found.id if found is not None else self._new_id(name, known)
        with self._memory.vault.writing(Who("", id)) as database:
            keep_voice(database, found.name if found is not None else name, self.heard.encoder, sample)
        return id

    def _improve(self, id: str, name: str, sample: Sample) -> None:
        with self._memory.vault.reading(Who("", id)) as database:
            there = known_voice(database, id, self.heard.encoder)
        if there is not None:
            with self._memory.vault.writing(Who("", id)) as database:
                keep_voice(database, name, self.heard.encoder, sample)

    def _forget(self, id: str) -> bool:
        with self._memory.vault.reading(Who("", id)) as database:
            there = known_voice(database, id) is not None
        if there:
            with self._memory.vault.writing(Who("", id)) as database:
                drop_voice(database)
        return there

    def _new_id(self, name: str, known: Sequence[KnownVoice]) -> str:
        """The first person is the owner of this machine; others have an id of their own, which no one has had."""
        if not known:
            return self._own
        taken = {one.person for one in self._memory.vault.people() if not one.owner} | {self._own}
        id, number = plain(name), 2
        while id in taken:
            id, number = f"{plain(name)}-{number}", number + 1
        return id


class RememberVoiceTool:
    """Keeps the voice of who has just spoken, once they have said yes."""

    spec = Spec(
        "remember_voice",
        "Remembers the voice of the person who has just said their name, so that they are known again. Only when they "
        "introduce themselves.",
        schema("name", name={"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}),
        reads_only=False,
        confirm=True,
        saying="working",
        question={
            "en": "Shall I remember your voice, {name}? It stays on this machine.",
            "zh": "要我记住你的声音吗，{name}？它只留在这台机器上。",
        },
    )

    def __init__(self, voices: VoiceBook) -> None:
        self._voices = voices

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """That it is kept."""
        chinese = context.language == "zh"
        try:
            name = fit_name(str(arguments["name"]))
        except Refused as refused:
            raise ToolError("这个名字我记不住。" if chinese else "I cannot keep that as a name.") from refused
        sample = await self._voices.heard.sample()
        if sample is None or sample.seconds < LEAST_KEPT_S:
            raise ToolError(
                "我听到的太少了。请用完整的一句话再说一次你的名字。"
                if chinese
                else "I heard too little of your voice. Please tell me your name again, in a whole sentence."
            )
        await self._voices.keep(name, sample)
        return Result(
            f"好的，{name}，我记住你的声音了。再说几句话，我会认得更准。"
            if chinese
            else f"I'll know your voice, {name}. The next things you say help me to know it better."
        )


class ForgetVoiceTool:
    """Forgets the voice of the person who speaks."""

    spec = Spec(
        "forget_voice",
        "Forgets the voice of the person who speaks; the rest of what is remembered of them stays.",
        reads_only=False,
        saying="working",
        personal=True,
    )

    def __init__(self, voices: VoiceBook) -> None:
        self._voices = voices

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """That it is forgotten."""
        gone, chinese = await self._voices.forget(context.person), context.language == "zh"
        if not gone:
            raise ToolError("我没有记过你的声音。" if chinese else "I have not kept your voice.")
        return Result("好的，你的声音我忘掉了。" if chinese else "I've forgotten your voice.")


class WhoSpeaksTool:
    """Says who speaks, or why nothing is remembered for someone whose voice is not known."""

    spec = Spec("who_speaks", "Name the person who is speaking, as far as their voice is known.")

    def __init__(self, voices: VoiceBook) -> None:
        self._voices = voices

    async def call(self, arguments: Mapping[str, Any], context: Context) -> Result:
        """Their name, or how they become known."""
        speaker, chinese = self._voices.heard.speaker, context.language == "zh"
        if speaker.get("id"):
            return Result(f"你是{speaker['name']}。" if chinese else f"You are {speaker['name']}.")
        return Result(
            "我听不出你是谁，所以不会记，也不会说别人的事。告诉我你的名字，我就能认识你。"
            if chinese
            else "I don't know your voice, so I keep nothing for you and tell nothing of others. "
            "Tell me your name, and I can get to know you."
        )


def voice_tools(voices: VoiceBook) -> list[Tool]:
    """All of them."""
    return [RememberVoiceTool(voices), ForgetVoiceTool(voices), WhoSpeaksTool(voices)]


def voice_call(words: str, speaker: Mapping[str, str], asked: ToolCall | None) -> ToolCall | None:
    """The call that words ask for: of a voice, or what they were `asked` of the memory, which a stranger has not."""
    if _FORGET.fullmatch(words.strip().rstrip(".!。！")):
        return ToolCall("forget_voice" if speaker.get("id", "me") else WhoSpeaksTool.spec.name, {})
    if asked is not None and speaker and not speaker["id"]:
        return ToolCall(WhoSpeaksTool.spec.name, {}, certain=asked.certain)
    if speaker and asks_own_name(words):
        return ToolCall(WhoSpeaksTool.spec.name, {})
    name = "" if asked is not None and asked.certain else own_name(words)
    if name and plain(name) != plain(speaker.get("name", "")):
        return ToolCall("remember_voice", {"name": name})
    return asked
