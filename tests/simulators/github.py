"""GitHub on loopback, with state: an App and its installation, checks, comments, code scanning, deployments, git.

Every request and every answer is held against GitHub's own description of its API; answers are its own examples with
what is true here put in.
"""

import base64
import gzip
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.octokit import description
from tests.simulators.described import Described, NotDescribedError, Operation
from tests.simulators.git_hosting import hosted, serve_git
from tests.simulators.listening import listening

APP, INSTALLATION = "1234", 77
TOKEN = "ghs_" + "t0ken"


@cache
def key() -> rsa.RSAPrivateKey:
    """Of the App."""
    return rsa.generate_private_key(65537, 2048)


def pem() -> str:
    """The key as GitHub gives it."""
    form, packed = serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    return key().private_bytes(serialization.Encoding.PEM, form, packed).decode()


@cache
def described() -> Described:
    """GitHub's API."""
    return Described(description())


@dataclass
class Pull:
    """A pull request."""

    number: int
    head: str
    base: str
    head_ref: str = "change"
    state: str = "open"


@dataclass
class Repo:
    """A repository."""

    id: int
    name: str
    folder: Path
    pulls: dict[int, Pull] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)
    annotations: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    comments: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    sarifs: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    waiting: dict[tuple[int, str], dict[str, Any]] = field(default_factory=dict)
    """Jobs that wait for a deployment, by run and environment: commit, ref and number of the deployment."""
    guarded: tuple[str, ...] = ("production",)
    """Environments whose protection rule is the App."""
    ended: list[dict[str, Any]] = field(default_factory=list)
    """What ended a wait: once each."""
    code_scanning: bool = True


@dataclass
class GitHub:
    """The whole of it."""

    root: Path
    base: str = ""
    repos: dict[str, Repo] = field(default_factory=dict)
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    """Statuses given before anything else, each once; the API's alone, not git's."""
    down: bool = False
    failing: str = r"(?!)"
    """Paths that are answered by 500, as a pattern."""
    limited_until: int = 0
    """Seconds since 1970 until which the API allows nothing more; 0: it does."""
    problems: list[str] = field(default_factory=list)
    """What was asked or answered that is not described."""
    tokens_made: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1_000, 1_000_000)))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def repo(self, name: str) -> Repo:
        """Make one."""
        folder = hosted(self.root, f"{name}.git")
        made = Repo(next(self.numbers), name, folder)
        self.repos[name] = made
        return made

    def check(self, name: str, commit: str, check: str = "Lockgate") -> dict[str, Any]:
        """The newest check run of that name on a commit."""
        found = [one for one in self.repos[name].checks if one["head_sha"] == commit and one["name"] == check]
        return found[-1]


Answer = tuple[int, Any]
_ROUTES: list[tuple[str, re.Pattern[str], Callable[..., Answer]]] = []


def _route(method: str, path: str) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    def kept(handler: Callable[..., Answer]) -> Callable[..., Answer]:
        _ROUTES.append((method, re.compile(path + r"\Z"), handler))
        return handler

    return kept


_REPO = r"/repos/([^/]+/[^/]+)"


@_route("POST", r"/app/installations/(\d+)/access_tokens")
def _token(hub: GitHub, op: Operation, query: Any, body: Any, number: str) -> Answer:
    hub.tokens_made += 1
    return 201, op.example(201) | {"token": TOKEN, "expires_at": "2099-01-01T00:00:00Z"}


@_route("GET", r"/app/installations")
def _installations(hub: GitHub, op: Operation, query: Any, body: Any) -> Answer:
    (one,) = op.example(200)
    return 200, [one | {"id": INSTALLATION, "suspended_at": None}]


@_route("GET", r"/installation/repositories")
def _repositories(hub: GitHub, op: Operation, query: Any, body: Any) -> Answer:
    example = op.example(200)
    listed = [
        example["repositories"][0] | {"id": one.id, "full_name": one.name, "default_branch": "main", "archived": False}
        for one in hub.repos.values()
    ]
    return 200, example | {"total_count": len(listed), "repositories": listed}


@_route("GET", _REPO)
def _repository(hub: GitHub, op: Operation, query: Any, body: Any, name: str) -> Answer:
    return 200, op.example(200) | {"id": hub.repos[name].id, "full_name": name, "default_branch": "main"}


@_route("GET", _REPO + r"/branches/([^/]+)")
def _branch(hub: GitHub, op: Operation, query: Any, body: Any, name: str, branch: str) -> Answer:
    commit = git(hub.repos[name].folder, "rev-parse", "--verify", "-q", f"refs/heads/{unquote(branch)}")
    if not commit:
        return 404, {"message": "Branch not found", "documentation_url": "https://docs.github.com/rest"}
    example = op.example(200)
    example["commit"]["sha"] = commit
    return 200, example | {"name": unquote(branch)}


