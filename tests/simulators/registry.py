"""A registry on this machine that serves an OCI layout, and behaves as badly as a test wants it to."""

import base64
import hashlib
import json
import ssl
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.simulators.listening import listening

PREFIX = "/v2/team/cart/"


@dataclass
class Behaviour:
    """What the registry does beside answering."""

    basic: str = ""
    """``user:password`` that it wants by itself."""
    bearer: bool = False
    """Whether it wants a token of its own token server."""
    token_user: str = ""
    """``user:password`` that the token server wants."""
    refresh: str = ""
    """Refresh token that the token server takes."""
    entra: str = ""
    """Access token that the exchange of Azure Container Registry takes for ``refresh``."""
    token_uses: int = 1 << 30
    """Requests that one token is good for."""
    expires_in: int | None = None
    failures: list[tuple[int, str]] = field(default_factory=list)
    """Statuses, and ``Retry-After``, given before anything else, each once."""
    break_after: list[int] = field(default_factory=list)
    """Bytes after which the connection breaks, one for each answer with a blob."""
    ranges: bool = True
    blobs_at: str = ""
    """Where blobs are: the registry redirects to there."""
    slow: float = 0.0
    """Seconds before each kilobyte of a blob."""
    extra: bytes = b""
    """Sent behind each blob."""
    content_type: str = ""
    digest_header: str = ""
    realm: str = ""
    lists: bool = False
    """Whether it lists referrers itself."""
    page: int = 1_000
    """Referrers on one page."""
    elsewhere: str = ""
    """Where the list says that it goes on."""
    mounts: tuple[str, ...] = ()
    """Repositories that it mounts blobs from."""
    conditions: bool = True
    """Whether it keeps to ``If-Match`` and ``If-None-Match``."""
    meanwhile: list[Callable[["Registry"], None]] = field(default_factory=list)
    """What others do before a manifest is written, one for each."""
    lost: int = 0
    """Uploads whose connection breaks after all was taken."""
    locks: bool = False
    """Whether it has the paths of Azure Container Registry by which tags go and images are locked."""
    listed: list[str] = field(default_factory=list)
    """Tags that it lists beside those that it has."""
    most_listed: int = 1_000
    """Names of one page, whatever is asked for."""
    circle: bool = False
    """Whether a list leads back to its beginning."""


class Registry:
    """One repository, ``team/cart``."""

    def __init__(self, layout: Path, behaviour: Behaviour) -> None:
        self.layout, self.behaviour = layout, behaviour
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        """Method, path and headers of every request."""
        self.issued: dict[str, int] = {}
        self.host = ""
        self.written: dict[str, dict] = {}
        """Manifests that were sent, by tag and by digest."""
        self.sessions: list[str] = []
        self.untagged: set[str] = set()
        self.locked: dict[str, dict] = {}
        """What was said of manifests, by digest."""

    def tags(self) -> dict[str, dict]:
        body = json.loads((self.layout / "index.json").read_bytes())
        named = {one["annotations"]["org.opencontainers.image.ref.name"]: one for one in body["manifests"]}
        return {key: one for key, one in (named | self.written).items() if key not in self.untagged}

    def write(self, key: str, content: bytes, kind: str) -> str:
        digest = self.keep(content)
        entry = {"digest": digest, "mediaType": kind, "size": len(content)}
        self.written |= {key: entry, digest: entry}
        self.untagged.discard(key)
        return digest

    def keep(self, content: bytes) -> str:
        encoded = hashlib.sha256(content).hexdigest()
        (self.layout / "blobs" / "sha256" / encoded).write_bytes(content)
        return f"sha256:{encoded}"

    def referrers(self, digest: str) -> list[dict]:
        found = []
        for entry in {one["digest"]: one for one in self.written.values()}.values():
            body = json.loads(self.blob(entry["digest"]))
            if (body.get("subject") or {}).get("digest") == digest:
                kind = body.get("artifactType") or body["config"]["mediaType"]
                found.append({**entry, "artifactType": kind, "annotations": body.get("annotations", {})})
        return found

    def blob(self, digest: str) -> bytes | None:
        path = self.layout / "blobs" / "sha256" / digest.partition(":")[2]
        return path.read_bytes() if path.is_file() else None


