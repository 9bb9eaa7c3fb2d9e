"""The desk: from a request to its end, each step in one transaction with the trail and all that follows."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.engine.deployments.conftest import BASE, BEFORE, CART, HEAD, NOW, PRODUCTION, House

from lockgate.engine.deployments import handlers
from lockgate.engine.deployments.card import card_of, markdown, plain, text
from lockgate.engine.deployments.desk import NotEntitledError
from lockgate.engine.deployments.gathering import History, Sources
from lockgate.errors import SourceError, UsageError
from lockgate.gates.deployment.evidence import CheckState, CommitSeen
from lockgate.model import Verdict
from lockgate.model.deployment import Answered, Standing
from lockgate.store.team import gates, jobs, trail
from lockgate.store.team.gates import ConflictError


def actions(house: House) -> list[tuple[str, str, str]]:
    with house.database.read() as connection:
        return [(one.action, one.actor, one.outcome) for one in trail.entries(connection)]


def test_a_deployment_waits_for_its_people_and_then_goes_and_all_of_it_is_told(checked: House) -> None:
    id = checked.ask()
    assert checked.work() == []
    assert checked.desk.show(id).kept.standing is Standing.ASKING
    checked.say(id, "bea", comment="looked at it")
    checked.say(id, "cas")
    done = checked.say(id, "dov")
    assert done.kept.standing is Standing.ALLOWED
    assert done.kept.usable_until == checked.now + timedelta(hours=24)
    assert checked.work() == []
    assert actions(checked) == [
        ("deployments:request", "eve", "done"), ("deployments:decide", "system", "done"),
        ("deployments:approve", "bea", "done"), ("deployments:approve", "cas", "done"),
        ("deployments:approve", "dov", "done"), ("deployments:decide", "system", "done"),
    ]  # fmt: skip
    with checked.database.read() as connection:
        assert trail.verified(trail.chain(connection)).broken == ()
    assert [(one.key, one.callback, one.verdict) for one in checked.answered] == [
        ("run/1", {"run": "1"}, Verdict.ASK), ("run/1", {"run": "1"}, Verdict.ALLOW)
    ]  # fmt: skip
    assert checked.answered[-1].url == f"https://lockgate.example/deployments/{id}"
    deployments, approvals = checked.record.rows("Deployments"), checked.record.rows("Approvals")
    assert {row["Standing"] for row in deployments} == {"asking", "allowed"}
    assert {(row["ActorName"], row["Answer"], row["Mfa"]) for row in approvals} == {
        ("Bea", "approve", True), ("Cas", "approve", True), ("Dov", "approve", True)
    }  # fmt: skip


def test_a_query_in_kusto_sees_deployments_and_approvals(checked: House) -> None:
    from contextlib import closing

    from lockgate.store.ask import ask

    id = checked.ask()
    checked.work()
    checked.say(id, "bea")
    checked.work()
    tables = checked.record.asked()
    with closing(tables.connection):
        query = "Approvals | join kind=inner Deployments on RequestId | project ActorName, Answer, Standing, Forge"
        answer = ask(query, tables)
        assert list(answer.tables[0].rows) == [("Bea", "approve", "asking", "github")]


def test_another_delivery_of_the_same_wait_is_the_same_request(checked: House) -> None:
    assert checked.ask() == checked.ask()
    assert actions(checked) == [("deployments:request", "eve", "done")]


def test_what_a_forge_asked_for_without_images_a_pipeline_says_later(checked: House) -> None:
    id = checked.ask(images=(), given=None)
    checked.work()
    assert checked.ask() == id
    checked.work()
    shown = checked.desk.show(id)
    assert shown.kept.request.images == (f"{CART}@{NOW}",)
    assert shown.kept.standing is Standing.ASKING


@pytest.mark.parametrize("first", ["github", "pipeline"])
def test_a_forge_and_the_pipeline_that_it_runs_ask_for_one_deployment(checked: House, first: str) -> None:
    """The forge knows who waits, the pipeline what is deployed."""
    forge = {"forge": "github", "key": "1/7/production", "images": (), "given": None}
    pipeline = {"forge": "pipeline", "key": "7/1", "callback": {}}
    ids = []
    for one in (forge, pipeline) if first == "github" else (pipeline, forge):
        ids.append(checked.ask(**one))
        checked.work()
    assert ids[0] == ids[1]
    shown = checked.desk.show(ids[0])
    assert shown.kept.standing is Standing.ASKING
    assert (shown.kept.request.forge, shown.kept.callback) == ("github", {"run": "1"})
    for who in ("bea", "cas", "dov"):
        checked.say(ids[0], who)
    checked.work()
    assert checked.answered[-1].verdict is Verdict.ALLOW
    assert checked.answered[-1].key == "1/7/production"


def test_a_forge_that_asks_after_it_was_allowed_is_asked_about_anew_with_what_is_known(checked: House) -> None:
    first = checked.ask(forge="pipeline", key="7/1", callback={})
    checked.work()
    for who in ("bea", "cas", "dov"):
        checked.say(first, who)
    second = checked.ask(forge="github", key="1/7/production", images=(), given=None)
    assert second != first
    checked.work()
    assert checked.desk.show(second).kept.request.images == (f"{CART}@{NOW}",)


@pytest.mark.parametrize(
    ("who", "said", "mfa", "why"),
    [
        ("ada", Answered.APPROVE, 0.0, "they wrote what is deployed"),
        ("eve", Answered.APPROVE, 0.0, "they asked for the deployment"),
        ("zoe", Answered.APPROVE, 0.0, "nobody who answers here"),
        ("zoe", Answered.REJECT, 0.0, "nobody who answers here"),
        ("bea", Answered.APPROVE, None, "second factor"),
        ("bea", Answered.APPROVE, 11.0, "second factor"),
    ],
)
def test_an_answer_that_could_not_count_is_refused_and_the_refusal_is_told(checked: House, who, said, mfa, why) -> None:
    id = checked.ask()
    checked.work()
    with pytest.raises(NotEntitledError, match=why):
        checked.say(id, who, said, mfa=mfa)
    assert actions(checked)[-1] == (f"deployments:{said}", who, "refused")
    assert checked.desk.show(id).answers == ()


@pytest.mark.parametrize("change", ["finding", "policy", "environment", "verdict", "person", "known"])
def test_any_change_voids_what_was_said_and_it_is_not_brought_back(checked: House, change: str) -> None:
    id = checked.ask()
    checked.work()
    checked.say(id, "bea")
    shown = checked.desk.show(id).kept.binding
    before = {name: getattr(checked, name) for name in ("rulebook", "environments", "people")}
    if change == "finding":
        checked.store("run-again", image=NOW, flaws=("openssl",), at=checked.now + timedelta(minutes=1))
    elif change == "policy":
        checked.rulebook = "rules-2"
    elif change == "environment":
        checked.environments = (replace(PRODUCTION, wait_minutes=5),)
    elif change == "verdict":
        checked.store("run-again", revision=HEAD, verdict=Verdict.WARN, at=checked.now + timedelta(minutes=1))
    elif change == "person":
        checked.people = {**checked.people, "bea": replace(checked.people["bea"], active=False)}
    else:
        checked.store("run-base", image=NOW, packages=(("curl", "8"),), waived=("zlib",),
                      at=checked.now + timedelta(minutes=1))  # fmt: skip
    checked.now += timedelta(minutes=2)
    looked = checked.desk.look(id)
    assert looked.ruling.weighed.approve == ()
    assert list(looked.voided) == [looked.answers[0].id]
    if change != "person":
        with pytest.raises(ConflictError, match="changed since you saw it"):
            checked.say(id, "cas", binding=shown)
    for name, value in before.items():
        setattr(checked, name, value)
    assert checked.desk.look(id).ruling.weighed.approve == ()  # not even where all is as it was
    assert ("deployments:void", "system", "done") in actions(checked)
    checked.work()
    assert ("Bea", "void") in {(row["ActorName"], row["Answer"]) for row in checked.record.rows("Approvals")}


def test_a_scan_that_finds_the_same_anew_voids_nothing(checked: House) -> None:
    id = checked.ask()
    checked.work()
    checked.say(id, "bea")
    checked.store("run-again", image=NOW, at=checked.now + timedelta(hours=1))
    checked.now += timedelta(hours=2)
    assert [one.actor for one in checked.desk.look(id).ruling.weighed.approve] == ["bea"]


def test_two_who_give_the_last_answers_at_the_same_instant_let_it_go_once(checked: House) -> None:
    id = checked.ask()
    checked.work()
    checked.say(id, "cas")
    shown = checked.desk.show(id).kept.binding
    start, ended = threading.Barrier(2), []

    def one(who: str) -> None:
        start.wait()
        try:
            ended.append(checked.say(id, who, binding=shown).kept.standing)
        except ConflictError as error:
            ended.append(error)

    threads = [threading.Thread(target=one, args=(who,)) for who in ("bea", "dov")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, ended)) == ["allowed", "asking"]
    assert [action for action, _, _ in actions(checked)].count("deployments:decide") == 2  # asking, allowed
    with checked.database.read() as connection:
        assert trail.verified(trail.chain(connection)).broken == ()


def test_a_no_ends_it(checked: House) -> None:
    id = checked.ask()
    checked.work()
    checked.say(id, "bea")
    assert checked.say(id, "dov", Answered.REJECT, comment="the shop is full").kept.standing is Standing.DENIED
    with pytest.raises(ConflictError, match="denied"):
        checked.say(id, "cas")
    checked.work()
    assert checked.answered[-1].verdict is Verdict.DENY
    assert "the shop is full" in checked.answered[-1].comment


def test_what_the_gate_denied_is_denied_and_what_it_has_not_seen_waits(house: House) -> None:
    id = house.ask()
    house.work()
    assert house.desk.show(id).kept.standing is Standing.WAITING
    house.store("run-head", revision=HEAD, verdict=Verdict.DENY)
    house.desk.look(id)
    denied = house.desk.show(id)
    assert denied.kept.standing is Standing.DENIED
    assert denied.kept.decision["reasons"][0]["rule"] == "environments[0].gate"


def test_a_request_that_nobody_answers_expires_by_its_job(checked: House) -> None:
    id = checked.ask()
    checked.work()
    with checked.database.read() as connection:
        (waiting,) = [one for one in jobs.listed(connection, kind="gate-look") if one.state == "waiting"]
    assert waiting.payload == {"id": id}  # the next look is put in
    checked.now += timedelta(hours=72)
    assert checked.desk.look(id).kept.standing is Standing.EXPIRED


def test_open_requests_are_looked_at_when_a_server_starts(checked: House) -> None:
    id = checked.ask()
    with checked.database.begin() as connection:
        (job,) = jobs.listed(connection, kind="gate-look")
        jobs.cancel(connection, job.id)
    assert handlers.resume(checked.desk) == 1
    checked.work()
    assert checked.desk.show(id).kept.standing is Standing.ASKING


def test_somebody_who_is_disabled_takes_their_open_answers_along(checked: House) -> None:
    id = checked.ask()
    checked.work()
    checked.say(id, "bea")
    assert checked.desk.disabled("bea") == (id,)
    assert checked.desk.look(id).ruling.weighed.approve == ()


def test_a_broken_glass_lets_it_through_is_told_and_must_be_looked_at(checked: House) -> None:
    id = checked.ask()
    checked.work()
    with pytest.raises(UsageError, match="say why"):
        checked.desk.break_glass(id, checked.actor("dov"), "down")
    with pytest.raises(NotEntitledError, match="may not break it"):
        checked.desk.break_glass(id, checked.actor("bea"), "the shop is down")
    with pytest.raises(NotEntitledError, match="second factor"):
        checked.desk.break_glass(id, checked.actor("dov", mfa=None), "the shop is down")
    done = checked.desk.break_glass(id, checked.actor("dov"), "the shop is down")
    assert done.kept.standing is Standing.ALLOWED
    assert done.kept.usable_until == checked.now + timedelta(minutes=60)
    checked.work()
    assert [row["GlassBroken"] for row in checked.record.rows("Deployments") if row["Standing"] == "allowed"] == [True]
    again = checked.ask(key="run/2")
    checked.work()
    checked.now += timedelta(hours=25)
    with pytest.raises(NotEntitledError, match="not looked at in time"):
        checked.desk.break_glass(again, checked.actor("cas"), "down once more")
    (glass,) = done.glass
    with pytest.raises(ConflictError, match="others"):
        checked.desk.follow_up(glass.id, checked.actor("dov"), "my own")
    checked.desk.follow_up(glass.id, checked.actor("bea"), "a bad index")
    assert checked.desk.follow_up(glass.id, checked.actor("cas"), "mended").followed_up_by == ("bea", "cas")
    assert checked.desk.break_glass(again, checked.actor("cas"), "down once more").kept.standing is Standing.ALLOWED


def test_a_withdrawn_request_allows_nothing_even_where_it_was_allowed(checked: House) -> None:
    id = checked.ask()
    checked.work()
    for who in ("bea", "cas", "dov"):
        checked.say(id, who)
    assert checked.desk.withdraw(id, checked.actor("eve"), "wrong branch").standing is Standing.WITHDRAWN
    with checked.database.read() as connection:
        assert gates.allowed_of(connection) == ()
    with pytest.raises(ConflictError, match="withdrawn"):
        checked.desk.withdraw(id, checked.actor("eve"))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"images": ("registry.example.com/team/cart:1",)}, "names no digest"),
        ({"images": ("UPPER@sha256:1",)}, "no name of an image"),
        ({"commit": "main"}, "whole hash"),
        ({"environment": ""}, "environment has 1 to 255"),
        ({"environment": "a\nb"}, "environment has 1 to 255"),
        ({"repository": "x" * 256}, "repository has 1 to 255"),
    ],
)
def test_what_could_be_anything_is_not_asked_for(checked: House, wrong, words) -> None:
    with pytest.raises(UsageError, match=words):
        checked.ask(**wrong)


def test_the_card_says_what_changes_against_what_was_allowed_before(checked: House) -> None:
    checked.store("image-before", image=BEFORE, flaws=("zlib",), packages=(("curl", "7"), ("zlib1g", "1.2")))
    checked.store("run-base", revision=BASE)
    first = checked.ask(key="run/0", commit=BASE, images=(f"{CART}@{BEFORE}",), given={
        "commits": [[BASE, ["ada@example.com"], "Begin"]], "network": [["Service shop/web", "listens on 80"]],
        "permissions": [],
    })  # fmt: skip
    checked.work()
    for who in ("bea", "cas", "dov"):
        checked.say(first, who)
    checked.now += timedelta(hours=1)
    packages = (("curl", "8"), ("nginx", "1"))
    checked.store("image-now", image=NOW, flaws=("openssl",), waived=("bash",), packages=packages, at=checked.now)
    id = checked.ask(given={
        "commits_since": BASE, "commits": [[HEAD, ["ada@example.com"], "Sell hats](https://evil.example) <b>"]],
        "network": [["Service shop/web", "listens on 443"]],
        "permissions": [["Role shop/reader", "may get secrets"]],
        "policies": [["policy/latest-tag", "Pod shop/web", "warn", "names no digest"]],
    })  # fmt: skip
    checked.work()
    card = card_of(checked.desk.show(id))
    parts = {part.title.partition(" (")[0]: part.lines for part in card.parts}
    assert dict(card.about)["runs now"] == BASE
    assert parts["Packages"] == (
        f"curl Debian 7 to 8 ({CART})", f"+ nginx Debian 1 ({CART})", f"- zlib1g Debian 1.2 ({CART})"
    )  # fmt: skip
    assert parts["New findings"] == (f"high: openssl has CVE-2031-1 (dependencies/vulnerable, {CART})",)
    assert parts["Fixed findings"] == (f"high: zlib has CVE-2031-1 (dependencies/vulnerable, {CART})",)
    assert parts["Network"] == ("- Service shop/web listens on 80", "+ Service shop/web listens on 443") or parts[
        "Network"
    ] == ("+ Service shop/web listens on 443", "- Service shop/web listens on 80")
    assert parts["Permissions"] == ("+ Role shop/reader may get secrets",)
    assert parts["Waivers that it rests on"] == ("w-bash: not reachable (bea, until 2031-12-31)",)
    assert parts["Policies"] == ("warn: Pod shop/web: policy/latest-tag: names no digest",)
    assert card.next[:2] == ("2 more of security", "1 more of sre")
    assert "they could answer: Bea, Cas, Dov" in card.next
    drawn = markdown(card)
    assert "](https" not in drawn
    assert "<b>" not in drawn
    assert "Sell hats](https://evil.example) <b>" in text(card)  # a terminal follows no such links
    assert plain(card)["binding"] == checked.desk.show(id).kept.binding


class _Forge:
    """What a forge tells, or fails to."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails

    def commits(self, kept, before):
        if self.fails:
            raise SourceError("the forge answers 500")
        commit = CommitSeen(HEAD, ("ada@example.com", "7+ada-l@users.noreply.github.com"), "Sell hats")
        return History((commit,), whole=False)

    def checks(self, kept):
        if self.fails:
            raise SourceError("the forge answers 500")
        return {"build": CheckState.SUCCESS}


