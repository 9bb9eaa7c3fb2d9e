"""Webhooks are taken from whoever may tell, once, within bounds; what is acknowledged is on the disk."""

import hashlib
import hmac
import json
import threading

import httpx
import pytest
from tests.formats.registry_events.test_registry_events import DIGEST, acr, delivered, distribution, github, harbor

from lockgate.engine.registry.scope import scope_of
from lockgate.server import registry as module
from lockgate.server import web
from lockgate.server.access import People, add
from lockgate.server.mounts import Mounts
from lockgate.settings import RegistrySettings
from lockgate.sources.image.registry import Trust
from lockgate.store.registry import queue as queue_module
from lockgate.store.registry.database import RegistryDatabase
from lockgate.store.registry.queue import Queue

HOST = "registry.example.com"


class Waiting:
    """A watch that takes no job, so that what was accepted can be counted."""

    def __init__(self, database, settings) -> None:
        self.scope, self.queue, self.woken = scope_of(HOST, settings, Trust()), Queue(database), 0

    def wake(self) -> None:
        self.woken += 1

    def status(self):
        return {"jobs": self.queue.counts(HOST)}


@pytest.fixture
def door(tmp_path):
    """A server over real sockets; asked by ``door(path, body, ...)``."""
    token, other = add(tmp_path / "tokens", "registry", words="may=registry"), add(tmp_path / "tokens", "ana")
    people, database = People(tmp_path / "tokens"), RegistryDatabase(tmp_path)
    secret = ["our secret"]
    watch = Waiting(database, RegistrySettings(repositories=("team/*",)))
    begun, held = threading.Event(), {}

    def started(port):
        held["url"] = f"http://127.0.0.1:{port}"
        begun.set()

    app = Mounts([module.mount(watch, lambda: secret[0])], people.of)
    thread = threading.Thread(target=lambda: web.serve(
        app, web.Options(port=0), certificates=None, started=started, stop=lambda end: held.update(end=end)
    ))  # fmt: skip
    thread.start()
    assert begun.wait(20)

    def ask(path, body=b"", *, shown=token, method="POST", **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        more = {"authorization": f"Bearer {shown}"} if shown else {}
        return httpx.request(method, f"{held['url']}/registry/{path}", content=content, headers={**more, **headers})

    ask.watch, ask.other, ask.secret = watch, other, secret
    yield ask
    held["end"]()
    thread.join(20)
    database.close()


def waiting(door) -> int:
    return door.watch.queue.counts(HOST)["waiting"]


def sign(body: bytes, secret="our secret") -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_events_are_taken_once_whoever_tells_them(door):
    assert door("events/distribution", distribution()).json() == {"events": 1, "new": 1}
    assert door("events/acr", acr()).json() == {"events": 1, "new": 0}  # the same image, which waits already
    assert door("events/harbor", harbor(tag="1.3")).json() == {"events": 1, "new": 1}
    body = json.dumps(github()).encode()
    headers = {**delivered(), "x-hub-signature-256": sign(body)}
    assert door("events/github", body, shown="", **headers).json() == {"events": 1, "new": 0}
    assert waiting(door) == 2 and door.watch.woken == 2
    assert door("events/acr", {"id": "1", "action": "ping"}).json() == {"events": 0, "new": 0}


def test_an_event_that_is_sent_again_does_nothing(door):
    assert door("events/distribution", distribution()).json()["new"] == 1
    door.watch.queue.end(door.watch.queue.take(HOST), queue_module.State.DONE)
    assert door("events/distribution", distribution()).json()["new"] == 0 and waiting(door) == 0


def test_what_was_forged_is_refused(door):
    body = json.dumps(github()).encode()
    for shown in (sign(body, "guess"), sign(body + b" "), "", "sha1=00"):
        assert door("events/github", body, shown="", **delivered(), **{"x-hub-signature-256": shown}).status_code == 401
    door.secret[0] = ""  # none is set: then nothing is signed by it
    assert door("events/github", body, shown="", **delivered(), **{"x-hub-signature-256": sign(body, "")}
                ).status_code == 401  # fmt: skip
    assert door("events/distribution", distribution(), shown="").status_code == 401
    assert door("events/distribution", distribution(), shown="guess").status_code == 401
    assert door("events/distribution", distribution(), shown=door.other).status_code == 403
    assert door("events/distribution", distribution(), origin="https://evil.example").status_code == 403
    assert waiting(door) == 0


@pytest.mark.parametrize(("path", "body", "status"), [
    ("events/distribution", b"{", 400), ("events/distribution", b"[" * 5000, 400), ("events/quay", {}, 404),
    ("events/distribution", {"events": [1]}, 400), ("events/acr", b"\xff", 400), ("nothing", {}, 404),
    ("events/distribution", b" " * (module.MAX_BODY + 1), 413),
    ("events/distribution", distribution(repository="../x"), 400),
])  # fmt: skip
def test_what_is_no_event_is_refused_and_nothing_of_it_kept(door, path, body, status):
    assert door(path, body).status_code == status and waiting(door) == 0


def test_what_is_not_watched_is_acknowledged_and_passed_over(door):
    assert door("events/distribution", distribution(repository="other/cart")).json() == {"events": 1, "new": 0}
    assert door("events/distribution", distribution(tag="quarantine-1")).json() == {"events": 1, "new": 0}
    assert door("events/distribution", method="GET").status_code == 405


def test_more_than_may_wait_is_told_to_come_again(door, monkeypatch):
    monkeypatch.setattr(queue_module, "MOST_WAITING", 1)
    assert door("events/acr", acr(tag="a")).status_code == 202
    found = door("events/acr", acr(tag="b"))
    assert (found.status_code, found.headers["retry-after"], waiting(door)) == (429, "5", 1)


def test_how_the_watch_stands_is_told_to_who_may_know(door):
    door("events/distribution", distribution())
    assert door("status", method="GET").json()["jobs"]["waiting"] == 1
    assert door("status", method="GET", shown="").status_code == 401
    assert DIGEST not in door("status", method="GET").text
