"""The HTTP(S) side: reads requests, finds what they ask for, writes answers and streams."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import ssl
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import yaml

from . import access, discovery, protobuf, reads, tables
from .access import Ask, User
from .kinds import Kind
from .routes import Target, check_verb, named, target_of
from .status import ApiError, bad_request, no_such_path
from .verbs import Call, Verbs

MAX_BODY = 3 * 1024 * 1024
_VERSION = {
    "major": "1", "minor": "33", "gitVersion": "v1.33.0-simulated", "gitCommit": "", "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z", "goVersion": "", "compiler": "", "platform": "linux/amd64",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """An answer that a test wants in place of the true one."""

    code: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0
    """Seconds before anything is written."""
    cut: bool = False
    """Announce more than is sent, then hang up."""
    go_on: bool = False
    """After the delay answer truly."""


class Listener(ThreadingHTTPServer):
    """Accepts; the TLS handshake is made in the thread of the connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, simulator: Any, context: ssl.SSLContext | None, host: str) -> None:
        self.simulator = simulator
        super().__init__((host, 0), Handler)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up or fails the handshake is no news."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Listener
    timeout = 60
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave in one segment, else a client waits 40 ms for its delayed acknowledgement

    def log_message(self, *_: Any) -> None:
        """Kept in ``simulator.audit`` instead."""

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_GET  # noqa: N815

    def _answer(self) -> None:
        simulator = self.server.simulator
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        entry: dict[str, Any] = {"method": self.command, "path": url.path, "query": query, "time": time.time()}
        self.warnings: list[str] = []
        try:
            content = self._content()
            fault = simulator.fault(self.command, url.path, query) if simulator.fault else None
            if fault is not None and self._failed(fault):
                entry["code"] = fault.code
                return
            self._dispatch(simulator, url.path, query, content, entry)
        except ApiError as error:
            entry["code"] = error.code
            self._send(error.code, error.body, headers=error.headers)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True
        finally:
            simulator.audit.append(entry)

    def _failed(self, fault: Fault) -> bool:
        if fault.delay:
            self.server.simulator.stopping.wait(fault.delay)
        if fault.go_on:
            return False
        self.send_response(fault.code)
        for name, value in fault.headers.items():
            self.send_header(name, value)
        if "Content-Type" not in fault.headers:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(fault.body) + (1000 if fault.cut else 0)))
        self.end_headers()
        self.wfile.write(fault.body)
        if fault.cut:
            self.close_connection = True
        return True

    def _content(self) -> bytes:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            self.close_connection = True
            raise ApiError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {MAX_BODY}")
        if "chunked" in (self.headers.get("Transfer-Encoding") or ""):
            return self._chunks()
        return self.rfile.read(length)

    def _chunks(self) -> bytes:
        parts, total = [], 0
        while size := int(self.rfile.readline().split(b";")[0], 16):
            total += size
            if total > MAX_BODY:
                self.close_connection = True
                raise ApiError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {MAX_BODY}")
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _dispatch(self, simulator: Any, path: str, query: dict[str, str], content: bytes, entry: dict[str, Any],
                  ) -> None:  # fmt: skip
        certificate = getattr(self.connection, "getpeercert", dict)()
        user = simulator.authenticator.user(self.headers.get("Authorization"), certificate)
        entry["user"] = user.name
        parts = [urllib.parse.unquote(part) for part in path.strip("/").split("/")]
        if parts[:3] == ["api", "v1", "nodes"] and parts[4:] == ["proxy", "stats", "summary"]:
            nodes = simulator.registry.find("", "v1", "nodes")
            simulator.authorizer.require(user, Ask("get", nodes, "proxy", "", parts[3]))
            entry["verb"] = "get"
            entry["code"] = self._send(200, simulator.kubelet.summary(parts[3]))
            return
        target = target_of(simulator.registry, parts)
        if target is None:
            simulator.authorizer.require(user, Ask(self.command.lower(), path=path))
            entry["code"] = self._about_server(simulator, path, parts)
            return
        verb = self._verb(target, query)
        name = target.name or named(query.get("fieldSelector", ""))
        ask = Ask(verb, target.kind, target.subresource, target.namespace, name)
        simulator.authorizer.require(user, ask)
        entry.update(verb=verb, resource=target.kind.plural, namespace=target.namespace, name=target.name)
        check_verb(target, verb)
        if verb in ("list", "watch"):
            entry["code"] = 200
            self._read(simulator, target, query, watch=verb == "watch")
            return
        call = self._call(user, target, query)
        if target.subresource == "log":
            simulator.verbs.get(Call(user, target.kind, target.namespace, target.name))
            entry["code"] = 200
            self._stream(simulator.kubelet.log(target.namespace, target.name, query, simulator.stopping))
            return
        try:
            code, body = self._object(simulator, verb, call, content, query)
        finally:
            self.warnings += call.warnings
            entry["annotations"] = call.annotations
        entry["code"] = code
        self._send(code, self._formed(target.kind, body, query))

    def _verb(self, target: Target, query: dict[str, str]) -> str:
        if self.command in ("GET", "HEAD"):
            if target.name:
                return "get"
            return "watch" if query.get("watch") in ("true", "1") else "list"
        if self.command == "DELETE":
            return "delete" if target.name else "deletecollection"
        return {"POST": "create", "PUT": "update", "PATCH": "patch"}[self.command]

    def _call(self, user: User, target: Target, query: dict[str, str]) -> Call:
        agent = (self.headers.get("User-Agent") or "unknown").partition("/")[0]
        strictness = query.get("fieldValidation") or "Warn"
        if strictness not in ("Ignore", "Warn", "Strict") or query.get("dryRun", "All") not in ("All", ""):
            raise bad_request("invalid value for fieldValidation or dryRun")
        return Call(
            user, target.kind, target.namespace, target.name, target.subresource, query.get("dryRun") == "All",
            query.get("fieldManager") or ("unknown" if self.command == "PATCH" and "apply" in (
                self.headers.get("Content-Type") or "") else agent),
            strictness, query.get("force") == "true",
        )  # fmt: skip

    def _object(self, simulator: Any, verb: str, call: Call, content: bytes, query: dict[str, str],
                ) -> tuple[int, dict[str, Any]]:  # fmt: skip
        verbs: Verbs = simulator.verbs
        if call.subresource not in ("", "status"):
            raise ApiError(501, "NotImplemented", f"{call.kind.plural}/{call.subresource} is not simulated")
        if verb == "get":
            return 200, verbs.get(call)
        options = {"kind": {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions"}.get(verb),
                   "apiVersion": "meta.k8s.io/v1"}  # fmt: skip
        call.options = {**options, **{key: query[key] for key in ("fieldManager", "fieldValidation") if key in query},
                        **({"dryRun": ["All"]} if call.dry_run else {})}  # fmt: skip
        if verb in ("delete", "deletecollection"):
            given = self._parsed(content) if content else {}
            call.options = {"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1", **given}
            call.dry_run = call.dry_run or given.get("dryRun") == ["All"]
            for key in ("propagationPolicy", "gracePeriodSeconds"):
                if key in query:
                    call.options[key] = int(query[key]) if key.startswith("grace") else query[key]
            return 200, verbs.delete(call) if verb == "delete" else self._delete_all(simulator, call, query)
        body = self._parsed(content)
        if verb == "create":
            if call.kind.verbs == ("create",):
                return 201, access.review(call.kind, body, call.user, call.namespace, authorizer=simulator.authorizer,
                                          authenticator=simulator.authenticator)  # fmt: skip
            return 201, verbs.create(call, body)
        if verb == "update":
            return 200, verbs.update(call, body)
        patched, created = verbs.patch(call, self._media_type(), body)
        return (201 if created else 200), patched

    def _delete_all(self, simulator: Any, call: Call, query: dict[str, str]) -> dict[str, Any]:
        kind = call.kind
        found, at, *_ = simulator.store.page(
            kind.key, call.namespace, wanted=reads.Query.of(query).wanted(kind)
        )  # fmt: skip
        for body in found:
            simulator.verbs.delete(Call(
                call.user, kind, body["metadata"].get("namespace", ""), body["metadata"]["name"],
                dry_run=call.dry_run, options=call.options,
            ))  # fmt: skip
        return {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": {"resourceVersion": str(at)},
                "items": found}  # fmt: skip

    def _media_type(self) -> str:
        return (self.headers.get("Content-Type") or "application/json").partition(";")[0].strip()

    def _parsed(self, content: bytes) -> Any:
        kind = self._media_type()
        if "protobuf" in kind:
            try:
                if (body := protobuf.decode(content)) is not None:
                    return body
            except (ValueError, IndexError) as error:
                raise bad_request(f"unable to decode the request body: {error}") from None
        if "protobuf" in kind or "cbor" in kind:
            said = "the body of the request was in an unknown format - accepted media types include: application/json"
            raise ApiError(415, "UnsupportedMediaType", f"{said}, application/yaml")
        try:
            return yaml.safe_load(content) if "yaml" in kind else json.loads(content)
        except (ValueError, yaml.YAMLError) as error:
            raise bad_request(f"unable to decode the request body: {error}") from None

    def _form(self) -> str:
        for one in (self.headers.get("Accept") or "*/*").split(","):
            kind, *parameters = (part.strip() for part in one.split(";"))
            told = dict(part.split("=", 1) for part in parameters if "=" in part)
            if kind not in ("application/json", "*/*", "application/*", "application/yaml"):
                continue
            if told.get("as") == "Table" and told.get("v") == "v1":
                return "table"
            if (told.get("as") or "").startswith("PartialObjectMetadata") and told.get("v") == "v1":
                return "metadata"
            if "as" not in told:
                return "json"
        said = "only the following media types are accepted: application/json, application/yaml"
        raise ApiError(406, "NotAcceptable", said)

    def _formed(self, kind: Kind, body: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        form = self._form()
        if body.get("kind") != kind.kind or not body.get("metadata", {}).get("uid"):
            return body
        if form == "table":
            metadata = {"resourceVersion": body["metadata"].get("resourceVersion", "")}
            include = query.get("includeObject", "Metadata")
            return tables.table(kind, [reads.view(kind, body)], metadata, include=include)
        return tables.partial(body) if form == "metadata" else reads.view(kind, body)

    def _read(self, simulator: Any, target: Target, query: dict[str, str], *, watch: bool) -> None:
        asked, form = reads.Query.of(query), self._form()
        if not watch:
            self._send(200, reads.listing(simulator.store, target.kind, target.namespace, asked, form))
            return
        events = reads.watching(
            simulator.store, target.kind, target.namespace, asked, form, bookmark_every=simulator.bookmark_every,
            stopped=simulator.stopping.is_set,
        )  # fmt: skip
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        for event in events:
            if event is not None:
                line = json.dumps(event).encode() + b"\n"
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                self.wfile.flush()
            elif self._hung_up():
                self.close_connection = True
                return
        self.wfile.write(b"0\r\n\r\n")

    def _stream(self, pieces: Iterator[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        for piece in pieces:
            if piece:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            else:
                self.wfile.flush()
                if self._hung_up():
                    self.close_connection = True
                    return
        self.wfile.write(b"0\r\n\r\n")

    def _hung_up(self) -> bool:
        import select

        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable)

    def _about_server(self, simulator: Any, path: str, parts: list[str]) -> int:
        registry = simulator.registry
        if path in ("/healthz", "/livez", "/readyz"):
            return self._send(200, b"ok", kind="text/plain; charset=utf-8")
        if path == "/version" or path == "/version/":
            return self._send(200, _VERSION)
        if path in ("/api", "/apis"):
            wanted = re.search(r"g=apidiscovery\.k8s\.io;v=(v2|v2beta1);as=APIGroupDiscoveryList",
                               self.headers.get("Accept") or "")  # fmt: skip
            if wanted:
                body = discovery.aggregated(registry, core=path == "/api", version=wanted[1])
                return self._tagged(body, discovery.AGGREGATED.format(version=wanted[1]))
            return self._send(200, discovery.api_versions(simulator.url) if path == "/api" else
                              discovery.group_list(registry))  # fmt: skip
        if parts[0] == "api" and len(parts) == 2:
            return self._send(200, discovery.resource_list(registry, "", parts[1]))
        if parts[0] == "apis" and len(parts) == 2:
            return self._send(200, discovery.group(registry, parts[1]))
        if parts[0] == "apis" and len(parts) == 3:
            return self._send(200, discovery.resource_list(registry, parts[1], parts[2]))
        if parts[:2] == ["openapi", "v3"]:
            if len(parts) == 2:
                return self._tagged(discovery.openapi_index(registry), "application/json")
            group = "" if parts[2] == "api" else parts[3]
            return self._tagged(discovery.openapi(registry, group, parts[-1]), "application/json")
        if parts == ["openapi", "v2"] and "proto" in (self.headers.get("Accept") or ""):
            kind = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
            return self._send(200, discovery.OPENAPI_V2, kind=kind)
        raise no_such_path()

    def _tagged(self, body: dict[str, Any], kind: str) -> int:
        content = json.dumps(body).encode()
        tag = f'"{hashlib.sha512(content).hexdigest().upper()}"'
        headers = {"ETag": tag, "Vary": "Accept", "Cache-Control": "public"}
        if self.headers.get("If-None-Match") == tag:
            return self._send(304, b"", kind=kind, headers=headers)
        return self._send(200, content, kind=kind, headers=headers)

    def _send(self, code: int, body: Any, *, kind: str = "application/json", headers: dict[str, str] | None = None,
              ) -> int:  # fmt: skip
        if not isinstance(body, bytes):
            accept = (self.headers.get("Accept") or "").partition(",")[0]
            if accept.startswith("application/yaml"):
                body, kind = yaml.safe_dump(body).encode(), "application/yaml"
            else:
                body = json.dumps(body).encode() + b"\n"
        self.send_response(code)
        if len(body) > 128 * 1024 and "gzip" in (self.headers.get("Accept-Encoding") or ""):
            body = gzip.compress(body, 1)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", kind)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        for text in dict.fromkeys(self.warnings):
            self.send_header("Warning", _warning(text))
        if code != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and code != 304:
            self.wfile.write(body)
        return code


def _warning(text: str) -> str:
    """RFC 7234 form with code 299; control signs out, at most 256 characters, as the server cuts them."""
    clean = "".join(sign if sign.isprintable() else " " for sign in text)[:256]
    quoted = clean.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{quoted}"'.encode().decode("latin-1")


FaultFinder = Callable[[str, str, dict[str, str]], Fault | None]
