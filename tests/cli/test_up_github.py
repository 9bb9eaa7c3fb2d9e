"""A deployment that waits at GitHub, from its webhook to the answer there: `lockgate up` as a process, people with
fresh second factors, `lockgate gate request` in the pipeline, GitHub on loopback by its own description."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import Repository
from tests.octokit import DESCRIPTION, MISSING
from tests.simulators.github import APP, INSTALLATION, GitHub, Repo, github, pem
from tests.simulators.lockgate_up import LockgateUp, lockgate_up, until

NAME = "harbour/shop"
SETTINGS = """
version: 1
families: [secrets]
forges:
  hub:
    github:
      {{app: "{app}", private_key: env:APP_KEY, webhook_secret: env:HOOK_SECRET, api: "{base}", address: "{base}"}}
    inventory: false
    posture: {{hours: 0}}
environments:
  - name: production
    refs: [refs/heads/main]
    images: {{verified: false}}
    checks: [build]
    approvals: [{{count: 1, team: security}}, {{count: 1, team: sre}}]
"""
OLD, NEW = (f"registry.example.com/team/cart@sha256:{letter * 64}" for letter in "ab")


@dataclass
class Line:
    """GitHub, the server, and who works there."""

    hub: GitHub
    repo: Repo
    server: LockgateUp
    tree: Repository
    lockgate: Any
    token: str = ""
    commit: str = ""
    run: int = 40
    told: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def repository(self) -> str:
        return f"{self.hub.base.removeprefix('http://')}/{NAME}"

    def webhook(self, kind: str, **body: Any) -> httpx.Response:
        """Tell it once; what is told is kept, to be delivered again."""
        whole = {"repository": {"id": self.repo.id, "full_name": NAME, "default_branch": "main", "private": True},
                 "installation": {"id": INSTALLATION}, "sender": {"login": "ada"}, **body}  # fmt: skip
        self.told.append((kind, json.dumps(whole).encode()))
        return self.deliver(len(self.told) - 1)

    def deliver(self, number: int) -> httpx.Response:
        """Deliver what was told before, under its id."""
        kind, content = self.told[number]
        shown = "sha256=" + hmac.digest(b"hush", content, "sha256").hex()
        headers = {"x-hub-signature-256": shown, "x-github-event": kind, "x-github-delivery": f"d-{number}",
                   "content-type": "application/json"}  # fmt: skip
        return httpx.post(f"{self.server.origin}/api/v1/forges/hub/events", content=content, headers=headers)

    def pushed(self) -> str:
        """A commit on main that was checked: by Lockgate, and by a build."""
        self.tree.write(f"hats-{self.run}.py", "print('hats')\n")
        before, self.commit = self.commit, self.tree.commit("sell hats")
        self.tree.git("push", "-q", str(self.repo.folder), "HEAD:refs/heads/main")
        answer = self.webhook("push", ref="refs/heads/main", before=before or "0" * 40, after=self.commit)
        assert answer.status_code == 202, answer.text
        until(lambda: [one for one in self.repo.checks if one["head_sha"] == self.commit
                       and one["status"] == "completed"], "the push was judged", server=self.server)  # fmt: skip
        self.repo.statuses.append({"sha": self.commit, "state": "success", "context": "build"})
        return self.commit

    def waits(self, *, told: bool = True, run: int = 0) -> int:
        """A job waits for the environment; the number of its run."""
        self.run += 0 if run else 1
        run, deployment = run or self.run, next(self.hub.numbers)
        self.repo.waiting[run, "production"] = {"commit": self.commit, "ref": "main", "deployment": deployment}
        if told:
            answer = self.webhook(
                "deployment_protection_rule", action="requested", environment="production",
                deployment_callback_url=f"{self.hub.base}/repos/{NAME}/actions/runs/{run}/deployment_protection_rule",
                deployment={"id": deployment, "sha": self.commit, "ref": "main", "creator": {"login": "eve"}},
            )  # fmt: skip
            assert answer.status_code == 202, answer.text
        return run

    def says(self, image: str, attempt: int = 1, run: int = 0) -> str:
        """The pipeline says what it will deploy; the id of the request."""
        env = {"LOCKGATE_SERVER": self.server.origin, "LOCKGATE_TOKEN": self.token, "GITHUB_TRIGGERING_ACTOR": "eve",
               "GITHUB_RUN_ID": str(run or self.run), "GITHUB_RUN_ATTEMPT": str(attempt)}  # fmt: skip
        done = self.lockgate("gate", "request", "--environment", "production", "--repository", self.repository,
                             "--ref", "refs/heads/main", "--image", image, "--format", "json",
                             cwd=self.tree.folder, env=env)  # fmt: skip
        assert done.returncode == 0, done.stderr
        return str(json.loads(done.stdout)["id"])

    def ended(self) -> list[tuple[int, str]]:
        """What GitHub took as the end of a wait."""
        return [(one["run"], one["state"]) for one in self.repo.ended]

    def until_ended(self, run: int, state: str) -> None:
        until(lambda: (run, state) in self.ended(), f"run {run} is {state}", server=self.server)


@pytest.fixture
def line(tmp_path: Path, repository: Repository, lockgate: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    if not DESCRIPTION.exists():
        pytest.skip(MISSING)
    monkeypatch.setenv("APP_KEY", pem())
    monkeypatch.setenv("HOOK_SECRET", "hush")
    (tmp_path / "hub").mkdir()
    with github(tmp_path / "hub") as hub:
        repo = hub.repo(NAME)
        settings = SETTINGS.format(app=APP, base=hub.base)
        with lockgate_up(tmp_path / "server", settings) as server:
            server.staff(
                {"security": "*/harbour/*", "sre": "*/harbour/*"},
                ada=("security", "security", "ada@harbour.example"), bea=("security", "security", "bea@example.com"),
                dov=("sre", "sre", "dov@example.com"),
            )  # fmt: skip
            made = Line(hub, repo, server, repository, lockgate)
            made.token = server.token("team:deployments:request", "team:deployments:read", team="sre")
            made.pushed()
            yield made
    assert hub.problems == []


@pytest.mark.timeout(240)  # processes that start, on a machine that does other things
def test_people_decide_what_waits_at_github_and_the_answer_survives_a_kill(line: Line) -> None:
    server, run = line.server, line.waits()
    id = line.says(NEW)
    view = server.standing(id, "asking")
    assert any("sell hats (ada@harbour.example)" in text for part in view["card"]["changes"] for text in part["lines"])
    author = server.answer("ada", id)
    assert (author.status_code, "wrote what is deployed" in author.text) == (403, True)
    assert server.answer("bea", id).json()["standing"] == "asking"
    line.hub.failing = "deployment_protection_rule$"
    assert server.answer("dov", id).json()["standing"] == "allowed"
    told = ("POST", f"/repos/{NAME}/actions/runs/{run}/deployment_protection_rule")
    until(lambda: told in line.hub.asked, "GitHub is told", server=server)
    server.kill()
    assert line.ended() == []
    line.hub.failing = r"(?!)"
    server.start()
    line.until_ended(run, "approved")
    assert line.deliver(len(line.told) - 1).json() == {"events": 1, "new": False}

    line.pushed()
    rejected = line.waits()
    no = line.says(OLD)
    server.standing(no, "asking")
    assert server.answer("dov", no, "reject", comment="not on a Friday").json()["standing"] == "denied"
    line.until_ended(rejected, "rejected")
    assert "not on a Friday" in line.repo.ended[-1]["comment"]

    line.waits(run=rejected)  # begun again: another job of the same run waits
    again = line.says(OLD, attempt=2)
    assert again != no
    server.standing(again, "asking")
    assert server.answer("bea", again).json()["standing"] == "asking"
    assert line.says(NEW, attempt=3) == again
    until(lambda: server.view(again)["missing"] == ["1 more of security", "1 more of sre"], "the yes fell away",
          server=server)  # fmt: skip
    shown = server.view(again)
    assert shown["images"] == [NEW]
    assert server.answer("bea", again).json()["standing"] == "asking"
    assert server.answer("dov", again).json()["standing"] == "allowed"
    line.until_ended(rejected, "approved")
    assert line.ended() == [(run, "approved"), (rejected, "rejected"), (rejected, "approved")]

    missed = line.waits(told=False)  # what GitHub could not deliver is found when the server looks
    asked = server.people["root"].post("/api/v1/forges/reconcile")
    assert asked.status_code == 202, asked.text
    found = until(lambda: [one for one in server.requests() if one["standing"] in ("asking", "waiting")], "it is found",
                  server=server)  # fmt: skip
    assert line.says(NEW) == found[0]["id"]
    server.standing(found[0]["id"], "asking")
    assert server.answer("dov", found[0]["id"], "reject").status_code == 200
    line.until_ended(missed, "rejected")