@_route("GET", _REPO + r"/compare/(.+)")
def _compare(hub: GitHub, op: Operation, query: Any, body: Any, name: str, both: str) -> Answer:
    one, _, other = unquote(both).partition("...")
    folder = hub.repos[name].folder
    found = git(folder, "merge-base", one, other)
    example = op.example(200)
    example["merge_base_commit"]["sha"] = found
    listed = _logged(folder, f"{one}..{other}")[::-1] if query.get("page", ["1"])[0] == "1" else []
    commits = [_commit(example["commits"][0], one) for one in listed]
    return 200, example | {"total_commits": len(listed), "commits": commits}


@_route("GET", _REPO + r"/commits")
def _commits(hub: GitHub, op: Operation, query: Any, body: Any, name: str) -> Answer:
    listed = _logged(hub.repos[name].folder, query.get("sha", ["main"])[0])
    return 200, [_commit(op.example(200)[0], one) for one in listed]


def _logged(folder: Path, what: str) -> list[list[str]]:
    """Hash, address of the author and subject of commits, newest first."""
    told = git(folder, "log", "--format=%H%x00%ae%x00%s", what)
    return [line.split("\x00") for line in told.splitlines()]


def _commit(example: dict[str, Any], told: list[str]) -> dict[str, Any]:
    """A commit of somebody whom GitHub does not know."""
    made: dict[str, Any] = json.loads(json.dumps(example))
    made["commit"]["author"]["email"] = made["commit"]["committer"]["email"] = told[1]
    made["commit"]["message"] = told[2]
    return made | {"sha": told[0], "author": {}, "committer": {}}


@_route("GET", _REPO + r"/commits/([0-9a-f]{40})/status")
def _combined(hub: GitHub, op: Operation, query: Any, body: Any, name: str, commit: str) -> Answer:
    example = op.example(200)
    told = [one for one in hub.repos[name].statuses if one["sha"] == commit]
    listed = [example["statuses"][0] | {"state": one["state"], "context": one["context"]} for one in told]
    return 200, example | {"total_count": len(listed), "statuses": listed}


@_route("GET", _REPO + r"/pulls/(\d+)")
def _pull(hub: GitHub, op: Operation, query: Any, body: Any, name: str, number: str) -> Answer:
    return 200, _pull_of(op.example(200), hub.repos[name], hub.repos[name].pulls[int(number)])


@_route("GET", _REPO + r"/pulls")
def _pulls(hub: GitHub, op: Operation, query: Any, body: Any, name: str) -> Answer:
    repo = hub.repos[name]
    return 200, [_pull_of(op.example(200)[0], repo, one) for one in repo.pulls.values() if one.state == "open"]


def _pull_of(example: dict[str, Any], repo: Repo, pull: Pull) -> dict[str, Any]:
    example |= {"number": pull.number, "state": pull.state}
    example["head"] |= {"sha": pull.head, "ref": pull.head_ref}
    example["head"]["repo"]["id"] = repo.id
    example["base"] |= {"sha": pull.base, "ref": "main"}
    return example


@_route("POST", _REPO + r"/check-runs")
def _check(hub: GitHub, op: Operation, query: Any, body: Any, name: str) -> Answer:
    number = next(hub.numbers)
    made = {"id": number, "status": "queued", "conclusion": None, "app_id": int(APP), **body}
    hub.repos[name].checks.append(made)
    _annotated(hub.repos[name], made, body)
    return 201, _check_of(op.example(201), hub.repos[name], made)


@_route("PATCH", _REPO + r"/check-runs/(\d+)")
def _check_more(hub: GitHub, op: Operation, query: Any, body: Any, name: str, number: str) -> Answer:
    (known,) = [one for one in hub.repos[name].checks if one["id"] == int(number)]
    known.update(body)
    _annotated(hub.repos[name], known, body)
    return 200, _check_of(op.example(200), hub.repos[name], known)


def _annotated(repo: Repo, known: dict[str, Any], body: dict[str, Any]) -> None:
    """Annotations of one request are added to those before. More than 50 are refused, as the description says."""
    more = body.get("output", {}).get("annotations", [])
    assert len(more) <= 50
    repo.annotations.setdefault(known["id"], []).extend(more)


