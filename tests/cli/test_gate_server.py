"""A server asked by ``lockgate gate``: as whom, what is tried again, what is told of a refusal."""

from __future__ import annotations

import pytest
from tests.simulators.scripted import Said, scripted

from lockgate.cli._gate_server import RefusedError, Server


@pytest.fixture(autouse=True)
def token(monkeypatch) -> None:
    monkeypatch.setenv("LOCKGATE_TOKEN", "t0ken")


def test_it_is_asked_with_the_token_and_again_when_it_is_away_for_a_moment(monkeypatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with scripted(Said(503, {"detail": "later"}), Said(body={"id": "r1", "standing": "asking"})) as server:
        assert Server(server.base).look("r1") == {"id": "r1", "standing": "asking"}
    assert [one.path for one in server.asked] == ["/api/v1/deployments/r1"] * 2
    assert server.asked[0].headers["authorization"] == "Bearer t0ken"


def test_an_id_stays_in_its_place() -> None:
    with scripted(Said(404, {"detail": "there is no such request"})) as server, pytest.raises(RefusedError):
        Server(server.base).answer("../../people", "approve", "sha256:1", "")
    assert [one.path for one in server.asked] == ["/api/v1/deployments/..%2F..%2Fpeople/answers"]


def test_a_refusal_is_told_in_its_words_without_signs_that_a_terminal_obeys() -> None:
    said = Said(403, {"detail": "no \x1b[31mline asks for them", "hint": "ask sre"})
    with scripted(said) as server, pytest.raises(RefusedError) as raised:
        Server(server.base).break_glass("r1", "the shop is down")
    assert raised.value.message == "no \\x1b[31mline asks for them"
    assert raised.value.hint == "ask sre"


def test_a_write_whose_answer_was_lost_is_sent_again_with_the_same_key_and_another_write_with_another(
    monkeypatch,
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    at_work = Said(409, {"detail": "at work"}, {"retry-after": "1"})
    done = Said(body={"id": "r1"})
    with scripted(Said(breaks=True), at_work, Said(503), done) as server:
        assert Server(server.base).withdraw("r1", "no")["id"] == "r1"
        Server(server.base).withdraw("r1", "no")
    keys = [one.headers["idempotency-key"] for one in server.asked]
    assert len(keys) == 5
    assert len(set(keys[:4])) == 1
    assert keys[4] != keys[3]


def test_a_conflict_that_will_not_pass_is_told_at_once() -> None:
    with scripted(Said(409, {"detail": "it was settled"})) as server, pytest.raises(RefusedError, match="settled"):
        Server(server.base).withdraw("r1", "no")
    assert len(server.asked) == 1
