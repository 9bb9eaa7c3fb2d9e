"""Namespaces that take only what was allowed for their environment: the webhook over TLS, over a real database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lockgate.engine.deployments.admitting import FRESH, STALE, ApprovedDigests, reading
from lockgate.errors import StoreError
from lockgate.gates.deployment.environment import environments_of
from lockgate.model.deployment import DeploymentRequest, Standing
from lockgate.server.admission.deployments import DeploymentJudge
from lockgate.settings import AdmissionSettings, EnvironmentSettings, Mildness
from lockgate.store.team import gates
from lockgate.store.team.database import TeamDatabase

from .conftest import NoPrivileged, pod_request

LINES = environments_of((EnvironmentSettings(name="production", namespaces=("shop",)),))
ALLOWED, OTHER = (f"registry.example.com/team/cart@sha256:{sign * 64}" for sign in "ab")
MIRRORED = ALLOWED.replace("registry.example.com", "mirror.example.net")


@pytest.fixture
def database(tmp_path):
    with TeamDatabase.open(tmp_path / "team") as opened:
        yield opened


def allow(database: TeamDatabase, image: str, id: str = "r1") -> None:
    now = datetime.now(UTC)
    with database.begin() as connection:
        made = DeploymentRequest(id, "production", "shop", "", "c" * 40, (image,), "", "eve", now)
        kept, _ = gates.add(connection, made)
        gates.decide(connection, kept, Standing.ALLOWED, {}, now=now)


def judge(database: TeamDatabase, **settings) -> DeploymentJudge:
    digests = ApprovedDigests(reading(lambda: database, lambda: LINES))
    return DeploymentJudge(NoPrivileged(), LINES, digests, AdmissionSettings(**settings))


def asked(image: str, namespace: str = "shop"):
    return pod_request(image=image) | {"namespace": namespace}


def test_a_pod_starts_with_what_was_allowed_under_whatever_name_and_with_nothing_else(serve, database) -> None:
    allow(database, ALLOWED)
    webhook = serve(judge(database))
    assert webhook.review(asked(ALLOWED))["allowed"]
    assert webhook.review(asked(MIRRORED))["allowed"]
    denied = webhook.review(asked(OTHER))
    assert not denied["allowed"]
    assert denied["status"]["message"].startswith(
        f"[environments[0].namespaces] container web runs {OTHER}: was not allowed for production"
    )
    tagged = webhook.review(asked("registry.example.com/team/cart:1"))
    assert "names no digest" in tagged["status"]["message"]
    assert webhook.review(asked(OTHER, "elsewhere"))["allowed"]


def test_what_is_allowed_a_moment_later_starts_a_moment_later(serve, database, monkeypatch) -> None:
    monkeypatch.setattr("lockgate.engine.deployments.admitting.BARELY", 0.0)
    webhook = serve(judge(database))
    assert not webhook.review(asked(ALLOWED))["allowed"]
    allow(database, ALLOWED)
    assert webhook.review(asked(ALLOWED))["allowed"]


def test_what_makes_pods_is_warned_of_or_refused_as_the_settings_say(serve, database) -> None:
    request = asked(OTHER)
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
            "spec": {"template": {"spec": request["object"]["spec"]}}}  # fmt: skip
    deployment = request | {"kind": {"group": "apps", "version": "v1", "kind": "Deployment"}, "object": body}
    mild = serve(judge(database)).review(deployment)
    assert mild["allowed"]
    assert "its Pods will be refused: container web runs" in mild["warnings"][0]
    assert not serve(judge(database, workloads=Mildness.DENY)).review(deployment)["allowed"]


def test_an_update_that_leaves_an_image_is_let_through(serve, database) -> None:
    request = asked(OTHER)
    request |= {"operation": "UPDATE", "oldObject": request["object"]}
    assert serve(judge(database)).review(request)["allowed"]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_database_that_is_away_stops_what_is_new_and_not_what_ran_a_minute_ago() -> None:
    clock, away = Clock(), False

    def read():
        if away:
            raise StoreError("the database could not be used")
        return {"environments[0]": frozenset({"sha256:a"})}

    digests = ApprovedDigests(read, clock)
    assert not digests.knows("environments[0]", "sha256:a")
    assert digests.allows("environments[0]", "sha256:a")
    assert digests.knows("environments[0]", "sha256:a")
    away, clock.now = True, FRESH + 1
    assert not digests.knows("environments[0]", "sha256:a")
    assert digests.allows("environments[0]", "sha256:a")
    with pytest.raises(StoreError):
        digests.allows("environments[0]", "sha256:b")
    clock.now = STALE + 1
    with pytest.raises(StoreError):
        digests.allows("environments[0]", "sha256:a")


def test_what_cannot_be_told_is_as_the_failure_mode_of_the_namespace_has_it(serve) -> None:
    def read():
        raise StoreError("the database could not be used")

    gone = DeploymentJudge(NoPrivileged(), LINES, ApprovedDigests(read), AdmissionSettings())
    answer = serve(gone).review(asked(ALLOWED))
    assert not answer["allowed"]
    assert "cannot be told from what was allowed for production" in answer["status"]["message"]
