"""`lockgate registry watch` beside Debian's registry and skopeo: from a push to a verdict, through a crash."""

import os
import shutil
import signal
import subprocess
import sys
import time

import httpx
import pytest
from tests.cli.conftest import TOKEN
from tests.simulators import docker_registry
from tests.sources.image.building import Layout

from lockgate.store import Record
from lockgate.store.ask import ask

SKOPEO = shutil.which("skopeo")
real = pytest.mark.skipif(
    docker_registry.PROGRAM is None or SKOPEO is None, reason="Debian's docker-registry and skopeo are not installed"
)


@pytest.fixture
def watch(tmp_path):
    """Starts a watch as a process; gives it."""
    begun = []

    def start(*arguments, cwd):
        surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "HOME": str(tmp_path)}
        command = [sys.executable, "-m", "lockgate", "registry", "watch", *arguments, "--family", "secrets"]
        with (tmp_path / "log").open("a") as log:
            process = subprocess.Popen(
                command, cwd=cwd, env=surroundings, stdout=subprocess.PIPE, stderr=log, text=True
            )
        begun.append(process)
        assert process.stdout.readline().startswith(("listening", "watching")), (tmp_path / "log").read_text()
        return process

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def rows(folder, query):
    tables = Record.open(folder / ".lockgate").asked()
    try:
        return [tuple(row) for row in ask(query, tables).rows]
    finally:
        tables.connection.close()


def until(condition, seconds=40.0):
    begun = time.monotonic()
    while not (found := condition()):
        assert time.monotonic() - begun < seconds
        time.sleep(0.05)
    return found


@real
def test_a_push_becomes_a_verdict_and_a_crash_neither_loses_nor_doubles_any(tmp_path, lockgate, watch):
    project = tmp_path / "project"
    project.mkdir()
    token = lockgate("tokens", "add", "registry", "--may", "registry", cwd=project).stdout.strip()
    layout, address = Layout(tmp_path / "layout"), f"127.0.0.1:{docker_registry.free_port()}"
    for number in range(5):
        leaks = f"GITHUB_TOKEN={TOKEN[:-1]}{number}\n".encode() if number % 2 else b"no secret\n"
        layout.name(layout.image({f"app/{number}.env": leaks}), str(number))
    with docker_registry.running(tmp_path, tells=f"http://{address}/registry/events/distribution", token=token) as host:
        first = watch(host, "--listen", address, cwd=project)
        for number in range(5):
            subprocess.run([SKOPEO, "copy", "-q", "--dest-tls-verify=false", f"oci:{tmp_path}/layout:{number}",
                            f"docker://{host}/team/cart:{number}"], check=True, capture_output=True)  # fmt: skip
        shown = {"authorization": f"Bearer {token}"}

        def status():
            return httpx.get(f"http://{address}/registry/status", headers=shown).json()["jobs"]

        # All were accepted; the watch dies while it works on them, wherever that is.
        until(lambda: sum(status().values()) >= 5 and status()["done"] >= 1)
        first.send_signal(signal.SIGKILL)
        first.wait()
        second = watch(host, "--no-poll", cwd=project)
        steps = "ImageSteps | where Step == 'judged' | project Tag, Outcome | sort by Tag asc"
        wanted = [(str(number), "deny" if number % 2 else "allow") for number in range(5)]
        assert until(lambda: len(found := rows(project, steps)) >= 5 and found) == wanted
        second.send_signal(signal.SIGTERM)
        assert second.wait(30) == 0
        assert rows(project, "Runs | count") == [(5,)] and rows(project, "Images | count") == [(5,)]
        assert rows(project, "ImageSteps | join kind=inner Runs on RunId | count") == [(5,)]
        # A later look at the registry, by somebody who was told nothing, finds nothing new.
        done = lockgate("registry", "watch", host, "--once", "--family", "secrets", cwd=project)
        assert (
            done.returncode == 0 and "0 waiting, 0 running" in done.stdout and rows(project, "Runs | count") == [(5,)]
        )
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.mark.parametrize(("arguments", "code", "said"), [
    (("watch", "host/Team"), 2, "no address of a registry"), (("watch", "a.example", "--workers", "0"), 2, "--workers"),
    (("watch", "a.example", "--once", "--listen", "127.0.0.1:0"), 2, "takes no webhooks"),
    (("watch", "a.example", "--listen", "127.0.0.1:0"), 3, "nobody may tell"),
    (("watch", "a.example", "--listen", "nowhere"), 2, "HOST:PORT"),
])  # fmt: skip
def test_what_cannot_be_watched_is_told(lockgate, tmp_path, arguments, code, said):
    done = lockgate("registry", *arguments, cwd=tmp_path)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


def test_a_rebuild_that_could_never_be_asked_for_is_told_before_the_watch_begins(lockgate, tmp_path):
    (tmp_path / "lockgate.yaml").write_text("registry: {rebuilds: {shop: {github: {repository: owner}}}}\n")
    done = lockgate("registry", "watch", "a.example", "--once", cwd=tmp_path, env={"GITHUB_TOKEN": "t"})
    assert done.returncode == 3 and "registry.rebuilds.shop" in done.stderr and "owner/name" in done.stderr


def test_what_was_given_up_is_shown_and_tried_again(lockgate, tmp_path):
    host = f"127.0.0.1:{docker_registry.free_port()}"  # nobody listens there
    (tmp_path / "lockgate.yaml").write_text("registry: {repositories: [team/cart]}\n")
    done = lockgate("registry", "watch", host, "--no-poll", "--once", cwd=tmp_path)
    assert done.returncode == 0 and "0 waiting" in done.stdout
    assert "0 dead" in lockgate("registry", "status", host, cwd=tmp_path).stdout
    assert "0 will be tried again" in lockgate("registry", "retry", host, cwd=tmp_path).stdout
