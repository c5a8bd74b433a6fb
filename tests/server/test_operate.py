"""What docs/operate.md tells is true: nginx in front of two nodes on one Redis, and a compose file that fits them."""

from __future__ import annotations

import contextlib
import json
import re
import select
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from benchmarks.processes import free_port
from benchmarks.upstream import Script
from tests.support.patience import PATIENCE_S
from tests.support.redis import RedisServer, needs_redis
from tests.support.scripted_upstream import UpstreamProcess
from tests.support.served import ServedProcess
from voice.settings.layers import OPTIONS, environment_name

FOLDER = Path(__file__).parents[2] / "docs" / "operate"
CONF = (FOLDER / "nginx.conf").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

needs_nginx = pytest.mark.skipif(NGINX is None, reason="needs nginx: apt install nginx-light")


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "fullchain.pem", folder / "privkey.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return chain, private


class Front:
    """The documented nginx.conf with this machine's addresses, in front of two nodes."""

    def __init__(self, folder: Path, nodes: list[ServedProcess]) -> None:
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        chain, private = certificate(folder)
        self.trust = ssl.create_default_context(cafile=str(chain))
        text = CONF
        for there, here in (
            ("10.77.0.11:8970", f"127.0.0.1:{nodes[0].port}"),
            ("10.77.0.12:8970", f"127.0.0.1:{nodes[1].port}"),
            ("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"),
            ("/etc/nginx/certs/fullchain.pem", str(chain)),
            ("/etc/nginx/certs/privkey.pem", str(private)),
            ("/tmp/nginx.pid", str(folder / "nginx.pid")),
        ):
            assert text.count(there) == 1
            text = text.replace(there, here)
        self._conf = folder / "nginx.conf"
        self._conf.write_text(text, encoding="utf-8")
        self._log = (folder / "nginx.log").open("wb")

    def __enter__(self) -> Front:
        assert NGINX is not None
        command = [NGINX, "-c", str(self._conf), "-g", "daemon off;"]
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log)
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            assert self._process.poll() is None, Path(self._log.name).read_text()
            select.select([], [], [], 0.01)

    def __exit__(self, *exc: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._log.close()

    def http(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, verify=self.trust, trust_env=False, timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Front, list[ServedProcess], UpstreamProcess]]:
    folder = tmp_path_factory.mktemp("operate")
    with contextlib.ExitStack() as stack:
        redis = stack.enter_context(RedisServer(folder))
        upstream = stack.enter_context(UpstreamProcess())
        nodes = [stack.enter_context(ServedProcess(folder, upstream.url, "--store", redis.url)) for _ in range(2)]
        yield stack.enter_context(Front(folder, nodes)), nodes, upstream


@needs_redis
@needs_nginx
def test_words_pass_through_nginx_while_the_reply_goes_on(
    front: tuple[Front, list[ServedProcess], UpstreamProcess],
) -> None:
    proxy, _, upstream = front
    upstream.reset()
    upstream.queue(Script(text="word " * 20, fault="stall", after=10))
    body = {"messages": [{"role": "user", "content": "go"}], "stream": True, "developer_mode": True}
    text = ""
    with proxy.http() as http, http.stream("POST", "/v1/chat/completions", json=body) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("data: "):
                text += json.loads(line[6:])["choices"][0]["delta"].get("content", "")
            if "word word " in text:  # redaction keeps the last words back, nginx nothing
                break  # the model server says no more: whatever came was not waiting for the end


@needs_redis
@needs_nginx
def test_a_socket_through_nginx_goes_on_at_the_other_node(
    front: tuple[Front, list[ServedProcess], UpstreamProcess],
) -> None:
    proxy, nodes, upstream = front
    upstream.reset()
    sid, token = nodes[0].create()

    def turn(number: int, after: int, epoch: str) -> tuple[str, int, str]:
        address = proxy.url.replace("https", "wss") + "/v1/ws"
        with connect(address, ssl=proxy.trust, subprotocols=[Subprotocol("devmode.v1")], compression=None) as client:
            place = {"after": after, "epoch": epoch} if epoch else {}
            client.send(json.dumps({"op": "attach", "session_id": sid, "session_token": token, **place}))
            attached = json.loads(client.recv(10))
            assert attached["op"] == "attached", attached
            assert attached["recovered"] is bool(epoch)
            client.send(json.dumps({"op": "send", "sequence": number, "input": f"turn {number}"}))
            text, seq, t = "", after, ""
            while t != "done":
                op = json.loads(client.recv(20))
                if op.get("code") == "session_moved":
                    client.send(json.dumps({"op": "send", "sequence": number, "input": f"turn {number}"}))
                    continue
                assert op["op"] == "ev", op
                t, seq = op["t"], op["seq"]
                text += op["d"] if t == "delta" else ""
            return text, seq, attached["epoch"]

    text, seq, epoch = turn(1, 0, "")
    assert text.endswith(" to: turn 1")
    nodes[0].stop()  # as an upgrade does
    try:
        assert turn(2, seq, epoch)[0].endswith(" to: turn 2")
    finally:
        nodes[0].start()


@needs_redis
@needs_nginx
def test_what_is_not_for_clients_stays_inside(
    front: tuple[Front, list[ServedProcess], UpstreamProcess],
) -> None:
    proxy, nodes, _ = front
    with proxy.http() as http:
        assert http.get("/readyz").json() == {"status": "ready"}
        assert http.get("/metrics").status_code == 404
        assert http.post("/v1/batch", content=b"x" * (1024 * 1024 + 1)).status_code == 413
    assert nodes[1].request("GET", "/metrics")[0] == 200


def test_compose_and_nginx_name_the_same_nodes() -> None:
    addresses = [COMPOSE["services"][node]["networks"]["inside"]["ipv4_address"] for node in ("node1", "node2")]
    assert re.findall(r"server (\S+):8970", CONF) == addresses
    assert all(ip_address(one) for one in addresses)
    mounted = dict(volume.split(":")[:2] for volume in COMPOSE["services"]["nginx"]["volumes"])
    assert mounted["./nginx.conf"] == "/etc/nginx/nginx.conf"
    assert all(f"{mounted['./certs']}/{name}" in CONF for name in ("fullchain.pem", "privkey.pem"))


def test_compose_sets_what_there_is_to_set() -> None:
    known = {environment_name(key) for key in OPTIONS}
    for node in ("node1", "node2"):
        service = COMPOSE["services"][node]
        assert set(service["environment"]) <= known
        assert int(service["stop_grace_period"].removesuffix("s")) > float(
            service["environment"]["VOICE_SERVE_GRACE_S"]
        )
        assert service["command"][:3] == ["serve", "--host", "0.0.0.0"]
        assert service["depends_on"]["redis"]["condition"] == "service_healthy"
    told = re.findall(r"VOICE_[A-Z_]+", (FOLDER.parent / "operate.md").read_text("utf-8"))
    assert set(told) <= known