def _check_of(example: dict[str, Any], repo: Repo, known: dict[str, Any]) -> dict[str, Any]:
    shown = {key: known.get(key) for key in ("id", "name", "head_sha", "status", "conclusion", "external_id")}
    return example | shown


@_route("GET", _REPO + r"/commits/([0-9a-f]{40})/check-runs")
def _checks(hub: GitHub, op: Operation, query: Any, body: Any, name: str, commit: str) -> Answer:
    repo, wanted = hub.repos[name], query.get("check_name", [""])[0]
    found = list({
        one["name"]: one for one in repo.checks if one["head_sha"] == commit and wanted in ("", one["name"])
    }.values())
    example = op.example(200)
    listed = [_check_of(dict(example["check_runs"][0]), repo, one) for one in found]
    return 200, {"total_count": len(listed), "check_runs": listed}


@_route("GET", _REPO + r"/issues/(\d+)/comments")
def _comments(hub: GitHub, op: Operation, query: Any, body: Any, name: str, number: str) -> Answer:
    found = [one for one in hub.repos[name].comments if one["number"] == int(number)]
    return 200, [op.example(200)[0] | {"id": one["id"], "body": one["body"]} for one in found]


@_route("POST", _REPO + r"/issues/(\d+)/comments")
def _comment(hub: GitHub, op: Operation, query: Any, body: Any, name: str, number: str) -> Answer:
    made = {"id": next(hub.numbers), "number": int(number), "ours": True, **body}
    hub.repos[name].comments.append(made)
    return 201, op.example(201) | {"id": made["id"], "body": made["body"]}


@_route("PATCH", _REPO + r"/issues/comments/(\d+)")
def _comment_anew(hub: GitHub, op: Operation, query: Any, body: Any, name: str, number: str) -> Answer:
    (known,) = [one for one in hub.repos[name].comments if one["id"] == int(number)]
    if not known["ours"]:
        return 403, {"message": "Resource not accessible by integration"}
    known.update(body)
    return 200, op.example(200) | {"id": known["id"], "body": known["body"]}


@_route("POST", _REPO + r"/statuses/([0-9a-f]{40})")
def _status(hub: GitHub, op: Operation, query: Any, body: Any, name: str, commit: str) -> Answer:
    hub.repos[name].statuses.append({"sha": commit, **body})
    return 201, op.example(201) | {"state": body["state"], "context": body["context"]}


@_route("POST", _REPO + r"/code-scanning/sarifs")
def _sarif(hub: GitHub, op: Operation, query: Any, body: Any, name: str) -> Answer:
    if not hub.repos[name].code_scanning:
        return 403, {"message": "Code Security must be enabled for this repository to use code scanning."}
    log = json.loads(gzip.decompress(base64.b64decode(body["sarif"])))
    hub.repos[name].sarifs.append(body | {"sarif": log})
    return 202, op.example(202)


@_route("POST", _REPO + r"/actions/runs/(\d+)/deployment_protection_rule")
def _protection(hub: GitHub, op: Operation, query: Any, body: Any, name: str, run: str) -> Answer:
    repo, wait = hub.repos[name], (int(run), body["environment_name"])
    if repo.waiting and wait not in repo.waiting:
        return 422, {"message": "There are no pending deployment requests to approve or reject."}
    repo.answers.append({"run": int(run), **body})
    if "state" in body and wait in repo.waiting:
        repo.ended.append({"run": int(run), **body} | repo.waiting.pop(wait))
    return 204, None


@_route("GET", _REPO + r"/actions/runs")
def _action_runs(hub: GitHub, op: Operation, query: Any, body: Any, name: str) -> Answer:
    assert query["status"] == ["waiting"]
    repo, example = hub.repos[name], op.example(200)
    runs = {
        run: example["workflow_runs"][0] | {"id": run, "head_sha": one["commit"], "head_branch": "main"}
        for (run, _), one in repo.waiting.items()
    }
    return 200, {"total_count": len(runs), "workflow_runs": list(runs.values())}


@_route("GET", _REPO + r"/actions/runs/(\d+)/pending_deployments")
def _pending(hub: GitHub, op: Operation, query: Any, body: Any, name: str, run: str) -> Answer:
    (example, *_) = op.example(200)
    names = [environment for number, environment in hub.repos[name].waiting if number == int(run)]
    return 200, [example | {"environment": example["environment"] | {"name": one}} for one in names]


