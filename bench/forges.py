"""Forges: from a webhook to the verdict on the commit; how many webhooks are accepted, none lost over a restart.

``lockgate up`` runs as it does for a team, in a process of its own; GitHub is the simulator of the tests. The push is
one of 20 commits to a repository of 5,000 files; a webhook is acknowledged when it is on the disk. Half-way the server
is killed without warning, and started again: every delivery that was acknowledged must have its job.
"""

import argparse
import hmac
import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.octokit import DESCRIPTION, MISSING
from tests.simulators.github import APP, INSTALLATION, github, pem

NAME, SECRET = "harbour/shop", "hush"
FILES, COMMITS = 5_000, 20
SETTINGS = """version: 1
server: {{job_threads: 2}}
forges:
  hub:
    reconcile_minutes: 0
    inventory: {inventory}
    github: {{app: "{app}", private_key: file:{key}, webhook_secret: env:HOOK, api: "{base}", address: "{base}"}}
"""


def main() -> None:
    """Measure both and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--webhooks", type=int, default=6_000, help="deliveries that are sent")
    parser.add_argument("--rate", type=int, default=200, help="deliveries a second")
    arguments = parser.parse_args()
    if not DESCRIPTION.exists():
        print(MISSING)
        return
    with tempfile.TemporaryDirectory() as folder:
        latency(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        throughput(Path(folder), arguments.webhooks, arguments.rate)


def git(folder: Path, *arguments: str) -> str:
    """git in a folder."""
    who = {f"GIT_{kind}_{what}": "Ada" for kind in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True,
                          env={**os.environ, **who})  # fmt: skip
    return done.stdout.strip()


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(project: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """``lockgate up``; killed at the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lockgate", "up", "--project", str(project), "--port", str(port)],
        env={**os.environ, "HOOK": SECRET}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def signed(content: bytes, kind: str, delivery: str) -> dict[str, str]:
    """Headers of a webhook."""
    shown = "sha256=" + hmac.digest(SECRET.encode(), content, "sha256").hex()
    return {"x-hub-signature-256": shown, "x-github-event": kind, "x-github-delivery": delivery,
            "content-type": "application/json"}  # fmt: skip


def body(repository: int, before: str, after: str, commits: list[str]) -> bytes:
    """A push as GitHub tells it, with its commits."""
    return json.dumps({
        "ref": "refs/heads/main", "before": before, "after": after, "installation": {"id": INSTALLATION},
        "repository": {"id": repository, "full_name": NAME, "default_branch": "main", "private": True},
        "commits": [{"id": one, "message": "change", "added": [], "removed": [], "modified": []} for one in commits],
    }).encode()  # fmt: skip


def latency(folder: Path) -> None:
    """Webhook to finished check: of the first push that a server sees of a repository, and of later ones."""
    import httpx

    (folder / "hub").mkdir()
    (folder / "project").mkdir()
    (folder / "app.pem").write_text(pem())
    with github(folder / "hub") as hub:
        repo = hub.repo(NAME)
        tree = folder / "tree"
        tree.mkdir()
        git(tree, "init", "-q", "-b", "main")
        for number in range(FILES):
            path = tree / f"part{number % 100}" / f"file{number}.py"
            path.parent.mkdir(exist_ok=True)
            lines = [f"def f{n}():\n    return {n}\n\n" for n in range(30)]
            path.write_text(f"'''Module {number}.'''\n\n" + "".join(lines))
        (tree / "requirements.txt").write_text("requests==2.19.0\n")
        git(tree, "add", "-A")
        git(tree, "commit", "-q", "-m", "first")
        port = free_port()
        text = SETTINGS.format(app=APP, key=folder / "app.pem", base=hub.base, inventory="false")
        (folder / "project" / "lockgate.yaml").write_text(text)
        with serving(folder / "project", port):
            for turn in range(6):
                before = git(tree, "rev-parse", "HEAD")
                ids = []
                for number in range(COMMITS):
                    (tree / f"part{number}" / f"file{number}.py").write_text(f"x = {turn * 100 + number}\n")
                    git(tree, "commit", "-q", "-am", f"change {number}")
                    ids.append(git(tree, "rev-parse", "HEAD"))
                git(tree, "push", "-q", str(repo.folder), "HEAD:refs/heads/main")
                told = body(repo.id, before, ids[-1], ids)
                began = time.perf_counter()
                answer = httpx.post(f"http://127.0.0.1:{port}/api/v1/forges/hub/events", content=told,
                                    headers=signed(told, "push", f"push-{turn}"), timeout=30)  # fmt: skip
                acknowledged = time.perf_counter() - began
                assert answer.status_code == 202, answer.text
                while not any(
                    one["head_sha"] == ids[-1] and one["status"] == "completed" for one in list(repo.checks)
                ):
                    time.sleep(0.01)
                    if time.perf_counter() - began > 120:
                        raise SystemExit("no verdict: see the server's log")
                spent = time.perf_counter() - began
                load = os.getloadavg()[0]
                print(f"push {turn + 1} of {COMMITS} commits to {FILES:,} files: acknowledged after "
                      f"{acknowledged * 1000:.0f} ms, verdict on the commit after {spent:.2f} s (load {load:.1f})",
                      flush=True)  # fmt: skip


