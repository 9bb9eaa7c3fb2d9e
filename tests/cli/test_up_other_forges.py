"""Deployments that wait at Azure DevOps and GitLab, from what tells of them to the answer there: `lockgate up` as a
process, people with fresh second factors, `lockgate gate request` in the pipeline, each forge on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import Repository
from tests.simulators.lockgate_up import LockgateUp, lockgate_up, until
from tests.simulators.other_forges import PROJECT, TOKEN, OtherForge, azure_devops, deployment, gitlab

SETTINGS = """
version: 1
families: [secrets]
forges: {{forge: {{{forge}, inventory: false, posture: {{hours: 0}}}}}}
environments:
  - {{name: production, gate: false, approvals: [{{count: 1, team: security}}, {{count: 1, team: sre}}]}}
"""
OLD, NEW = (f"registry.example.com/team/cart@sha256:{letter * 64}" for letter in "ab")
PLAN, JOB, TIMELINE = (f"0f9b3b29-1d55-4c2e-8a4f-6a5c0d1f2e3{number}" for number in range(3))


@pytest.fixture
def azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OtherForge]:
    monkeypatch.setenv("FORGE_TOKEN", TOKEN)
    monkeypatch.setenv("HOOK_SECRET", "hush")
    (tmp_path / "forge").mkdir()
    with azure_devops(tmp_path / "forge") as forge:
        yield forge
    assert forge.unknown == []


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OtherForge]:
    monkeypatch.setenv("FORGE_TOKEN", TOKEN)
    monkeypatch.setenv("HOOK_SECRET", "hush")
    (tmp_path / "forge").mkdir()
    with gitlab(tmp_path / "forge") as forge:
        yield forge
    assert forge.unknown == []


def staffed(server: LockgateUp) -> str:
    """The people, and a token of the pipeline."""
    server.staff({"security": "*/harbour/*", "sre": "*/harbour/*"}, bea=("security", "security", "bea@example.com"),
                 dov=("sre", "sre", "dov@example.com"))  # fmt: skip
    return server.token("team:deployments:request", "team:deployments:read", team="sre")


def says(lockgate: Any, tree: Repository, server: LockgateUp, token: str, repository: str, image: str, run: str) -> str:
    """The pipeline says what it will deploy; the id of the request."""
    env = {"LOCKGATE_SERVER": server.origin, "LOCKGATE_TOKEN": token}
    done = lockgate("gate", "request", "--environment", "production", "--repository", repository, "--ref",
                    "refs/heads/main", "--image", image, "--key", run, "--format", "json", cwd=tree.folder,
                    env=env)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["id"])


def committed(tree: Repository, forge: OtherForge) -> str:
    tree.write("hats.py", "print('hats')\n")
    commit = tree.commit("sell hats")
    tree.git("push", "-q", str(forge.folder), "HEAD:refs/heads/main")
    return commit


@pytest.mark.timeout(240)  # processes that start, on a machine that does other things
def test_people_decide_what_waits_at_azure_devops_and_the_answer_survives_a_kill(
    tmp_path: Path, repository: Repository, lockgate: Any, azure: OtherForge
) -> None:
    commit = committed(repository, azure)
    secrets = "token: env:FORGE_TOKEN, webhook_secret: env:HOOK_SECRET"
    forge = f'azure_devops: {{organization: "{azure.base}/harbour", {secrets}}}'
    name = f"{azure.base.removeprefix('http://')}/harbour/Web/Shop"

    def check(task: str) -> None:
        """Azure Pipelines invokes the check of the environment, with the body that the documents ask for."""
        body = {"planId": PLAN, "jobId": JOB, "timelineId": TIMELINE, "taskInstanceId": task, "hubName": "build",
                "projectId": PROJECT, "projectName": "Web", "environmentName": "production", "repositoryName": "Shop",
                "sourceBranch": "refs/heads/main", "sourceVersion": commit,
                "requestedFor": "eve@example.com"}  # fmt: skip
        told = httpx.post(f"{server.origin}/api/v1/forges/forge/events", json=body, auth=("lockgate", "hush"))
        assert told.status_code == 202, told.text

    def ended() -> list[tuple[str, str]]:
        return [(one["taskId"], one["result"]) for one in azure.events]

    first, second = (f"1a9b3b29-1d55-4c2e-8a4f-6a5c0d1f2e3{number}" for number in range(2))
    with lockgate_up(tmp_path / "server", SETTINGS.format(forge=forge)) as server:
        token = staffed(server)
        check(first)
        until(server.requests, "the check waits", server=server)
        id = says(lockgate, repository, server, token, name, OLD, "1")
        server.standing(id, "asking")
        assert server.answer("bea", id).json()["standing"] == "asking"
        assert says(lockgate, repository, server, token, name, NEW, "2") == id
        until(lambda: len(server.view(id)["missing"]) == 2, "the yes fell away", server=server)
        azure.failing = "/events$"
        assert server.answer("bea", id).json()["standing"] == "asking"
        assert server.answer("dov", id).json()["standing"] == "allowed"
        server.kill()
        azure.failing = r"(?!)"
        server.start()
        until(lambda: ended() == [(first, "succeeded")], "the check has passed", server=server)
        check(second)
        found = until(lambda: [one for one in server.requests() if one["standing"] == "asking"], "it waits",
                      server=server)  # fmt: skip
        assert server.answer("dov", found[0]["id"], "reject", comment="not on a Friday").status_code == 200
        until(lambda: ended() == [(first, "succeeded"), (second, "failed")], "the check has failed", server=server)


@pytest.mark.timeout(240)
def test_people_decide_what_is_blocked_at_gitlab_and_the_answer_survives_a_kill(
    tmp_path: Path, repository: Repository, lockgate: Any, lab: OtherForge
) -> None:
    commit = committed(repository, lab)
    forge = f'gitlab: {{address: "{lab.base}", token: env:FORGE_TOKEN, webhook_secret: env:HOOK_SECRET}}'
    name = f"{lab.base.removeprefix('http://')}/harbour/shop"

    def ended() -> list[tuple[int, str]]:
        return [(one["deployment"], one["status"]) for one in lab.approvals]

    with lockgate_up(tmp_path / "server", SETTINGS.format(forge=forge)) as server:
        token = staffed(server)
        # How the push stands is part of what people answer.
        until(lambda: "success" in [one["state"] for one in lab.statuses], "the push was judged", server=server)
        lab.deployments[9] = deployment(9, commit)
        body = {"object_kind": "build", "build_status": "manual", "environment": {"name": "production"},
                "project": {"id": 15, "path_with_namespace": "harbour/shop"}}  # fmt: skip
        told = httpx.post(f"{server.origin}/api/v1/forges/forge/events", json=body, headers={"x-gitlab-token": "hush"})
        assert told.status_code == 202, told.text
        until(server.requests, "the deployment waits", server=server)
        id = says(lockgate, repository, server, token, name, OLD, "1")
        view = server.standing(id, "asking")
        lines = [line for part in view["card"]["changes"] for line in part["lines"]]
        assert any("sell hats (ada@harbour.example)" in line for line in lines)
        assert server.answer("bea", id).json()["standing"] == "asking"
        assert says(lockgate, repository, server, token, name, NEW, "2") == id
        until(lambda: len(server.view(id)["missing"]) == 2, "the yes fell away", server=server)
        lab.failing = "/approval$"
        assert server.answer("bea", id).json()["standing"] == "asking"
        assert server.answer("dov", id).json()["standing"] == "allowed"
        server.kill()
        lab.failing = r"(?!)"
        lab.deployments[10] = deployment(10, commit)  # nobody tells of it: it is found when the server starts
        server.start()
        until(lambda: ended() == [(9, "approved")], "it was approved", server=server)
        found = until(lambda: [one for one in server.requests() if one["standing"] == "asking"], "it waits",
                      server=server)  # fmt: skip
        assert server.answer("dov", found[0]["id"], "reject", comment="not on a Friday").status_code == 200
        until(lambda: ended() == [(9, "approved"), (10, "rejected")], "it was rejected", server=server)