@_route("GET", _REPO + r"/environments/([^/]+)/deployment_protection_rules")
def _rules(hub: GitHub, op: Operation, query: Any, body: Any, name: str, environment: str) -> Answer:
    told = op.example(200)
    rule = told["custom_deployment_protection_rules"][0] if "custom_deployment_protection_rules" in told else {}
    rule |= {"enabled": True, "app": {"id": int(APP), "node_id": "x", "slug": "lockgate", "integration_url": "x"}}
    rule |= {"id": 3, "node_id": "y"}
    listed = [rule] if unquote(environment) in hub.repos[name].guarded else []
    return 200, {"total_count": len(listed), "custom_deployment_protection_rules": listed}


@_route("GET", _REPO + r"/deployments")
def _deployments(hub: GitHub, op: Operation, query: Any, body: Any, name: str) -> Answer:
    (example, *_) = op.example(200)
    wanted = query["environment"][0]
    return 200, [
        example | {"id": one["deployment"], "sha": one["commit"], "ref": one["ref"], "environment": environment}
        for (_, environment), one in hub.repos[name].waiting.items()
        if environment == wanted and one["commit"] == query["sha"][0]
    ]  # fmt: skip


@_route("GET", r"/app")
def _app(hub: GitHub, op: Operation, query: Any, body: Any) -> Answer:
    return 200, op.example(200) | {"id": int(APP)}


@_route("GET", r"/app/hook/deliveries")
def _deliveries(hub: GitHub, op: Operation, query: Any, body: Any) -> Answer:
    (example, *_) = op.example(200)
    return 200, [
        example | {name: one[name] for name in ("id", "guid", "event", "status_code", "delivered_at")}
        for one in reversed(hub.deliveries)
    ]  # fmt: skip


@_route("GET", r"/app/hook/deliveries/(\d+)")
def _delivery(hub: GitHub, op: Operation, query: Any, body: Any, number: str) -> Answer:
    (one,) = [each for each in hub.deliveries if each["id"] == int(number)]
    example = op.example(200)
    example["request"] = {"headers": {"X-GitHub-Event": one["event"]}, "payload": one["payload"]}
    return 200, example | {"id": one["id"], "guid": one["guid"], "event": one["event"]}


def git(folder: Path, *arguments: str) -> str:
    """What git says in a folder; empty where it refuses."""
    import subprocess

    return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True).stdout.strip()


@contextmanager
def github(root: Path) -> Iterator[GitHub]:
    """It, for as long as a test needs it."""
    hub = GitHub(root)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            body = self._body()
            if ".git/" in parts.path:
                serve_git(self, hub.root, parts.path, TOKEN, body)
                return
            with hub.lock:
                hub.asked.append((self.command, parts.path))
                status, said = self._api(parts.path, parts.query, json.loads(body) if body else None)
            content = b"" if said is None else json.dumps(said).encode()
            tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
            if self.command == "GET" and status == 200 and self.headers.get("If-None-Match") == tag:
                status, content = 304, b""
            self.send_response(status)
            if status == 200 and self.command == "GET":
                self.send_header("ETag", tag)
            self.send_header("x-ratelimit-remaining", "0" if hub.limited_until else "4999")
            self.send_header("x-ratelimit-reset", str(hub.limited_until or 4_102_444_800))
            self.send_header("x-ratelimit-resource", "core")
            if status not in (204, 304):
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def _api(self, path: str, query: str, body: Any) -> Answer:
            if hub.limited_until:
                return 403, {"message": "API rate limit exceeded for installation ID 77."}
            if hub.down or re.search(hub.failing, path):
                return 500, {"message": "Server Error"}
            if hub.failures:
                return hub.failures.pop(0), {"message": "Server Error"}
            if not self._is_known(path):
                return 401, {"message": "Bad credentials"}
            try:
                operation = described().operation(self.command, path)
                operation.check_request(query, body)
                for method, pattern, handler in _ROUTES:
                    found = pattern.match(path)
                    if method == self.command and found:
                        status, said = handler(hub, operation, parse_qs(query), body, *found.groups())
                        if status < 300:
                            operation.check_answer(status, said)
                        return status, said
            except (NotDescribedError, KeyError, AssertionError) as error:
                hub.problems.append(f"{type(error).__name__}: {error}")
                return 422, {"message": str(error)[:500]}
            hub.problems.append(f"{self.command} {path} is not simulated")
            return 404, {"message": "Not Found"}

        def _is_known(self, path: str) -> bool:
            shown = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if not path.startswith("/app"):
                return shown == TOKEN
            try:
                return bool(jwt.decode(shown, key().public_key(), algorithms=["RS256"], issuer=APP))
            except jwt.PyJWTError:
                return False

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815 -- names of the standard library

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with listening(Handler) as server:
        hub.base = f"http://127.0.0.1:{server.server_port}"
        yield hub
