"""Builds `voice home` from settings: its page, the people's file, and their conversations."""

from __future__ import annotations

import logging
import secrets
import socket
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from voice import paths as folders
from voice.conversation.timers import KeptTimers
from voice.errors import ConfigError, VoiceError
from voice.llm.model_list import chats, list_models
from voice.proxies import network_address
from voice.server.home.certificate import authority_file, certificate
from voice.server.home.conversations import Conversations
from voice.server.home.people import People
from voice.server.home.routes import HomePage, Persona
from voice.sessions.engine import Engine
from voice.sessions.stores.interface import derived
from voice.sessions.stores.master_key import master_key
from voice.settings.schema import Settings
from voice.wiring.engine_choice import engine_choices
from voice.wiring.kiosk import page_languages, questions
from voice.wiring.speech_engines import SpeechEngines
from voice.wiring.tools import kept_timers

log = logging.getLogger(__name__)


def people() -> People:
    """The people who have a link on this machine."""
    return People(folders.user_data() / "home" / "people.json")


def conversations(settings: Settings, engine: Engine) -> Conversations:
    """The conversations of all of them."""
    key = master_key(settings.chat.store_key, folders.user_data() / "store.key")
    return Conversations(engine, folders.user_data() / "home" / "lists", derived(key, "home"), time.time)


def timers(settings: Settings, owner: str) -> KeptTimers | None:
    """The timers of one of them that outlast the server; without them they end with it."""
    try:
        return kept_timers(settings, f"home/timers/{owner}")
    except VoiceError as error:
        log.warning("timers end with this run: %s", error)
        return None


def closed(settings: Settings) -> Settings:
    """The settings with a key for the rest of the server, where none is set: only people with a link may use it."""
    if settings.serve.api_keys.strip(", "):
        return settings
    return replace(settings, serve=replace(settings.serve, api_keys=secrets.token_urlsafe(32)))


def for_the_network(settings: Settings) -> tuple[Settings, Path, bytes]:
    """The settings of a server for this network, the file of its certificate, and its authority's certificate in DER.

    Raises ConfigError where the files cannot be made.
    """
    folder, name = folders.user_data() / "home" / "tls", socket.gethostname().partition(".")[0].lower()
    hosts = [f"{name}.local", name, "localhost", "127.0.0.1", network_address()]
    file = certificate(folder, [host for host in hosts if host], datetime.now(UTC))
    return replace(settings, serve=replace(settings.serve, host="0.0.0.0")), file, authority_file(folder)


def home_page(settings: Settings) -> HomePage:
    """Raises ConfigError for a setting that no page can be made with. Asks the model server for its models."""
    languages = page_languages(settings.kiosk)
    speech = SpeechEngines(settings)
    try:
        voices = [asdict(voice) for voice in speech.voices()]
    finally:
        speech.close()
    return HomePage(
        title=settings.home.title,
        languages=languages,
        questions=questions(settings, languages),
        hears=[language for language in languages if engine_choices(settings, language).recognizer_hears],
        voices=voices,
        models=_models(settings),
        personas=_personas(settings.home.personas),
    )


def _models(settings: Settings) -> list[str]:
    chat = settings.chat
    if chat.llm == "builtin":
        return []
    try:
        found = [name for name in list_models(chat.llm, chat.api_key).models if chats(name)]
    except VoiceError:
        found = []  # `voice home` reports at its start what keeps the model server from answering
    return list(dict.fromkeys([chat.model, *found] if chat.model else found))


def _personas(text: str) -> list[Persona]:
    made = []
    for part in filter(str.strip, text.split("|")):
        name, colon, instructions = (piece.strip() for piece in part.partition(":"))
        if not (name and colon and instructions) or len(name) > 80:
            raise ConfigError(
                f"not a persona: {part.strip()[:60]!r}", where="home.personas", expected="NAME: INSTRUCTIONS"
            )
        made.append(Persona(name, instructions))
    return made