def test_a_forge_is_asked_for_commits_and_checks_and_what_it_does_not_tell_is_said(checked: House) -> None:
    checked.environments = (replace(PRODUCTION, checks=("build",)),)
    id = checked.ask(given=None)
    forge = _Forge(fails=True)
    checked.sources = Sources(checked.record, commits=forge.commits, checks=forge.checks)
    waiting = checked.desk.look(id)
    assert waiting.kept.standing is Standing.WAITING
    assert any("could not be found out: the forge answers 500" in one for one in waiting.evidence.unread)
    assert "environments[0].author_may_approve" in {one.rule for one in waiting.ruling.decision.reasons}
    forge.fails = False
    asking = checked.desk.look(id)
    assert asking.kept.standing is Standing.ASKING
    assert asking.kept.request.authors == ("7+ada-l@users.noreply.github.com", "ada-l", "ada@example.com")
    assert "there are more commits than are shown" in asking.evidence.unread


def test_a_forge_that_is_not_connected_is_a_job_that_fails_and_says_so(checked: House) -> None:
    checked.ask(forge="gitlab")
    assert [one for one in checked.work() if "no forge of that kind" in one]


def test_another_image_voids_what_was_said_of_the_one_before(checked: House) -> None:
    id = checked.ask(images=(), callback={"deployment": "1"})
    other = {"forge": "pipeline", "callback": {}, "images": (f"{CART}@{NOW}",)}
    assert checked.ask(key="p/1", **other) == id
    checked.work()
    for who in ("bea", "cas"):
        assert checked.say(id, who).kept.standing is Standing.ASKING
    checked.now += timedelta(minutes=1)
    assert checked.ask(key="p/1", **other) == id  # told once more, the same
    assert len(checked.desk.look(id).ruling.weighed.approve) == 2
    assert checked.ask(key="p/2", **other | {"images": (f"{CART}@{BEFORE}",)}) == id
    looked = checked.desk.look(id)
    assert looked.kept.request.images == (f"{CART}@{BEFORE}",)
    assert (looked.ruling.weighed.approve, len(looked.voided)) == ((), 2)
    assert checked.ask(key="p/3", **other) == id
    assert checked.desk.look(id).ruling.weighed.approve == ()
    with checked.database.read() as connection:
        told = [one for one in trail.entries(connection) if one.action == "deployments:restate"]
    assert len(told) == 2


