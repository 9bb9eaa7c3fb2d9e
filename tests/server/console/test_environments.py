"""Environments: in the inventory, and each on a page with what is deployed there, its rules, and where it runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.engine.deployments.conftest import CART, HEAD, NOW, House, result
from tests.server.console import recorded
from tests.server.console.conftest import ORIGIN, fresh, person
from tests.server.console.test_pages import got

from lockgate.cli._project import project_at
from lockgate.engine.deployments.desk import Desk
from lockgate.model.actor import Actor, Asset, AssetKind, Persona, Team
from lockgate.server.console.services import Services
from lockgate.settings import EnvironmentSettings, QuorumLine
from lockgate.store.team.database import TeamDatabase

HOSTILE = "prod/<img src=x>"
OPEN = EnvironmentSettings(name="staging", namespaces=("shop",))
ASKS = EnvironmentSettings(name="prod*", approvals=(QuorumLine(2, team="security"),), wait_minutes=15)
OWNER = replace(person(Persona.DEVELOPER), teams=(Team("shop", (Asset(AssetKind.ENVIRONMENT, "staging"),)),))
OTHER = replace(person(Persona.DEVELOPER), teams=(Team("pay", (Asset(AssetKind.ENVIRONMENT, "pay"),)),))


@dataclass
class World:
    """A console whose record has a scanned image and pods, and whose gate allowed one deployment and holds another."""

    services: Services
    allowed: str
    waits: str

    def page(self, actor: Actor, address: str) -> tuple[int, str]:
        """Status and text, as somebody."""

        async def identify(_: object) -> Actor | None:
            return fresh(actor)

        answer = got(replace(self.services, identify=[identify]), address)
        return answer.status_code, answer.text


@pytest.fixture
def world(tmp_path: Path, database: TeamDatabase) -> Iterator[World]:
    (tmp_path / "lockgate.yaml").write_text("version: 1\n")
    record = project_at(tmp_path).record()
    gate = House(database, record, tmp_path, now=datetime.now(UTC), environments=(OPEN, ASKS))
    gate.store("run-head", revision=HEAD, at=gate.now - timedelta(minutes=2))
    gate.store("run-image", image=NOW, flaws=("openssl", "zlib"), at=gate.now - timedelta(minutes=1))
    status = {"containerStatuses": [{"imageID": f"{CART}@{NOW}"}]}
    body = json.dumps({"spec": {}, "status": status})
    pods = [
        {"TimeGenerated": gate.now, "Cluster": "west", "Key": f"uid-{number}", "Change": change, "Kind": "Pod",
         "Namespace": "shop", "Name": f"cart-{number}", "Body": body, "Batch": "pods"}
        for number, change in enumerate(("new", "new", "gone"))
    ]  # fmt: skip
    record.append_piece("KubernetesObjects", pods)
    record.append_result(result("run-cluster", at=gate.now), batch="pods")
    allowed = gate.ask(key="1", environment="staging")
    waits = gate.ask(key="2", environment=HOSTILE)
    gate.work()
    with recorded.console(tmp_path, database, OWNER, ORIGIN) as services:
        yield World(replace(services, more={**services.more, Desk: gate.desk}), allowed, waits)


def test_a_page_shows_what_is_deployed_its_findings_its_rules_and_where_it_runs(world: World) -> None:
    status, text = world.page(person(Persona.SECURITY), "/environments/staging")
    assert status == 200
    assert f'href="/deployments/{world.allowed}"' in text
    assert NOW[:19] in text
    assert "0 critical, 2 high, 2 in all" in text
    assert "only allowed digests run in shop of every cluster" in text
    row = text[text.index("west") : text.index("west") + 200]
    assert ">2</td>" in row  # the third is gone


def test_requests_that_wait_are_shown_and_names_never_become_markup(world: World) -> None:
    status, text = world.page(person(Persona.SRE, Persona.SECURITY), "/environments/prod/%3Cimg%20src%3Dx%3E")
    assert status == 200
    assert f'href="/deployments/{world.waits}"' in text
    assert "2 of security" in text
    assert "15 minutes" in text
    assert "Nothing was allowed here yet: 1 waits" in text
    assert "<img" not in text


def test_a_team_sees_its_own_environments_and_learns_of_no_other(world: World) -> None:
    assert "/environments/staging" in world.page(OWNER, "/inventory")[1]
    assert world.page(OWNER, "/environments/staging")[0] == 200
    for address in ("/environments/prod/%3Cimg%20src%3Dx%3E", "/environments/nowhere"):
        assert world.page(OWNER, address)[0] == 404
    assert world.page(OTHER, "/environments/staging")[0] == 404
    assert "staging" not in world.page(OTHER, "/inventory")[1]


def test_the_inventory_is_narrowed_by_name_and_sorted(world: World) -> None:
    everything = person(*Persona)
    both = world.page(everything, "/inventory")[1]
    assert both.index("/environments/prod/") < both.index("/environments/staging")
    some = world.page(everything, "/inventory?word=STAG&sort=name")[1]
    assert "/environments/staging" in some
    assert "/environments/prod/" not in some
    assert "Nothing here has that name." in some
