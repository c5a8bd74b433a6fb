"""`voice doctor --security`: who could read or hear what with the current settings."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from voice.cli.findings import BROKEN, GOOD, LIMITED, Finding
from voice.cli.options import Resolved
from voice.paths import environment_file, user_data
from voice.proxies import is_loopback
from voice.settings.layers import weak_keys


def folder(resolved: Resolved) -> Finding:
    """The folder of conversations, names, tokens and the key."""
    path = user_data()
    if not path.exists():
        return Finding(GOOD, f"{path} does not exist yet; nothing is stored")
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        words = f"other users can read {path} (mode {mode:o})"
        return Finding(BROKEN if mode & 0o022 else LIMITED, words, f"chmod 700 {path}")
    return Finding(GOOD, f"stored data is in {path}")


def key(resolved: Resolved) -> Finding:
    """The key that stored conversations are encrypted with."""
    from voice.sessions.stores.master_key import master_key

    path, given = user_data() / "store.key", resolved.settings.chat.store_key
    if given:
        master_key(given, path)
        return Finding(GOOD, "conversations are encrypted with the key in VOICE_CHAT_STORE_KEY")
    if not path.exists():
        return Finding(GOOD, "the encryption key will be created with the first stored conversation")
    master_key("", path)
    return _private(path, "conversations are encrypted with")


def store(resolved: Resolved) -> Finding:
    """The place where conversations are kept."""
    where = resolved.settings.chat.store
    if where == "memory":
        return Finding(GOOD, "conversations stay in memory")
    if where and not where.startswith("sqlite:///"):
        place = urlsplit(where)
        shown = f"{place.scheme}://{place.hostname}"
        if not is_loopback(place.hostname or ""):
            if not resolved.settings.chat.store_password:
                remedy = "set a password on that server and VOICE_CHAT_STORE_PASSWORD here"
                return Finding(BROKEN, f"{shown} is used without a password", remedy)
            if place.scheme == "redis":
                words = f"{shown}: conversations are encrypted, but the connection and its password are not"
                return Finding(LIMITED, words, "use rediss:// or a tunnel")
        return Finding(GOOD, f"{shown}, encrypted")
    path = Path(where.removeprefix("sqlite:///")).expanduser() if where else user_data() / "sessions.sqlite"
    if not path.exists():
        return Finding(GOOD, f"{path} does not exist yet")
    return _private(path, "encrypted conversations in")


def retention(resolved: Resolved) -> Finding:
    """How long conversations are stored."""
    retain = resolved.settings.chat.retain
    words = f"chat.retain = {retain}: conversations without a name are never stored"
    return Finding(
        GOOD, words, "to delete named ones after a while: --set chat.retain=days=30" if retain == "forever" else ""
    )


def redaction(resolved: Resolved) -> Finding:
    """What is removed from stored text."""
    redact = resolved.settings.safety.redact
    remedy = "--set safety.redact=stored"
    return Finding(LIMITED if redact == "off" else GOOD, f"safety.redact = {redact}", remedy if redact == "off" else "")


def moderation(resolved: Resolved) -> Finding:
    """What must not be spoken."""
    safety = resolved.settings.safety
    words = f"safety.moderate = {safety.moderate}, safety.on_error = {safety.on_error}"
    if safety.moderate == "off":
        return Finding(LIMITED, words, "for public places: --set safety.moderate=strict")
    return Finding(GOOD, words)


def network(resolved: Resolved) -> Finding:
    """The network from which `voice serve` is reachable."""
    serve = resolved.settings.serve
    if is_loopback(serve.host):
        return Finding(GOOD, f"serve.host = {serve.host}: this machine only")
    if not serve.api_keys.strip(", "):
        return Finding(BROKEN, f"serve.host = {serve.host} without API keys", "set VOICE_SERVE_API_KEYS")
    remedy = "put a TLS proxy in front and use --host 127.0.0.1"
    return Finding(LIMITED, f"serve.host = {serve.host}: plain HTTP, readable by anyone on the network", remedy)


def keys(resolved: Resolved) -> Finding:
    """The API keys of `voice serve`."""
    items = [item.strip() for item in resolved.settings.serve.api_keys.split(",") if item.strip()]
    if not items:
        return Finding(GOOD, "no API keys: only programs on this machine can use voice serve")
    weak = weak_keys(resolved.settings.serve.api_keys)
    words = f"{len(items)} API {'key' if len(items) == 1 else 'keys'} in VOICE_SERVE_API_KEYS"
    if weak:
        return Finding(BROKEN, f"{words}, {weak} that could be guessed", "openssl rand -base64 32")
    return Finding(GOOD, words)


def origins(resolved: Resolved) -> Finding:
    """Web pages that may use `voice serve`."""
    given = [origin.strip() for origin in resolved.settings.serve.origins.split(",") if origin.strip()]
    for origin in given:
        place = urlsplit(origin)
        if "*" in origin or not place.scheme or not place.netloc:
            remedy = "write the full origin, such as https://kiosk.example"
            return Finding(BROKEN, f"serve.origins: {origin} is not an origin and never matches", remedy)
        if place.scheme == "http" and not is_loopback(place.hostname or ""):
            remedy = "serve the page over HTTPS"
            return Finding(LIMITED, f"serve.origins: anyone on its network can replace the page at {origin}", remedy)
    return Finding(GOOD, "serve.origins: " + (", ".join(given) or "only the server's own"))


def words_out(resolved: Resolved) -> Finding:
    """Where text is sent."""
    chat, safety = resolved.settings.chat, resolved.settings.safety
    urls = (chat.server, "" if chat.llm == "builtin" else chat.llm, safety.openai_url, safety.filter_url)
    places = [urlsplit(url) for url in urls if url]
    away = [place for place in places if not is_loopback(place.hostname or "")]
    open_ones = [place.hostname or "" for place in away if place.scheme != "https"]
    if open_ones:
        words = f"text is sent unencrypted to {', '.join(open_ones)}"
        return Finding(LIMITED, words, "use HTTPS or a server on this machine")
    if away:
        return Finding(GOOD, "text is sent to " + ", ".join(place.hostname or "" for place in away) + " over HTTPS")
    return Finding(GOOD, "no text leaves this machine")


def configuration(resolved: Resolved) -> Finding:
    """The configuration files: they contain no secrets, but anyone who can change them decides where text is sent."""
    for origin in sorted(set(resolved.origins.values())):
        path = Path(origin)
        if path.suffix == ".toml" and path.is_absolute() and path.exists() and path.stat().st_mode & stat.S_IWOTH:
            return Finding(BROKEN, f"any user can change {path}", f"chmod o-w {path}")
    return Finding(GOOD, "configuration files are writable by their owner only; secrets come from the environment")


def key_file(resolved: Resolved) -> Finding:
    """The environment file with the keys of servers."""
    path = environment_file()
    return _private(path, "keys are in") if path.exists() else Finding(GOOD, f"no keys are stored in {path}")


def leftovers(resolved: Resolved) -> Finding:
    """Crash reports, which may quote the conversation."""
    reports = sorted(Path(tempfile.gettempdir()).glob("voice-defect-*.txt"))
    if not reports:
        return Finding(GOOD, "no crash reports")
    place = reports[0].parent
    return Finding(LIMITED, f"{len(reports)} crash reports in {place}", f"rm {place}/voice-defect-*.txt")


def _private(path: Path, words: str) -> Finding:
    """Whether only its owner can read it."""
    found = path.stat()
    if os.name == "posix" and found.st_mode & 0o077:
        readable = stat.S_IMODE(found.st_mode)
        return Finding(BROKEN, f"{words} {path}, which other users can access (mode {readable:o})", f"chmod 600 {path}")
    return Finding(GOOD, f"{words} {path}")


CHECKS = {
    "data folder": folder,
    "encryption": key,
    "store": store,
    "retention": retention,
    "redaction": redaction,
    "moderation": moderation,
    "words go out": words_out,
    "network": network,
    "API keys": keys,
    "web pages": origins,
    "settings": configuration,
    "key file": key_file,
    "leftovers": leftovers,
}