def test_a_run_that_waits_anew_is_asked_about_anew_and_one_that_still_waits_is_told_again(checked: House) -> None:
    id = checked.ask(callback={"run": "1", "deployment": "1"})
    checked.work()
    checked.say(id, "bea", Answered.REJECT)
    checked.work()
    assert checked.ask(callback={"run": "1", "deployment": "1"}) == id
    checked.work()
    assert [one.verdict for one in checked.answered if one.verdict is not Verdict.ASK] == [Verdict.DENY] * 2
    again = checked.ask(callback={"run": "1", "deployment": "2"}, images=())
    assert again != id
    assert checked.ask(callback={"run": "1", "deployment": "3"}, images=()) == again
    checked.work()
    assert checked.desk.show(again).kept.standing is Standing.ASKING
    assert checked.desk.show(again).kept.request.images == (f"{CART}@{NOW}",)


def test_a_forge_that_was_away_hears_what_is_so_by_then(checked: House) -> None:
    id = checked.ask()
    checked.work()
    checked.desk.break_glass(id, checked.actor("dov"), "the shop is down")
    checked.now += timedelta(minutes=61)
    checked.work()
    assert [one.verdict for one in checked.answered if one.verdict is not Verdict.ASK] == [Verdict.DENY]
    assert "is over" in checked.answered[-1].comment
    checked.answered.clear()
    other = checked.ask(key="run/7")
    checked.work()
    for who in ("bea", "cas", "dov"):
        checked.say(other, who)
    checked.desk.withdraw(other, checked.actor("eve"), "wrong branch")
    checked.work()
    assert [one.verdict for one in checked.answered if one.verdict is not Verdict.ASK] == [Verdict.DENY]
