"""Deployments that wait at the gate of a workspace, by the command line."""

from __future__ import annotations

import getpass
import json
import subprocess

import pytest
from tests.simulators.scripted import Said, scripted

from lockgate.cli._parser import parse
from lockgate.errors import LockgateError, UsageError

SETTINGS = """\
version: 1
families: [secrets]
environments:
  - name: production
    refs: [refs/heads/main]
    mfa: false
    author_may_approve: true
    requester_may_approve: true
    approvals: [{team: security}]
teams:
  - {name: security, people: ["%s"]}
"""
POD = """\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: [{port: 443}]}
"""
IMAGE = "registry.example.com/team/cart@sha256:" + "a" * 64
OTHER = "registry.example.com/team/cart@sha256:" + "b" * 64


@pytest.fixture
def shop(repository, lockgate):
    """A checked repository with an environment, whose security is who runs this."""
    repository.write("lockgate.yaml", SETTINGS % f"{getpass.getuser()} dev@example.com")
    repository.write("deploy/web.yaml", POD)
    repository.commit("settings")
    subprocess.run(["git", "branch", "-M", "main"], cwd=repository.folder, check=True)
    done = lockgate("check", "--quiet", cwd=repository.folder)
    assert done.returncode == 0, done.stderr
    return repository


@pytest.fixture
def gate(shop, capsys, monkeypatch):
    """``gate("wait", id)`` -> exit code, output, errors; in this process, whose start would be most of its time."""
    monkeypatch.chdir(shop.folder)
    for name in ("GITHUB_REF", "GITHUB_RUN_ID", "BUILD_BUILDID", "CI_PIPELINE_ID", "LOCKGATE_SERVER"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        parsed = parse(["gate", *words])
        code = parsed.run(parsed)
        return (code, *capsys.readouterr())

    return run


ABOUT = ("--environment", "production", "--repository", "github.com/team/shop")


def test_a_deployment_is_asked_for_answered_and_waited_for(shop, gate, lockgate) -> None:
    code, out, _ = gate("request", *ABOUT, "--image", IMAGE, "--manifests", "deploy", "--format", "json")
    assert code == 0, out
    view = json.loads(out)
    assert view["standing"] == "asking"
    assert view["missing"] == ["1 more of security"]
    assert {"title": "Network", "lines": [
        "+ Service shop/web ClusterIP listens on 443/TCP",
    ], "more": 0, "warn": True} in view["card"]["changes"]  # fmt: skip
    assert "settings" in json.dumps(view["card"]["changes"][0])  # the commit, from git

    code, _, said = gate("wait", view["id"], "--timeout", "0")
    assert code == 5
    assert "asking: 1 more of security" in said

    with pytest.raises(UsageError) as raised:
        gate("approve", view["id"])
    assert f"--binding {view['binding']}" in raised.value.hint

    code, out, _ = gate("approve", view["id"], "--binding", view["binding"], "--comment", "fine", "--format", "json")
    assert code == 0
    assert json.loads(out)["standing"] == "allowed"

    assert gate("wait", view["id"], "--image", IMAGE, "--manifests", "deploy")[0] == 0
    shop.write("deploy/web.yaml", POD.replace("443", "80"))
    code, _, said = gate("wait", view["id"], "--image", OTHER, "--manifests", "deploy")
    assert code == 1
    assert "the manifests are not those that were allowed" in said
    assert f"{OTHER} was not allowed" in said

    rows = lockgate("ask", "Approvals | project Answer, Comment", "--format", "json", cwd=shop.folder)
    assert "fine" in rows.stdout, rows.stderr
    assert lockgate("verify-trail", cwd=shop.folder).returncode == 0


def test_who_waits_outlasts_a_server_that_starts_again_and_begins_nothing_whose_time_is_over(
    gate, monkeypatch
) -> None:
    monkeypatch.setenv("LOCKGATE_TOKEN", "t0ken")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    view = {"id": "r1", "standing": "allowed", "missing": [], "reasons": [], "images": [], "manifests": ""}
    for until, code in (("2099-01-01T00:00:00+00:00", 0), ("2020-01-01T00:00:00+00:00", 1), (None, 0)):
        away = [Said(breaks=True)] * 9
        with scripted(*away, Said(body=view | {"usable_until": until})) as server:
            found, _, said = gate("wait", "r1", "--server", server.base, "--format", "json")
        assert found == code
        assert "it is asked again" in said
        assert ("which is over" in said) == (code == 1)


def test_what_a_policy_denies_and_a_branch_that_may_not_are_denied_and_said_in_markdown(shop, gate) -> None:
    shop.write("deploy/web.yaml", POD.replace("{ports", "{type: LoadBalancer, ports"))
    more = ("--ref", "refs/heads/mine", "--manifests", "deploy", "--wait", "--format", "markdown")
    code, out, _ = gate("request", *ABOUT, *more)
    assert code == 1
    assert "policy/service\\-load\\-balancer\\-open" in out
    assert "deny\\: environments\\[0\\]\\.refs\\: refs/heads/mine may not be deployed here" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("request", "--environment", "production"), "the repository must be named"),
        (("request", *ABOUT, "--image", "cart:1"), "names no digest"),
        (("request", *ABOUT, "--check", "build"), "is no check"),
        (("request", *ABOUT, "--manifests", "nowhere"), "no such"),
        (("status", "nothing"), "there is no such request"),
        (("list", "--server", "https://user:pass@lockgate.example"), "an address is https://HOST"),
        (("list", "--server", "https://lockgate.example"), "the server asks for a token"),
    ],
)
def test_what_cannot_be_done_is_said(repository, monkeypatch, words, said) -> None:
    repository.write("a.txt", "a\n")
    repository.commit("begin")
    monkeypatch.chdir(repository.folder)
    monkeypatch.delenv("LOCKGATE_TOKEN", raising=False)
    parsed = parse(["gate", *words])
    with pytest.raises(LockgateError, match=said):
        parsed.run(parsed)
