"""Runs the command line as its users do: a process of its own in a folder."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lockgate.rules import expand_sample
from lockgate.store.advisories import AdvisoryStore

TOKEN = expand_sample("{{join:gh|p_}}{{alnum:36}}")
OTHER_TOKEN = expand_sample("{{join:np|m_}}{{alnum:36}}")


@pytest.fixture
def token() -> str:
    """A secret in the shape of a GitHub token, made at run time."""
    return TOKEN


@pytest.fixture
def lockgate() -> Callable[..., subprocess.CompletedProcess[str]]:
    """``lockgate("check", cwd=folder)``; never raises on the exit code."""

    def run(*arguments: str, cwd: Path, env: dict[str, str] | None = None, stdin: str = ""):
        surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **(env or {})}
        return subprocess.run(
            [sys.executable, "-m", "lockgate", *arguments],
            cwd=cwd, env=surroundings, input=stdin, capture_output=True, text=True, timeout=50,
        )  # fmt: skip

    return run


@pytest.fixture
def secrets_only(repository):
    """A repository that judges secrets alone, so that it needs no advisories."""
    repository.write("lockgate.yaml", "version: 1\nfamilies: [secrets]\n")
    repository.commit("settings")
    return repository


@pytest.fixture
def advisory_store(tmp_path_factory):
    """The sample advisories of the example, compiled."""
    samples = Path(__file__).resolve().parents[2] / "examples" / "advisories"
    target = tmp_path_factory.mktemp("store") / "advisories.db"
    AdvisoryStore.build([samples], target)
    return target
