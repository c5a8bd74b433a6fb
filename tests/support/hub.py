"""A model hub on this machine that speaks enough of the real one for its official client, and can misbehave."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Hub:
    """Files by their path in any repository, or in one as OWNER/NAME/PATH.

    `requests` keeps (method, path, Range) as they came.
    `cut_after`: the next downloads break after so many bytes, one each. `lies`: content sent in place of a file's.
    """

    files: dict[str, bytes]
    cut_after: list[int] = field(default_factory=list)
    lies: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    url: str = ""

    def ranges(self) -> list[str]:
        """The Range headers of the downloads, in order; the client asks for other things, too."""
        return [span for method, path, span in self.requests if method == "GET" and path]


@contextmanager
def serve_hub(hub: Hub) -> Iterator[Hub]:
    """Serve the hub on a free loopback port; `hub.url` is its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            repository, _, rest = self.path.partition("?")[0].strip("/").partition("/resolve/")
            path = rest.partition("/")[2]
            if f"{repository}/{path}" in hub.files:
                path = f"{repository}/{path}"
            span = self.headers.get("Range", "")
            hub.requests.append((self.command, path, span))
            if path not in hub.files:
                self.send_response(404)
                self.send_header("X-Error-Code", "EntryNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            true = hub.files[path]
            start = int(span.removeprefix("bytes=").partition("-")[0]) if span else 0
            content = hub.lies.get(path, true)[start:]
            self.send_response(206 if span else 200)
            self.send_header("X-Repo-Commit", "c" * 40)
            self.send_header("Content-Length", str(len(content)))
            if span:
                self.send_header("Content-Range", f"bytes {start}-{len(true) - 1}/{len(true)}")
            self.send_header("ETag", f'"{etag(path, true)}"')
            self.send_header("X-Linked-Size", str(len(true)))
            self.end_headers()
            if body:
                self._send(content)

        def _send(self, content: bytes) -> None:
            if hub.cut_after and len(content) > hub.cut_after[0]:
                self.wfile.write(content[: hub.cut_after.pop(0)])
                self.wfile.flush()
                self.close_connection = True
                self.connection.close()
            else:
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def etag(path: str, content: bytes) -> str:
    """As the hub names content: large files by SHA-256, small ones by the hash of a git blob."""
    if path.endswith((".bin", ".onnx")):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
