"""A server that gives the answers of a script in their order, and remembers what it was asked."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.simulators.listening import listening


@dataclass
class Said:
    """One answer."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    breaks: bool = False
    """Whether the connection is cut instead."""


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Scripted:
    """The script, its server's address, and what was asked so far."""

    script: list[Said]
    base: str = ""
    asked: list[Asked] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        """What was asked, in order."""
        return [one.path for one in self.asked]


@contextmanager
def scripted(*script: Said) -> Iterator[Scripted]:
    """The last answer is given to every further request. ``{base}`` in a header is the server's address."""
    told = Scripted(list(script))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {key.lower(): value for key, value in self.headers.items()}
            told.asked.append(Asked(self.command, self.path, headers, body))
            said = told.script.pop(0) if len(told.script) > 1 else told.script[0]
            if said.breaks:
                self.close_connection = True
                self.connection.close()
                return
            plain = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
            content = b"" if said.body is None else plain
            self.send_response(said.status)
            for key, value in said.headers.items():
                self.send_header(key, value.replace("{base}", told.base))
            if said.status not in (204, 304):
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if said.status not in (204, 304):
                self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815 -- names of the standard library

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with listening(Handler) as server:
        told.base = f"http://127.0.0.1:{server.server_port}"
        yield told
