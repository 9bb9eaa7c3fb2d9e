"""Deployments that wait at the gate of a workspace, by the command line."""

from __future__ import annotations

import getpass
import json
import subprocess

import pytest

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


def test_a_deployment_is_asked_for_answered_and_waited_for(shop, lockgate) -> None:
    def gate(*words: str):
        return lockgate("gate", *words, cwd=shop.folder)

    asked = gate("request", "--environment", "production", "--repository", "github.com/team/shop", "--image", IMAGE,
                 "--manifests", "deploy", "--format", "json")  # fmt: skip
    assert asked.returncode == 0, asked.stdout
    view = json.loads(asked.stdout)
    assert view["standing"] == "asking"
    assert view["missing"] == ["1 more of security"]
    assert {"title": "Network", "lines": [
        "+ Service shop/web ClusterIP listens on 443/TCP",
    ], "more": 0, "warn": True} in view["card"]["changes"]  # fmt: skip
    assert "settings" in json.dumps(view["card"]["changes"][0])  # the commit, from git

    still = gate("wait", view["id"], "--timeout", "0")
    assert still.returncode == 5
    assert "asking: 1 more of security" in still.stderr

    unseen = gate("approve", view["id"])
    assert unseen.returncode == 2
    assert f"--binding {view['binding']}" in unseen.stderr

    done = gate("approve", view["id"], "--binding", view["binding"], "--comment", "looked at it", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["standing"] == "allowed"

    assert gate("wait", view["id"], "--image", IMAGE, "--manifests", "deploy").returncode == 0
    shop.write("deploy/web.yaml", POD.replace("443", "80"))
    other = gate("wait", view["id"], "--image", OTHER, "--manifests", "deploy")
    assert other.returncode == 1
    assert "the manifests are not those that were allowed" in other.stderr
    assert f"{OTHER} was not allowed" in other.stderr

    rows = lockgate("ask", "Approvals | project Answer, Comment", "--format", "json", cwd=shop.folder)
    assert "looked at it" in rows.stdout, rows.stderr
    assert lockgate("verify-trail", cwd=shop.folder).returncode == 0


def test_what_a_policy_denies_and_a_branch_that_may_not_are_denied_and_said_in_markdown(shop, lockgate) -> None:
    shop.write("deploy/web.yaml", POD.replace("{ports", "{type: LoadBalancer, ports"))
    denied = lockgate("gate", "request", "--environment", "production", "--repository", "github.com/team/shop",
                      "--ref", "refs/heads/mine", "--manifests", "deploy", "--wait", "--format", "markdown",
                      cwd=shop.folder)  # fmt: skip
    assert denied.returncode == 1
    assert "policy/service\\-load\\-balancer\\-open" in denied.stdout
    assert "deny\\: environments\\[0\\]\\.refs\\: refs/heads/mine may not be deployed here" in denied.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("request", "--environment", "production"), 2, "the repository must be named"),
        (("request", "--environment", "production", "--repository", "x/y", "--image", "cart:1"), 2, "names no digest"),
        (("request", "--environment", "production", "--repository", "x/y", "--check", "build"), 2, "is no check"),
        (("request", "--environment", "production", "--repository", "x/y", "--manifests", "nowhere"), 5, "no such"),
        (("status", "nothing"), 5, "there is no such request"),
        (("list", "--server", "https://user:pass@lockgate.example"), 2, "an address is https://HOST"),
        (("list", "--server", "https://lockgate.example"), 2, "the server asks for a token"),
    ],
)
def test_what_cannot_be_done_is_said(repository, lockgate, words, code, said) -> None:
    repository.write("a.txt", "a\n")
    repository.commit("begin")
    done = lockgate("gate", *words, cwd=repository.folder, env={"LOCKGATE_TOKEN": ""})
    assert done.returncode == code
    assert said in done.stderr
