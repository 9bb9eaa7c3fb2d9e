"""Runs one command, measured and bounded."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.bad_input.cases import (
    ALLOWED,
    CONFIGURATION,
    CPU_SECONDS,
    DENIED,
    LAUNCHER,
    MEMORY,
    NOTHING,
    UNAVAILABLE,
    USAGE,
    WALL_SECONDS,
    Outcome,
    advisory,
    command,
    surroundings,
)


@pytest.fixture(scope="session")
def advisories(tmp_path_factory) -> Path:
    """A compiled store of one advisory."""
    folder = tmp_path_factory.mktemp("advisories")
    source = folder / "osv"
    source.mkdir()
    (source / "one.json").write_text(json.dumps(advisory("harbour-left-pad")))
    store = folder / "advisories.db"
    done = subprocess.run(
        command("advisories", "update", str(source), "--store", str(store)),
        cwd=folder, env=surroundings(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == ALLOWED, done.stderr
    return store


@pytest.fixture
def run(tmp_path, advisories) -> Callable[..., Outcome]:
    """Run one command, measured; whatever it is given, it must end cleanly within its bounds."""

    def call(*arguments: str, cwd: Path, **env: str) -> Outcome:
        report = tmp_path / "usage.json"
        launched = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", LAUNCHER, str(report), *command(*arguments)],
            cwd=cwd, env=surroundings(**{"LOCKGATE_ADVISORIES": str(advisories), **env}), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        try:
            out, err = launched.communicate(timeout=WALL_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(launched.pid, signal.SIGKILL)
            launched.communicate()
            pytest.fail(f"hung: {' '.join(arguments)}")
        code, cpu, memory = json.loads(report.read_text())
        outcome = Outcome(code, out.decode(), err.decode(), cpu, memory)
        said = f"{code=} {cpu=:.1f} memory={memory >> 20} MB {outcome.err[-2000:]}"
        assert code in (ALLOWED, DENIED, USAGE, CONFIGURATION, NOTHING, UNAVAILABLE), said
        assert "Traceback" not in outcome.out + outcome.err, said
        assert cpu <= CPU_SECONDS, said
        assert memory <= MEMORY, said
        if code in (USAGE, CONFIGURATION, UNAVAILABLE):
            assert outcome.err.startswith("lockgate: "), said
        return outcome

    return call


@pytest.fixture
def check(run) -> Callable[..., Outcome]:
    """``lockgate check --format json``."""
    return lambda folder, *arguments, **env: run("check", "--format", "json", *arguments, cwd=folder, **env)
