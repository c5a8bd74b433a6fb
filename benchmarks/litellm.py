"""The LiteLLM proxy as a peer: installed in an environment of its own, in front of the same upstream."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

from benchmarks.processes import Service, free_port
from voice.errors import UnavailableError

VERSION = "1.106.2"
KEY = f"sk-{secrets.token_hex(32)}"  # it does not start without one
INSTALL_S = 600

CONFIG = """\
model_list:
  - model_name: scripted
    litellm_params: {{model: openai/scripted, api_base: "{upstream}", api_key: none}}
"""


def environment() -> Path:
    """Return the environment's folder, made on first use. Raises UnavailableError where pip cannot."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "voice-assistant" / "peers" / f"litellm-{VERSION}"
    if not (folder / "bin" / "litellm").exists():
        try:
            subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=INSTALL_S)
            pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", f"litellm[proxy]=={VERSION}"]
            subprocess.run([str(part) for part in pip], check=True, timeout=INSTALL_S)
        except (subprocess.SubprocessError, OSError) as error:
            raise UnavailableError(
                f"cannot be installed ({error})", where=f"litellm {VERSION}", remedy="leave --peer out"
            ) from error
    return folder


def proxy(upstream: str, folder: Path) -> Service:
    """Return the proxy with one worker, its settings as shipped, in front of `upstream`; `url` is its base URL."""
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(upstream=upstream))
    port = free_port()
    command = [environment() / "bin" / "litellm", "--config", config, "--host", "127.0.0.1", "--port", port]
    quiet = {"LITELLM_LOG": "ERROR", "LITELLM_TELEMETRY": "False", "NO_DOCS": "True", "LITELLM_MASTER_KEY": KEY}
    return Service(
        [str(part) for part in [*command, "--num_workers", 1]],
        f"http://127.0.0.1:{port}/v1",
        environment=quiet,
        within_s=120,
    )
