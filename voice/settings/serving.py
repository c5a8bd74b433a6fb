"""The settings of servers, of the kiosk page, and of what a conversation may do: tools, memory and safety."""

from __future__ import annotations

from dataclasses import dataclass

from voice.settings.option import option


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
    session_minutes: float = option(30.0, "life of a session without a sign of it, minutes", least=0.1, most=525_600)
    body_kb: int = option(1024, "largest request body and WebSocket frame, KiB", least=16, most=65_536)
    audio_mb: int = option(200, "largest recording sent to be transcribed, MiB", least=1, most=4096)
    input_chars: int = option(32_768, "maximum characters of a user message", least=256, most=16_777_216)
    turns: int = option(2000, "concurrent turns at the model server; 0: unlimited", least=0, most=1_000_000)
    turns_per_key: int = option(500, "concurrent turns per API key; 0: unlimited", least=0, most=1_000_000)
    queue: int = option(
        1000, "turns that may wait for a free slot; one key may use half of the queue", least=0, most=1_000_000
    )
    queue_s: float = option(30.0, "maximum time a turn waits, seconds", least=0.1, most=3600)
    tokens: int = option(0, "tokens per minute and API key, input and output; 0: unlimited", least=0, most=10**9)
    waiting: int = option(
        64, "messages of participants that may wait for an answer in one session", least=1, most=10_000
    )
    waiting_each: int = option(8, "of these, messages of the same participant", least=1, most=1000)
    memory_mb: int = option(
        0, "resident memory above which new work is refused, MiB; 0: three quarters of the available memory", least=0
    )
    warm: str = option(
        "", "file of system prompts separated by --- lines, sent to the model server at startup and before peaks"
    )
    warm_at: str = option("", "local times of daily peaks, such as 08:45, 12:55; the prompts are sent before them")
    warm_s: float = option(300.0, "how long before a peak the prompts are sent, seconds", least=1, most=7200)
    hot: int = option(
        0,
        "slots of a llama.cpp server that are given to the sessions whose prefix is worth most; 0: the server chooses",
        least=0,
        most=4096,
    )
    hot_weights: str = option(
        "",
        "what the prefixes of an API key's sessions are worth, against 1 of all others: NAME=WEIGHT, comma-separated",
    )
    hot_save: bool = option(
        False,
        "save a slot that a session loses to the model server's disk, not encrypted; needs its --slot-save-path",
    )
    breaker_failures: int = option(
        5, "consecutive failures after which the circuit breaker opens; 0: never", least=0, most=1000
    )
    breaker_slow_s: float = option(
        20.0, "a first token later than this counts as a failure, seconds", least=0.1, most=600
    )
    breaker_open_s: float = option(
        5.0, "time the circuit breaker stays open, seconds; doubled after each failed probe", least=0.1, most=60
    )
    stun: str = option(
        "", "STUN server that tells this machine's public address for WebRTC calls, stun:HOST:PORT; empty: none"
    )
    talks: int = option(16, "concurrent spoken conversations over the Realtime API", least=1, most=1000)
    grace_s: float = option(10.0, "time for running replies to finish at shutdown, seconds", least=0, most=600)


@dataclass(frozen=True, slots=True)
class WyomingSettings:
    host: str = option("127.0.0.1", "address that `voice wyoming` listens on; 0.0.0.0: every network of this machine")
    port: int = option(10600, "port to listen on; 0: any free port", least=0, most=65535)
    allow: str = option(
        "127.0.0.0/8, ::1, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16, fe80::/10, fc00::/7",
        "comma-separated addresses and networks of clients, since the protocol has no passwords",
    )
    announce: str = option("voice", "name under which Home Assistant discovers it on the network; empty: not at all")


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
class MemorySettings:
    enabled: bool = option(True, "the assistant remembers what a person asks it to remember")
    person: str = option(
        "", "whose memory the conversations of this machine use; on a server none unless set; empty: the owner's"
    )
    learn: bool = option(False, "the model draws facts about a person from what they say, without being asked to")
    talks: bool = option(True, "a person may ask what was said in conversations that are stored (chat.session)")
    voices: bool = option(
        True,
        "people who ask for it are known by their voice at this machine's microphone, if voice-encoder is downloaded",
    )
    records: str = option(
        "", "kinds of records, such as orders: in a file [memory.records.NAME] tables (docs/memory.md), elsewhere JSON"
    )
    days: int = option(30, "days that records are kept, counted from their own day", least=1, most=3660)
    tokens: int = option(300, "most tokens of a person's memory that a model is given with a turn", least=0, most=4000)
    deadline_ms: int = option(
        40, "time to find them, ms; a turn does not wait longer and does without", least=1, most=2000
    )


@dataclass(frozen=True, slots=True)
class KioskSettings:
    title: str = option("", 'title of the page; empty: "Voice assistant" in the language of the visitor')
    languages: str = option(
        "en,zh",
        "comma-separated languages of page and voice: en, zh; it opens in the browser's if that is one, else the first",
    )
    theme: str = option("auto", "colours; auto follows the browser's setting", choices=("auto", "dark", "light"))
    accent: str = option("", "colour of what is pressed, #rrggbb; lighter or darker where it would not stand out")
    logo: str = option("", "picture before the title: a file .svg, .png, .webp or .jpg, at most 1 MiB")
    unknown: str = option(
        "I don't know that one. Please ask a member of staff.|这个我不知道，请问一下工作人员。",
        "the builtin responder's words to a question it cannot answer, one sentence per language, separated by |",
    )
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
    pin: str = option("", "4 to 12 digits that open the operator panel; environment only; empty: none", secret=True)
    browser: str = option("", "command that opens the page; empty: Chromium, Chrome, Edge or Firefox, if found")


@dataclass(frozen=True, slots=True)
class HomeSettings:
    title: str = option(
        "", 'title of the page of `voice home`; empty: "Voice assistant" in the language of the browser'
    )
    personas: str = option(
        "",
        "ways to answer that a conversation may begin with, NAME: INSTRUCTIONS, separated by |; the colours and "
        "languages of the page are those of the kiosk",
    )


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
