"""Azure DevOps and GitLab on loopback, with state, by their documentation: what a pull request and its verdict need.

Lists of Azure DevOps are ``{count, value}``, as the service and the recordings of its specification have them.
"""

import gzip
import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.simulators.git_hosting import hosted, serve_git
from tests.simulators.listening import listening

TOKEN = "forge-" + "t0ken"
REPOSITORY, PROJECT = "278d5cd2-584d-4b63-824a-2ba458937249", "6ce954b1-ce1f-45d1-b94d-e6bf2464ba2c"
Answer = tuple[int, Any]
Handlers = list[tuple[str, re.Pattern[str], Callable[..., Answer]]]


@dataclass
class OtherForge:
    """One repository and all that is said about it."""

    root: Path
    base: str = ""
    folder: Path = Path()
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    pull_statuses: list[dict[str, Any]] = field(default_factory=list)
    threads: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    feeds: list[dict[str, Any]] = field(default_factory=list)
    approvals: list[dict[str, Any]] = field(default_factory=list)
    deployments: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Of GitLab, as its API describes them."""
    checks: dict[str, str] = field(default_factory=dict)
    """Of Azure DevOps: states of the tasks of checks."""
    sarifs: list[dict[str, Any]] = field(default_factory=list)
    """Of Azure DevOps: logs that its Advanced Security took."""
    advanced_security: bool = True
    failing: str = r"(?!)"
    """Paths that are answered by 500, as a pattern."""
    unknown: list[str] = field(default_factory=list)
    versions: set[str] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(100, 100_000)))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def git(self, *arguments: str) -> str:
        """What git says in the repository; empty where it refuses."""
        done = subprocess.run(["git", "-C", str(self.folder), *arguments], capture_output=True, text=True)
        return done.stdout.strip()


def _listed(items: list[Any]) -> Answer:
    return 200, {"count": len(items), "value": items}


_AZURE: Handlers = []
_GITLAB: Handlers = []


def _on(handlers: Handlers, method: str, path: str) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    def kept(handler: Callable[..., Answer]) -> Callable[..., Answer]:
        handlers.append((method, re.compile(path + r"\Z", re.IGNORECASE), handler))
        return handler

    return kept


_GIT = rf"/harbour/Web/_apis/git/repositories/{REPOSITORY}"


@_on(_AZURE, "GET", r"/harbour/_apis/projects")
def _projects(forge: OtherForge, query: Any, body: Any) -> Answer:
    return _listed([{"id": PROJECT, "name": "Web", "visibility": "private"}])


@_on(_AZURE, "GET", rf"/harbour/{PROJECT}/_apis/git/repositories")
def _repositories(forge: OtherForge, query: Any, body: Any) -> Answer:
    return _listed([_azure_repository()])


def _azure_repository() -> dict[str, Any]:
    return {"id": REPOSITORY, "name": "Shop", "defaultBranch": "refs/heads/main", "isDisabled": False,
            "project": {"id": PROJECT, "name": "Web", "visibility": "private"}}  # fmt: skip


@_on(_AZURE, "GET", _GIT)
def _repository(forge: OtherForge, query: Any, body: Any) -> Answer:
    return 200, _azure_repository()


@_on(_AZURE, "GET", _GIT + "/refs")
def _refs(forge: OtherForge, query: Any, body: Any) -> Answer:
    listed = forge.git("for-each-ref", "--format=%(refname) %(objectname)", f"refs/{query['filter'][0]}*").split("\n")
    pairs = [line.split() for line in listed if line]
    return _listed([{"name": name, "objectId": commit} for name, commit in pairs])


@_on(_AZURE, "GET", _GIT + r"/pullrequests/(\d+)")
def _azure_pull(forge: OtherForge, query: Any, body: Any, number: str) -> Answer:
    return 200, forge.pulls[int(number)]


@_on(_AZURE, "GET", _GIT + r"/pullrequests")
def _azure_pulls(forge: OtherForge, query: Any, body: Any) -> Answer:
    skip = int(query.get("$skip", ["0"])[0])
    return _listed([one for one in forge.pulls.values() if one["status"] == "active"][skip : skip + 100])


@_on(_AZURE, "GET", _GIT + r"/commits/([0-9a-f]{40})/mergebases")
def _bases(forge: OtherForge, query: Any, body: Any, commit: str) -> Answer:
    found = forge.git("merge-base", commit, query["otherCommitId"][0])
    return _listed([{"commitId": found}] if found else [])


@_on(_AZURE, "POST", _GIT + r"/commits/([0-9a-f]{40})/statuses")
def _azure_status(forge: OtherForge, query: Any, body: Any, commit: str) -> Answer:
    forge.statuses.append({"commit": commit, "id": next(forge.numbers), **body})
    return 201, forge.statuses[-1]


@_on(_AZURE, "GET", _GIT + r"/commits/([0-9a-f]{40})/statuses")
def _azure_statuses(forge: OtherForge, query: Any, body: Any, commit: str) -> Answer:
    return _listed([one for one in forge.statuses if one["commit"] == commit])


@_on(_AZURE, "GET", _GIT + r"/pullRequests/(\d+)/iterations")
def _iterations(forge: OtherForge, query: Any, body: Any, number: str) -> Answer:
    return _listed(forge.pulls[int(number)]["iterations"])


@_on(_AZURE, "POST", _GIT + r"/pullRequests/(\d+)/statuses")
def _pull_status(forge: OtherForge, query: Any, body: Any, number: str) -> Answer:
    forge.pull_statuses.append({"number": int(number), **body})
    return 201, forge.pull_statuses[-1]


@_on(_AZURE, "GET", _GIT + r"/pullRequests/(\d+)/threads")
def _threads(forge: OtherForge, query: Any, body: Any, number: str) -> Answer:
    return _listed(forge.threads)


@_on(_AZURE, "POST", _GIT + r"/pullRequests/(\d+)/threads")
def _thread(forge: OtherForge, query: Any, body: Any, number: str) -> Answer:
    made = {"id": next(forge.numbers), **body, "comments": [{"id": 1, **body["comments"][0]}]}
    forge.threads.append(made)
    return 201, made


@_on(_AZURE, "PATCH", _GIT + r"/pullRequests/(\d+)/threads/(\d+)")
def _thread_anew(forge: OtherForge, query: Any, body: Any, number: str, thread: str) -> Answer:
    (known,) = [one for one in forge.threads if one["id"] == int(thread)]
    known.update(body)
    return 200, known


@_on(_AZURE, "PATCH", _GIT + r"/pullRequests/(\d+)/threads/(\d+)/comments/(\d+)")
def _said_anew(forge: OtherForge, query: Any, body: Any, number: str, thread: str, comment: str) -> Answer:
    (known,) = [one for one in forge.threads if one["id"] == int(thread)]
    known["comments"][0].update(body)
    return 200, known["comments"][0]


@_on(_AZURE, "POST", rf"/harbour/{PROJECT}/_apis/distributedtask/hubs/build/plans/([0-9a-f-]+)/events")
def _event(forge: OtherForge, query: Any, body: Any, plan: str) -> Answer:
    if forge.checks.get(body["taskId"], "inProgress") == "completed":
        return 404, {"message": f"The task {body['taskId']} waits for nothing."}
    forge.checks[body["taskId"]] = "completed"
    forge.events.append({"plan": plan, **body})
    return 204, None


@_on(
    _AZURE, "POST",
    rf"/harbour/{PROJECT}/_apis/distributedtask/hubs/build/plans/([0-9a-f-]+)/timelines/([0-9a-f-]+)/records/([0-9a-f-]+)/feed",
)  # fmt: skip
def _feed(forge: OtherForge, query: Any, body: Any, plan: str, timeline: str, record: str) -> Answer:
    assert body["count"] == len(body["value"])
    forge.feeds.append(body)
    return 204, None


@_on(
    _AZURE, "GET",
    rf"/harbour/{PROJECT}/_apis/distributedtask/hubs/build/plans/([0-9a-f-]+)/timelines/([0-9a-f-]+)/records",
)  # fmt: skip
def _records(forge: OtherForge, query: Any, body: Any, plan: str, timeline: str) -> Answer:
    return _listed([{"id": task, "state": state, "type": "Task"} for task, state in forge.checks.items()])


@_on(_AZURE, "POST", rf"/harbour/Web/_apis/alert/repositories/{REPOSITORY}/sarifs")
def _sarif(forge: OtherForge, query: Any, body: Any) -> Answer:
    if not forge.advanced_security:
        return 403, {"message": "Advanced Security is not enabled for this repository."}
    forge.sarifs.append(json.loads(gzip.decompress(body)))
    return 201, next(forge.numbers)


_LAB = r"/api/v4/projects/15"
BOT = 49
"""Whose token it is."""


@_on(_GITLAB, "GET", r"/api/v4/user")
def _lab_user(forge: OtherForge, query: Any, body: Any) -> Answer:
    return 200, {"id": BOT, "username": "project_15_bot"}


_LAB_NAMED = r"/api/v4/projects/(?:15|harbour%2Fshop)/repository"


@_on(_GITLAB, "GET", _LAB_NAMED + r"/compare")
def _lab_compare(forge: OtherForge, query: Any, body: Any) -> Answer:
    return 200, {"commits": _logged(forge, f"{query['from'][0]}..{query['to'][0]}")[::-1]}


@_on(_GITLAB, "GET", _LAB_NAMED + r"/commits")
def _lab_commits(forge: OtherForge, query: Any, body: Any) -> Answer:
    return 200, _logged(forge, query["ref_name"][0])


def _logged(forge: OtherForge, what: str) -> list[dict[str, Any]]:
    """Commits as GitLab describes them, newest first."""
    told = forge.git("log", "--format=%H%x00%ae%x00%ce%x00%s", what).splitlines()
    names = ("id", "author_email", "committer_email", "message")
    return [dict(zip(names, line.split("\x00"), strict=True)) for line in told]


@_on(_GITLAB, "GET", _LAB_NAMED + r"/commits/([0-9a-f]{40})/statuses")
def _lab_statuses(forge: OtherForge, query: Any, body: Any, commit: str) -> Answer:
    newest = {one["name"]: one["state"] for one in forge.statuses if one["commit"] == commit}
    return 200, [{"id": 1, "sha": commit, "name": name, "status": state} for name, state in newest.items()]


@_on(_GITLAB, "GET", _LAB + r"/deployments")
def _lab_deployments(forge: OtherForge, query: Any, body: Any) -> Answer:
    return 200, [one for one in forge.deployments.values() if one["status"] == query["status"][0]]


@_on(_GITLAB, "GET", _LAB + r"/deployments/(\d+)")
def _lab_deployment(forge: OtherForge, query: Any, body: Any, number: str) -> Answer:
    found = forge.deployments.get(int(number))
    return (200, found) if found else (404, {"message": "404 Not found"})


def deployment(number: int, commit: str, environment: str = "production") -> dict[str, Any]:
    """One that is blocked, as the API describes it."""
    return {"id": number, "iid": 1, "ref": "main", "sha": commit, "status": "blocked", "user": {"username": "eve"},
            "environment": {"id": 9, "name": environment}, "approvals": [], "pending_approval_count": 1,
            "deployable": {"id": 664, "tag": False, "status": "manual", "pipeline": {"web_url": "https://lab/p/5"}},
            }  # fmt: skip


@_on(_GITLAB, "GET", r"/api/v4/projects")
def _lab_projects(forge: OtherForge, query: Any, body: Any) -> Answer:
    return 200, [_lab_project()]


def _lab_project() -> dict[str, Any]:
    return {"id": 15, "path_with_namespace": "harbour/shop", "default_branch": "main", "visibility": "private"}


@_on(_GITLAB, "GET", _LAB)
def _lab_one(forge: OtherForge, query: Any, body: Any) -> Answer:
    return 200, _lab_project()


@_on(_GITLAB, "GET", _LAB + r"/repository/branches/([^/]+)")
def _lab_branch(forge: OtherForge, query: Any, body: Any, name: str) -> Answer:
    commit = forge.git("rev-parse", "--verify", "-q", f"refs/heads/{unquote(name)}")
    return (200, {"name": name, "commit": {"id": commit}}) if commit else (404, {"message": "404 Branch Not Found"})


@_on(_GITLAB, "GET", _LAB + r"/repository/merge_base")
def _lab_base(forge: OtherForge, query: Any, body: Any) -> Answer:
    found = forge.git("merge-base", *query["refs[]"])
    return (200, {"id": found}) if found else (404, {"message": "404 Merge Base Not Found"})


@_on(_GITLAB, "GET", _LAB + r"/merge_requests/(\d+)")
def _lab_pull(forge: OtherForge, query: Any, body: Any, number: str) -> Answer:
    return 200, forge.pulls[int(number)]


@_on(_GITLAB, "GET", _LAB + r"/merge_requests")
def _lab_pulls(forge: OtherForge, query: Any, body: Any) -> Answer:
    return 200, [one for one in forge.pulls.values() if one["state"] == query["state"][0]]


@_on(_GITLAB, "POST", _LAB + r"/statuses/([0-9a-f]{40})")
def _lab_status(forge: OtherForge, query: Any, body: Any, commit: str) -> Answer:
    known = [one for one in forge.statuses if one["commit"] == commit and one["name"] == body["name"]]
    if known and known[-1]["state"] == body["state"]:
        return 400, {"message": f"Cannot transition status via :enqueue from :{body['state']}"}
    forge.statuses.append({"commit": commit, **body})
    return 201, {"id": next(forge.numbers), "status": body["state"]}


@_on(_GITLAB, "GET", _LAB + r"/merge_requests/(\d+)/notes")
def _lab_notes(forge: OtherForge, query: Any, body: Any, number: str) -> Answer:
    return 200, forge.notes


@_on(_GITLAB, "POST", _LAB + r"/merge_requests/(\d+)/notes")
def _lab_note(forge: OtherForge, query: Any, body: Any, number: str) -> Answer:
    forge.notes.append({"id": next(forge.numbers), "system": False, **body})
    return 201, forge.notes[-1]


@_on(_GITLAB, "PUT", _LAB + r"/merge_requests/(\d+)/notes/(\d+)")
def _lab_note_anew(forge: OtherForge, query: Any, body: Any, number: str, note: str) -> Answer:
    (known,) = [one for one in forge.notes if one["id"] == int(note)]
    known.update(body)
    return 200, known


@_on(_GITLAB, "POST", _LAB + r"/deployments/(\d+)/approval")
def _lab_approval(forge: OtherForge, query: Any, body: Any, number: str) -> Answer:
    known = forge.deployments[int(number)]
    if known["status"] != "blocked":
        return 400, {"message": "This deployment is not waiting for approvals."}
    known["approvals"].append({"user": {"id": BOT}, "status": body["status"], "comment": body["comment"]})
    known["status"] = "created" if body["status"] == "approved" else "failed"
    forge.approvals.append({"deployment": int(number), **body})
    return 201, known["approvals"][-1]


@contextmanager
def _served(root: Path, handlers: Handlers, repository: str, is_known: Callable[[Any], bool]) -> Iterator[OtherForge]:
    forge = OtherForge(root)
    forge.folder = hosted(root, repository)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if f"/{repository}/" in parts.path:
                serve_git(self, forge.root, parts.path, TOKEN, body)
                return
            with forge.lock:
                packed = self.headers.get("Content-Type") == "application/octet-stream"
                told = body if packed or not body else json.loads(body)
                status, said = self._api(parts.path, parse_qs(parts.query), told or None)
            content = b"" if said is None else json.dumps(said).encode()
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _api(self, path: str, query: dict[str, list[str]], body: Any) -> Answer:
            if re.search(forge.failing, path):
                return 500, {"message": "Internal error"}
            if not is_known(self.headers):
                return 401, {"message": "401 Unauthorized"}
            forge.versions |= set(query.get("api-version", ()))
            for method, pattern, handler in handlers:
                found = pattern.match(path)
                if method == self.command and found:
                    return handler(forge, query, body, *found.groups())
            forge.unknown.append(f"{self.command} {path}")
            return 404, {"message": "404 Not Found"}

        do_GET = do_POST = do_PATCH = do_PUT = _answer  # noqa: N815 -- names of the standard library

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with listening(Handler) as server:
        forge.base = f"http://127.0.0.1:{server.server_port}"
        yield forge


@contextmanager
def azure_devops(root: Path) -> Iterator[OtherForge]:
    """An organization ``harbour`` with the repository ``Web/Shop``."""
    import base64

    shown = "Basic " + base64.b64encode(f":{TOKEN}".encode()).decode()
    with _served(root, _AZURE, "harbour/Web/_git/Shop", lambda headers: headers["Authorization"] == shown) as one:
        yield one


@contextmanager
def gitlab(root: Path) -> Iterator[OtherForge]:
    """A GitLab with the project ``harbour/shop``, number 15."""
    with _served(root, _GITLAB, "harbour/shop.git", lambda headers: headers["PRIVATE-TOKEN"] == TOKEN) as one:
        yield one
