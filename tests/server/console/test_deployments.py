"""Pages and API of deployments: who sees, asks and answers what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.engine.deployments.conftest import CART, HEAD, NOW, House
from tests.engine.deployments.conftest import checked as checked
from tests.engine.deployments.conftest import house as house

from lockgate.engine.deployments.desk import Desk
from lockgate.gates.deployment import Approver
from lockgate.model.actor import Actor, ActorKind, Asset, AssetKind, Grant, Persona, Strength, Team
from lockgate.server.console.services import Services
from lockgate.settings import Settings
from lockgate.store.team.sealing import Seal

SHOP = Team("shop", (Asset(AssetKind.REPOSITORY, "github.com/team/*"),))
BODY = {
    "environment": "production", "repository": "github.com/team/shop", "ref": "refs/heads/main", "commit": HEAD,
    "images": [f"{CART}@{NOW}"], "key": "run/1", "started_by": "eve",
    "told": {"commits": [[HEAD, ["ada@example.com"], "Sell <script>alert(1)</script> hats"]],
             "network": [["Service shop/web", "listens on 443"]]},
}  # fmt: skip


def somebody(name: str, *personas: Persona, mfa: float | None = 0.0, teams: tuple[Team, ...] = ()) -> Actor:
    now = datetime.now(UTC)
    shown = None if mfa is None else now - timedelta(minutes=mfa)
    return Actor(f"person:{name}", name.title(), personas=personas, teams=teams,
                 strength=Strength(("pwd",), now, shown))  # fmt: skip


LOADED = datetime.now(UTC)


def restamped(actor: Actor | None) -> Actor | None:
    """The same, by the clock of the test: a run of all tests outlasts a step-up."""
    if actor is None or actor.strength.mfa is None:
        return actor
    now = datetime.now(UTC)
    return replace(actor, strength=replace(actor.strength, mfa=min(actor.strength.mfa + (now - LOADED), now)))


PIPELINE = Actor("repo:team/shop", "team/shop", ActorKind.WORKLOAD, teams=(SHOP,), grants=(
    Grant.parse("team:deployments:request"), Grant.parse("team:deployments:read"),
))  # fmt: skip
BEA, CAS = somebody("bea", Persona.SECURITY), somebody("cas", Persona.SECURITY)
DOV = somebody("dov", Persona.SRE, teams=(SHOP,))
STRANGER = somebody("zoe", Persona.SRE, teams=(Team("other", (Asset(AssetKind.REPOSITORY, "github.com/other/*"),)),))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def services(checked: House) -> Iterator[Services]:
    """A console whose gate is that of the house, on the clock of this machine."""
    asking: dict[str, Actor | None] = {"actor": None}

    async def identify(_):
        return restamped(asking["actor"])

    async def ask(*_, **__):
        raise AssertionError("this test has no record")

    checked.people = {
        actor.id: Approver(actor.id, actor.name, frozenset(teams))
        for actor, teams in ((BEA, ["security"]), (CAS, ["security"]), (DOV, ["sre"]))
    }
    made = Services(checked.database, Settings, checked.folder, checked.folder, "http://localhost:8642", ask,
                    lambda: None, Seal(b"k" * 32), identify=[identify], more={dict: asking})  # fmt: skip
    made.more[Desk] = replace(checked.desk, now=lambda: datetime.now(UTC), origin=made.origin)
    checked.now = datetime.now(UTC)
    yield made


@pytest.fixture
async def asked(client, checked) -> str:
    """The id of a request that people are asked about."""
    async with client(PIPELINE) as http:
        made = await http.post("/api/v1/deployments", json=BODY)
        assert made.status_code == 201, made.text
    checked.now = datetime.now(UTC)
    checked.work()
    return made.json()["id"]


@pytest.mark.anyio
async def test_a_pipeline_asks_people_answer_and_the_pipeline_sees_it(client, asked, checked) -> None:
    async with client(PIPELINE) as http:
        again = await http.post("/api/v1/deployments", json=BODY)
        assert (again.status_code, again.json()["id"]) == (200, asked)
        view = (await http.get(f"/api/v1/deployments/{asked}")).json()
    assert view["standing"] == "asking"
    assert view["requested_by"] == "eve"
    for actor in (BEA, CAS, DOV):
        async with client(actor) as http:
            body = {"answer": "approve", "binding": view["binding"], "comment": "fine"}
            said = await http.post(f"/api/v1/deployments/{asked}/answers", json=body)
            assert said.status_code == 200, said.text
    async with client(PIPELINE) as http:
        view = (await http.get(f"/api/v1/deployments/{asked}")).json()
        assert view["standing"] == "allowed"
        assert [one["people"] for one in view["card"]["approvals"]] == [["Bea", "Cas"], ["Dov"]]
        running = await http.get("/api/v1/deployments/running?environment=production&repository=github.com/team/shop")
        assert running.json() == {"commit": HEAD}
        late = await http.post(f"/api/v1/deployments/{asked}/withdraw", json={"reason": "wrong"})
        assert late.json()["standing"] == "withdrawn"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("actor", "status"),
    [
        (None, 401), (STRANGER, 404), (PIPELINE, 403), (somebody("bea", Persona.SECURITY, mfa=None), 401),
        (somebody("bea", Persona.SECURITY, mfa=11), 401), (somebody("ann", Persona.ADMINISTRATOR), 403),
        (somebody("dev", Persona.DEVELOPER, teams=(SHOP,)), 403), (somebody("yan", Persona.SECURITY), 403),
    ],
)  # fmt: skip
async def test_who_may_not_answer_does_not(client, asked, checked, actor, status) -> None:
    binding = checked.desk.show(asked).kept.binding
    async with client(actor) as http:
        done = await http.post(f"/api/v1/deployments/{asked}/answers", json={"answer": "approve", "binding": binding})
    assert done.status_code == status, done.text
    assert checked.desk.show(asked).answers == ()


@pytest.mark.anyio
async def test_what_others_own_is_not_there_for_a_stranger(client, asked) -> None:
    async with client(STRANGER) as http:
        assert (await http.get("/api/v1/deployments")).json() == {"items": [], "next": None}
        for address in (f"/api/v1/deployments/{asked}", f"/deployments/{asked}", "/api/v1/deployments/nothing"):
            assert (await http.get(address)).status_code == 404
        page = await http.get("/deployments")
        assert "github.com/team/shop" not in page.text
        theirs = await http.get("/api/v1/deployments/running?environment=production&repository=github.com/team/shop")
        assert theirs.status_code == 403
        for action in ("break-glass", "withdraw", "glass/x/follow-up"):
            done = await http.post(f"/api/v1/deployments/{asked}/{action}", json={"reason": "because I can"})
            assert done.status_code in (403, 404)


@pytest.mark.anyio
async def test_an_answer_to_what_was_shown_before_is_a_conflict(client, asked) -> None:
    async with client(BEA) as http:
        body = {"answer": "approve", "binding": "sha256:0"}
        done = await http.post(f"/api/v1/deployments/{asked}/answers", json=body)
    assert done.status_code == 409
    assert "changed since you saw it" in done.json()["detail"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "wrong",
    [
        {"commit": "main"}, {"images": ["cart:1"]}, {"manifests": "md5:1"}, {"unknown": 1}, {"environment": ""},
        {"url": "javascript:alert(1)"}, {"told": {"commits": [["a", "b"]]}}, {"environment": "a\nb"},
        {"told": {"checks": {"build": "perhaps"}}},
    ],
)  # fmt: skip
async def test_what_is_no_request_is_refused(client, wrong) -> None:
    async with client(PIPELINE) as http:
        done = await http.post("/api/v1/deployments", json={**BODY, "key": "run/9", **wrong})
    assert done.status_code in (400, 422)


@pytest.mark.anyio
async def test_the_page_shows_the_card_and_takes_an_answer(client, asked, checked) -> None:
    async with client(BEA) as http:
        listed = await http.get("/deployments")
        assert "github.com/team/shop" in listed.text
        shown = await http.get(f"/deployments/{asked}")
        assert shown.status_code == 200
        assert "Sell &lt;script&gt;alert(1)&lt;/script&gt; hats" in shown.text
        assert "<script>alert" not in shown.text
        assert "+ Service shop/web listens on 443" in shown.text
        binding = checked.desk.show(asked).kept.binding
        assert f'value="{binding}"' in shown.text
        form = {"answer": "reject", "binding": binding, "comment": "no"}
        done = await http.post(f"/deployments/{asked}/answer", data=form)
        assert (done.status_code, done.headers["location"]) == (303, f"/deployments/{asked}")
        after = await http.get(f"/deployments/{asked}")
        assert "Bea has rejected it: no" in after.text
        assert 'name="binding"' not in after.text
        assert asked in (await http.get("/deployments?standing=denied")).text
        assert asked not in (await http.get("/deployments?standing=open")).text
        assert (await http.get("/deployments?standing=nonsense")).status_code == 400


@pytest.mark.anyio
async def test_who_has_no_fresh_second_factor_is_led_to_show_one(client, asked) -> None:
    async with client(somebody("bea", Persona.SECURITY, mfa=None)) as http:
        assert "Approve" in (await http.get(f"/deployments/{asked}")).text
        done = await http.post(f"/deployments/{asked}/answer", data={"answer": "approve", "binding": "x"})
    assert done.status_code == 303
    assert done.headers["location"].startswith("/sign-in/step-up?")
