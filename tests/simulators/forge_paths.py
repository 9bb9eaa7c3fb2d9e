"""A forge that answers by path: what each path shows, which are refused, and what was sent. With pages, as GitLab links
them and as Azure DevOps continues them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.simulators.listening import listening

Answer = Any | Callable[[Any], Any]


@dataclass
class Paths:
    """What is shown, and what was asked."""

    answers: dict[str, Answer] = field(default_factory=dict)
    """By path, without query; one that can be called is given the body."""
    refused: str = r"(?!)"
    """Paths that are answered by 403, as a pattern."""
    base: str = ""
    calls: list[tuple[str, str]] = field(default_factory=list)
    sent: list[tuple[str, str, Any]] = field(default_factory=list)
    """What was written: method, path, body."""

    def asked(self, pattern: str) -> int:
        """How many paths were asked that match."""
        return sum(re.search(pattern, path) is not None for _, path in self.calls)

    @property
    def kinds(self) -> Counter[str]:
        """Calls by path, numbers left out."""
        return Counter(re.sub(r"\d+", "N", path) for _, path in self.calls)


@contextmanager
def paths(told: Paths) -> Iterator[Paths]:
    """The forge on loopback, at ``told.base``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one piece: in two, each answer waits for an acknowledgement

        def _answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(content) if content else None
            path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
            told.calls.append((self.command, path))
            if re.search(told.refused, path):
                self._say(403, {"message": "denied"})
                return
            found = told.answers.get(path)
            if callable(found):
                self._say(200, found(body))
                return
            if self.command != "GET":
                told.sent.append((self.command, path, body))
                self._say(200, body or {})
                return
            if found is None:
                self._say(404, {"message": "there is none"})
                return
            self._page(found, query)

        def _page(self, found: Any, query: dict[str, list[str]]) -> None:
            size, page = int(query.get("per_page", ["0"])[0]), int(query.get("page", ["1"])[0])
            if not isinstance(found, list) or not size:
                self._say(200, found)
                return
            more = {}
            if len(found) > size * page:
                rest = re.sub(r"&page=\d+", "", self.path)
                more = {"Link": f'<{told.base}{rest}&page={page + 1}>; rel="next"'}
            self._say(200, found[size * (page - 1) : size * page], more)

        def _say(self, status: int, said: Any, more: dict[str, str] | None = None) -> None:
            content = json.dumps(said).encode()
            self.send_response(status)
            for key, value in (more or {}).items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815 -- names of the standard library

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with listening(Handler) as server:
        told.base = f"http://127.0.0.1:{server.server_port}"
        yield told
