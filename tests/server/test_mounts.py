"""Several applications behind one door: which is asked, who is let in, and what a defect tells."""

import asyncio
import logging

import httpx
import pytest

from lockgate.server.access import Person
from lockgate.server.asgi import PERSON, Call
from lockgate.server.mounts import Mount, Mounts

PEOPLE = {"Bearer a": Person("ana", frozenset(("query", "ingest"))), "Bearer r": Person("rob", frozenset(("query",)))}


def says(name):
    async def app(scope, receive, send):
        person = scope.get(PERSON)
        await Call(scope, receive, send).answer(200, f"{name} {person.name if person else 'nobody'}".encode())

    return app


async def fails(scope, receive, send):
    raise ValueError("what was asked")


MOUNTS = [
    Mount(("/v1/rest/query", "/v1/workspaces/"), says("query"), "query", frozenset(("/v1/rest/query/open",))),
    Mount(("/v1/rest/ingest/", "/v1/rest/query/more"), says("ingest"), "ingest"),
    Mount(("/fails",), fails, "query"),
]


def get(path, *, token="", mounts=None, host="127.0.0.1:1"):
    async def ask():
        transport = httpx.ASGITransport(app=mounts or Mounts(MOUNTS, PEOPLE.get))
        headers = {"authorization": f"Bearer {token}"} if token else {}
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


@pytest.mark.parametrize(("path", "token", "status", "said"), [
    ("/v1/rest/query", "a", 200, "query ana"), ("/v1/rest/ingest/db/T", "a", 200, "ingest ana"),
    ("/v1/rest/query/more", "a", 200, "ingest ana"), ("/v1/workspaces/x/query", "r", 200, "query rob"),
    ("/v1/rest/ingest/db/T", "r", 403, "'ingest'"), ("/v1/rest/query", "", 401, "bearer token"),
    ("/v1/rest/query", "x", 401, "bearer token"), ("/v1/rest/query/open", "", 200, "query nobody"),
    ("/elsewhere", "a", 404, "nothing here"), ("/healthz", "", 200, "ok"), ("/readyz", "", 200, "ok"),
])  # fmt: skip
def test_the_longest_beginning_counts_and_a_right_lets_in(path, token, status, said):
    found = get(path, token=token)
    assert (found.status_code, said in found.text) == (status, True), found.text


def test_a_defect_tells_nothing_of_what_was_asked(caplog):
    with caplog.at_level(logging.CRITICAL, "lockgate.server"):
        found = get("/fails", token="a")
    assert found.status_code == 500 and "what was asked" not in found.text


def test_without_tokens_only_this_machine_is_answered():
    mounts = Mounts(MOUNTS, PEOPLE.get, anonymous=Person("anonymous"))
    assert get("/v1/rest/query", mounts=mounts, host="localhost").text == "query anonymous"
    assert get("/v1/rest/query", mounts=mounts, token="a", host="[::1]:8642").text == "query ana"
    assert get("/v1/rest/query", mounts=mounts, token="wrong").status_code == 401
    assert get("/v1/rest/query", mounts=mounts, host="lockgate.example").status_code == 403


def test_who_ends_is_not_ready():
    mounts = Mounts(MOUNTS, PEOPLE.get)
    mounts.draining = True
    assert [get(path, mounts=mounts).status_code for path in ("/healthz", "/readyz")] == [200, 503]