@contextmanager
def serving(layout: Path, behaviour: Behaviour | None = None, tls: ssl.SSLContext | None = None) -> Iterator[Registry]:
    """The registry while it listens; over TLS where a context is given."""
    registry = Registry(layout, behaviour or Behaviour())

    class Handler(_Handler):
        pass

    Handler.registry = registry
    with listening(Handler, tls) as server:
        registry.host = f"127.0.0.1:{server.server_port}"
        yield registry


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: Registry

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        self._serve(b"")

    def do_HEAD(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers["Content-Length"])))

    def do_PUT(self) -> None:
        self.do_POST()

    def do_PATCH(self) -> None:
        self.do_POST()

    def do_DELETE(self) -> None:
        self._serve(b"")

    def _serve(self, body: bytes) -> None:
        registry, does = self.registry, self.registry.behaviour
        parts = urlsplit(self.path)
        registry.requests.append((self.command, self.path, dict(self.headers)))
        if parts.path == "/oauth2/exchange":
            form = parse_qs(body.decode())
            good = form.get("access_token") == [does.entra]
            self._json({"refresh_token": does.refresh} if good else {}, 200 if good else 401)
        elif parts.path == "/token":
            self._token(parse_qs(parts.query), parse_qs(body.decode()))
        elif parts.path.startswith("/store/"):
            self._blob(parts.path.rpartition("/")[2])
        elif does.failures:
            status, after = does.failures.pop(0)
            self._json({}, status, **({"Retry-After": after} if after else {}))
        elif not self._allowed():
            return
        elif parts.path.startswith("/acr/v1/team/cart/") and does.locks:
            self._azure(parts.path.removeprefix("/acr/v1/team/cart/"), body)
        elif parts.path in (f"{PREFIX}tags/list", "/v2/_catalog"):
            self._list(parts.path, parse_qs(parts.query))
        elif self.command == "DELETE":
            self._json({"errors": [{"code": "UNSUPPORTED", "message": "not here"}]}, 405)
        elif self.command in ("POST", "PUT"):
            self._write(parts.path.removeprefix(PREFIX), parse_qs(parts.query), body)
        elif parts.path.startswith(f"{PREFIX}referrers/") and does.lists:
            self._referrers(parts.path.removeprefix(f"{PREFIX}referrers/"), parse_qs(parts.query))
        elif parts.path.startswith(f"{PREFIX}manifests/"):
            self._manifest(parts.path.removeprefix(f"{PREFIX}manifests/"))
        elif parts.path.startswith(f"{PREFIX}blobs/"):
            digest = parts.path.removeprefix(f"{PREFIX}blobs/")
            if does.blobs_at:
                self._send(307, b"", Location=does.blobs_at.format(host=registry.host, digest=digest))
            else:
                self._blob(digest)
        else:
            self._json({"errors": [{"code": "NAME_UNKNOWN", "message": "repository\x1b[2J not known"}]}, 404)

    def _allowed(self) -> bool:
        registry, does = self.registry, self.registry.behaviour
        sent = self.headers.get("Authorization", "")
        if does.basic and sent != f"Basic {base64.b64encode(does.basic.encode()).decode()}":
            self._json({}, 401, **{"WWW-Authenticate": 'Basic realm="registry"'})
            return False
        if does.bearer:
            token = sent.removeprefix("Bearer ")
            left = registry.issued.get(token, 0)
            if not left:
                realm = does.realm or f"http://{registry.host}/token"
                action = "pull,push" if self.command in ("POST", "PUT") else "pull"
                challenge = f'Bearer realm="{realm}",service="the, registry",scope="repository:team/cart:{action}"'
                self._json({}, 401, **{"WWW-Authenticate": challenge})
                return False
            registry.issued[token] = left - 1
        return True

    def _token(self, query: dict[str, list[str]], form: dict[str, list[str]]) -> None:
        registry, does = self.registry, self.registry.behaviour
        asked = form or query
        scopes = (["repository:team/cart:pull"], ["repository:team/cart:pull,push"])
        good = asked.get("scope") in scopes and asked.get("service") == ["the, registry"]
        if form:
            good = good and form.get("refresh_token") == [does.refresh] and form["grant_type"] == ["refresh_token"]
        elif does.token_user:
            wanted = base64.b64encode(does.token_user.encode()).decode()
            good = good and self.headers.get("Authorization") == f"Basic {wanted}"
        if not good:
            self._json({}, 401)
            return
        token = f"token-{len(registry.issued)}"
        registry.issued[token] = does.token_uses
        lasts = {"expires_in": does.expires_in} if does.expires_in is not None else {}
        self._json({"access_token" if form else "token": token, **lasts})

    def _write(self, path: str, query: dict[str, list[str]], body: bytes) -> None:
        registry, does = self.registry, self.registry.behaviour
        if path == "blobs/uploads/":
            if query.get("from", [""])[0] in does.mounts:
                self._send(201, b"", Location=f"{PREFIX}blobs/{query['mount'][0]}")
                return
            registry.sessions.append(f"session-{len(registry.sessions)}")
            self._send(202, b"", Location=f"{PREFIX}blobs/uploads/{registry.sessions[-1]}?state=a%20b")
        elif path.startswith("blobs/uploads/"):
            if does.lost:
                does.lost -= 1
                self.close_connection = True
                return
            good = path.rpartition("/")[2] == registry.sessions[-1] and query.get("state") == ["a b"]
            digest = registry.keep(body)
            good = good and query.get("digest") == [digest]
            told = does.digest_header or digest
            self._send(201 if good else 400, b"", **{"Docker-Content-Digest": told})
        elif path.startswith("manifests/"):
            key = path.removeprefix("manifests/")
            if does.meanwhile:
                does.meanwhile.pop(0)(registry)
            now = registry.tags().get(key, {}).get("digest")
            wanted, absent = self.headers.get("If-Match"), self.headers.get("If-None-Match")
            if does.conditions and ((wanted and wanted != f'"{now}"') or (absent and now)):
                self._json({}, 412)
                return
            digest = registry.write(key, body, self.headers["Content-Type"])
            subject = (json.loads(body).get("subject") or {}).get("digest")
            more = {"OCI-Subject": subject} if subject and does.lists else {}
            self._send(201, b"", **{"Docker-Content-Digest": digest}, **more)

    def _azure(self, path: str, body: bytes) -> None:
        kind, _, name = path.partition("/")
        if self.command == "DELETE" and kind == "_tags":
            self.registry.untagged.add(name)
            self._json({}, 202)
        elif self.command == "PATCH" and kind == "_manifests":
            self.registry.locked[name] = json.loads(body)
            self._json({})
        else:
            self._json({}, 404)

    def _list(self, path: str, query: dict[str, list[str]]) -> None:
        does = self.registry.behaviour
        own = [one for one in self.registry.tags() if ":" not in one]
        names = ["team/cart"] if path == "/v2/_catalog" else sorted((*own, *does.listed))
        last, most = query.get("last", [""])[0], min(int(query.get("n", ["100"])[0]), does.most_listed)
        rest = names if does.circle else names[bisect_right(names, last) :]
        key = "repositories" if path == "/v2/_catalog" else "tags"
        following = f'<{path}?last={rest[most - 1]}&n={most}>; rel="next"' if len(rest) > most else ""
        self._json({"name": "team/cart", key: rest[:most]}, **({"Link": following} if following else {}))

    def _referrers(self, digest: str, query: dict[str, list[str]]) -> None:
        does = self.registry.behaviour
        all_of_them, start = self.registry.referrers(digest), int(query.get("after", ["0"])[0])
        page = all_of_them[start : start + does.page]
        kind = "application/vnd.oci.image.index.v1+json"
        body = {"schemaVersion": 2, "mediaType": kind, "manifests": page}
        following = does.elsewhere or f"{PREFIX}referrers/{digest}?after={start + does.page}"
        more = {"Link": f'<{following}>; rel="next"'} if start + does.page < len(all_of_them) else {}
        self._send(200, json.dumps(body).encode(), **{"Content-Type": kind}, **more)

    def _manifest(self, key: str) -> None:
        registry, does = self.registry, self.registry.behaviour
        entry = {"digest": key} if ":" in key else registry.tags().get(key)
        content = registry.blob(entry["digest"]) if entry else None
        if content is None:
            self._json({"errors": [{"code": "MANIFEST_UNKNOWN", "message": "unknown"}]}, 404)
            return
        kind = does.content_type or json.loads(content).get("mediaType", "")
        digest = does.digest_header or entry["digest"]
        etag = {"ETag": f'"{entry["digest"]}"'} if does.conditions else {}
        self._send(200, content, **{"Content-Type": kind, "Docker-Content-Digest": digest}, **etag)

    def _blob(self, digest: str) -> None:
        registry, does = self.registry, self.registry.behaviour
        content = registry.blob(digest)
        if content is None or self.command == "HEAD":
            self._json({}, 404 if content is None else 200)
            return
        content += does.extra
        begin = 0
        wanted = self.headers.get("Range")
        if wanted and does.ranges:
            begin = int(wanted.removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        stop = min(len(content), begin + does.break_after.pop(0)) if does.break_after else len(content)
        try:
            for start in range(begin, stop, 1024):
                if does.slow:
                    time.sleep(does.slow)
                self.wfile.write(content[start : min(start + 1024, stop)])
                self.wfile.flush()
        except OSError:
            pass
        if stop < len(content):
            self.close_connection = True

    def _json(self, body: dict, status: int = 200, **headers: str) -> None:
        self._send(status, json.dumps(body).encode(), **{"Content-Type": "application/json", **headers})

    def _send(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content if self.command != "HEAD" else b"")
