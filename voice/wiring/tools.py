"""The tools of the settings: what the model is offered, and the notes of the owner that it receives."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from voice import paths as folders
from voice.errors import ConfigError
from voice.llm.builtin.notes import Knowledge
from voice.llm.builtin.question import RunningTimers
from voice.memory.memory import Memory
from voice.memory.tools import memory_tools
from voice.memory.voice_tools import VoiceBook, voice_tools
from voice.settings.schema import Settings
from voice.tools.calculator import Calculator, Units
from voice.tools.clock import Clock
from voice.tools.device import EndConversation, Mute, SayAgain, Volume
from voice.tools.home import Home, HomeTool
from voice.tools.home_assistant import HomeAssistant
from voice.tools.interface import Tool
from voice.tools.list_book import ListFolder, ListMemory
from voice.tools.lists import Lists
from voice.tools.mcp_client import CONNECT_S, McpSource
from voice.tools.mcp_settings import servers
from voice.tools.notes import Notes
from voice.tools.registry import Registry
from voice.tools.timers import TimersTool
from voice.tools.web import Weather, WebSearch
from voice.wiring.memory import memory

if TYPE_CHECKING:
    from voice.conversation.timer_file import TimerFile

NOTES = (
    "(Notes of the owner that may help with this; each begins with its heading. Where they do not answer it, do not "
    "say that they do.)"
)


def registry(
    settings: Settings,
    knowledge: Knowledge | None,
    running: Callable[[], RunningTimers] | None = None,
    *,
    visitors: bool = False,
    home: Home | None = None,
    remembered: Memory | None = None,
    voices: VoiceBook | None = None,
) -> Registry | None:
    """The tools for a model; none where they are switched off. The built-in responder calls its lists, a `home` and a
    memory.

    `running` gives the timers where they are kept in this process. Of `visitors` no lists are written down, and they
    use the owner's servers only where tools.shared says so.
    """
    if not settings.tools.enabled:
        return None
    house: list[Tool] = [HomeTool(home), HomeTool(home, guarded=True)] if home is not None else []
    if remembered is not None:
        house += memory_tools(remembered, spoken=settings.chat.llm == "builtin")
    if voices is not None:
        house += voice_tools(voices)
    if settings.chat.llm == "builtin":
        return Registry([own_lists(visitors=visitors), *house])
    servers = sources(settings) if settings.tools.shared or not visitors else []
    return Registry([*own_tools(settings, knowledge, running, visitors=visitors), *house], servers)


def house(settings: Settings) -> Home | None:
    """The home of the settings, if there is one. Raises ConfigError for an address or token that cannot be used."""
    tools = settings.tools
    if not tools.enabled or not tools.home_url:
        return None
    if importlib.util.find_spec("hassil") is None or importlib.util.find_spec("home_assistant_intents") is None:
        remedy = "pip install 'voice-at-home[home]'"
        raise ConfigError("a home needs packages that are not installed", where="tools.home_url", remedy=remedy)
    return Home(HomeAssistant(tools.home_url, tools.home_token))


def sources(settings: Settings) -> list[McpSource]:
    """The MCP servers of the settings. Raises ConfigError."""
    return [McpSource(server) for server in servers(settings.tools.mcp)]


@asynccontextmanager
async def all_tools(settings: Settings) -> AsyncIterator[Registry]:
    """All tools that could be offered, once the servers behind them have answered, or have not in time."""
    found = sources(settings)
    home = house(settings)
    things: list[Tool] = [HomeTool(home), HomeTool(home, guarded=True)] if home is not None else []
    remembered = memory(settings)
    things += memory_tools(remembered) if remembered is not None else []
    registry = Registry([*own_tools(settings, knowledge(settings)), *things], found)
    registry.start()
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_S):
                await asyncio.gather(*(source.settled() for source in found))
        yield registry
    finally:
        await registry.close()
        if remembered is not None:
            remembered.close()


def own_tools(
    settings: Settings,
    knowledge: Knowledge | None,
    running: Callable[[], RunningTimers] | None = None,
    *,
    visitors: bool = False,
) -> list[Tool]:
    """The product's own tools, as the settings allow them."""
    tools = settings.tools
    lists = own_lists(visitors=visitors)
    found: list[Tool] = [Clock(), Calculator(), Units(), TimersTool(running), lists, Volume(), Mute(), SayAgain()]
    found += [EndConversation()]
    if knowledge is not None:
        found.append(Notes(knowledge))
    if tools.network:
        found.append(Weather(tools.place))
        if tools.search_url:
            found.append(WebSearch(tools.search_url))
    return found


def own_lists(*, visitors: bool) -> Lists:
    """The owner's lists; those of `visitors` are kept in memory only."""
    return Lists(ListFolder(folders.user_data() / "lists"), ListMemory() if visitors else None)


def kept_timers(settings: Settings, file: str = "timers") -> TimerFile | None:
    """The timers that outlast the process, in this file of the user's data; None where nothing is to be stored.

    Raises VoiceError for a file or key that cannot be used.
    """
    from voice.conversation.timer_file import TimerFile
    from voice.sessions.stores.interface import derived
    from voice.sessions.stores.master_key import master_key

    if settings.chat.store == "memory":
        return None
    folder = folders.user_data()

    def key() -> bytes:
        return derived(master_key(settings.chat.store_key, folder / "store.key"), "timers")

    return TimerFile(folder / file, key)


def knowledge(settings: Settings) -> Knowledge | None:
    """The owner's notes for a model. The demo's notes are for the built-in responder only."""
    if settings.chat.llm == "builtin" or not settings.chat.knowledge:
        return None
    return Knowledge(Path(settings.chat.knowledge).expanduser())


def informed(knowledge: Knowledge | None) -> Callable[[str], str]:
    """What is put behind somebody's words: the passages of the notes that fit them, if any."""

    def notes(words: str) -> str:
        found = knowledge.passages(words) if knowledge is not None else []
        return "\n".join([NOTES, *map(str, found)]) if found else ""

    return notes
