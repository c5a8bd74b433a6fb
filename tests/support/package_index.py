"""A package index on this machine: the pages of PEP 503 and wheels made on the spot; it can cut, lie and hang."""

from __future__ import annotations

import base64
import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from voice.models.registry import Wheel


@dataclass
class Index:
    """Wheels by file name; `downloads` keeps the names and Range headers as they were asked for.

    `cut_after`: the next downloads break after so many bytes, one each. `hangs`: the pages never come; `stop` ends it.
    """

    wheels: dict[str, bytes] = field(default_factory=dict)
    cut_after: list[int] = field(default_factory=list)
    downloads: list[tuple[str, str]] = field(default_factory=list)
    hangs: bool = False
    url: str = ""

    def add(self, package: str, version: str, members: Mapping[str, bytes]) -> Wheel:
        """Publish a wheel that holds the members by their path, all in one folder; the registry's entry for it."""
        name = f"{package.replace('-', '_')}-{version}-py3-none-any.whl"
        self.wheels[name] = made_wheel(package, version, members)
        folder = {path.rpartition("/")[0] for path in members}.pop()
        names = tuple(path.rpartition("/")[2] for path in members)
        return Wheel(package, version, len(self.wheels[name]), folder, names)


def made_wheel(package: str, version: str, members: Mapping[str, bytes]) -> bytes:
    """The bytes of a wheel that pip takes."""
    info = f"{package.replace('-', '_')}-{version}.dist-info"
    files = {
        **members,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()},{len(content)}\n"
        for path, content in files.items()
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
        archive.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\n")
    return stream.getvalue()


@contextmanager
def serve_index(index: Index) -> Iterator[Index]:
    """Serve the index on a free loopback port; `index.url` is what PIP_INDEX_URL takes."""
    stopped = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if index.hangs:
                stopped.wait(60)
            kind, _, name = self.path.strip("/").partition("/")
            if kind == "simple" and (page := self._page(name)):
                self._answer(200, {"Content-Type": "text/html"}, page)
            elif kind == "files" and name in index.wheels:
                self._wheel(name)
            else:
                self._answer(404, {}, b"")

        def _page(self, package: str) -> bytes:
            fitting = [name for name in index.wheels if name.partition("-")[0].replace("_", "-") == package]
            links = "".join(f'<a href="/files/{name}">{name}</a>' for name in fitting)
            return f"<!DOCTYPE html><html><body>{links}</body></html>".encode() if fitting else b""

        def _wheel(self, name: str) -> None:
            span, content = self.headers.get("Range", ""), index.wheels[name]
            index.downloads.append((name, span))
            start = int(span.removeprefix("bytes=").partition("-")[0]) if span else 0
            headers = {"ETag": '"made"', "Accept-Ranges": "bytes"}
            if span:
                headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self._answer(206 if span else 200, headers, content[start:], index.cut_after)

        def _answer(self, status: int, headers: dict[str, str], content: bytes, cuts: Sequence[int] = ()) -> None:
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(key, value)
            self.end_headers()
            if cuts and len(content) > cuts[0]:
                self.wfile.write(content[: index.cut_after.pop(0)])
                self.wfile.flush()
                self.close_connection = True
                self.connection.close()
            else:
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    index.url = f"http://127.0.0.1:{server.server_address[1]}/simple"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield index
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()