class Load:
    """Deliveries at a rate over connections that are kept; one that fails is sent again, as a forge does."""

    def __init__(self, port: int, rate: int, connections: int = 24) -> None:
        self._port, self._rate, self._connections = port, rate, connections
        self._lock, self._next = threading.Lock(), 0
        self.spent: list[float] = []
        self.accepted: set[str] = set()
        self.again = 0

    def run(self, many: int) -> float:
        """Send so many more; seconds that it took."""
        start = self._next
        began = time.perf_counter()
        threads = [
            threading.Thread(target=self._send, args=(start, start + many, began)) for _ in range(self._connections)
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        return time.perf_counter() - began

    def _send(self, start: int, end: int, began: float) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        while True:
            with self._lock:
                number = self._next
                if number >= end:
                    return
                self._next += 1
            content = body(7, "a" * 40, f"{number + 1:040x}", [f"{n:040x}" for n in range(COMMITS)])
            time.sleep(max(began + (number - start) / self._rate - time.perf_counter(), 0))
            while not self._sent(connection, content, f"d-{number}"):
                self.again += 1
                connection.close()
                time.sleep(0.5)

    def _sent(self, connection: http.client.HTTPConnection, content: bytes, delivery: str) -> bool:
        began = time.perf_counter()
        try:
            connection.request("POST", "/api/v1/forges/hub/events", content, signed(content, "push", delivery))
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return False
        if answer.status != 202:
            return False
        with self._lock:
            self.accepted.add(delivery)
            self.spent.append(time.perf_counter() - began)
        return True


def cpu_of(process: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def throughput(folder: Path, count: int, rate: int) -> None:
    """Deliveries at a rate; as many while the server is killed and started anew; then how many jobs there are."""
    project = folder / "project"
    project.mkdir()
    (folder / "app.pem").write_text(pem())
    # Its one forge does not answer, so that every delivery waits as a job.
    text = SETTINGS.format(app=APP, key=folder / "app.pem", base=f"http://127.0.0.1:{free_port()}", inventory="false")
    project.joinpath("lockgate.yaml").write_text(text)
    port, half = free_port(), count // 2
    load = Load(port, rate)
    with serving(project, port) as process:
        load.run(50)  # what only the first ones wait for
        load.spent.clear()
        before = cpu_of(process.pid)
        took = load.run(half)
        used, spent = cpu_of(process.pid) - before, sorted(load.spent)
        rest = threading.Thread(target=load.run, args=(half,))
        rest.start()
        time.sleep(half / rate / 2)
        process.send_signal(signal.SIGKILL)  # while deliveries are on their way
        process.wait()
        with serving(project, port):
            rest.join()
    with closing(sqlite3.connect(project / ".lockgate" / "team.db")) as database:
        kept = {row[0] for row in database.execute("SELECT delivery FROM forge_deliveries")}
        jobs = database.execute("SELECT count(*) FROM jobs WHERE kind = 'forge.happening'").fetchone()[0]
    print(f"{half:,} webhooks in {took:.1f} s: {half / took:.0f} a second; {used / half * 1000:.2f} ms of CPU each "
          f"({used / took:.2f} of a core); acknowledged after {spent[len(spent) // 2] * 1000:.0f} ms (median), "
          f"{spent[int(len(spent) * 0.99)] * 1000:.0f} ms (p99)")  # fmt: skip
    lost = len(load.accepted - kept)
    print(f"killed while {half:,} more came: {len(load.accepted):,} acknowledged, {lost} of them lost, "
          f"{jobs:,} jobs, {load.again} sent again (load {os.getloadavg()[0]:.1f})")  # fmt: skip


if __name__ == "__main__":
    main()
