"""The console of a team at many findings: memory at rest, each page asked first and again, and pages under many users.

``lockgate up`` runs as it does for a team, in a process of its own, over a record into which one check brought that
many findings of other tools. One person, who may see everything, asks over HTTP on loopback; what is told is the time
from a request to the end of its answer, as the client sees it, which is in the same machine. Users think one to three
seconds between pages.
"""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.forges import free_port
from bench.sarif_logs import made

PAGES = ("/home", "/findings", "/findings?page=2", "/findings?severity=high", "/findings?word=query",
         "/search?word=query", "/inventory", "/line", "/waivers", "/deployments", "/jobs", "/people", "/trail", "/ask",
         "/api/v1/findings")  # fmt: skip

TEAM_PAGES = ("/home", "/findings", "/findings?severity=high", "/inventory", "/line", "/api/v1/findings")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--findings", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=15.0, help="of load by all users")
    parser.add_argument("--turns", type=int, default=5, help="of pages asked again")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        token, other = prepared(project, arguments.findings)
        port = free_port()
        with serving(project, port) as process:
            time.sleep(3)
            print(f"at rest: {memory(process.pid)} MB", flush=True)
            asyncio.run(pages(port, token, arguments.turns))
            print("a developer, whose teams own one place:", flush=True)
            asyncio.run(pages(port, other, 1, TEAM_PAGES))
            print(f"after the pages: {memory(process.pid)} MB", flush=True)
            asyncio.run(load(port, token, arguments.users, arguments.seconds))
            print(f"after the load: {memory(process.pid)} MB (load {os.getloadavg()[0]:.1f})", flush=True)
            time.sleep(70)  # engines are kept for a minute
            print(f"a minute later: {memory(process.pid)} MB", flush=True)


def prepared(project: Path, findings: int) -> tuple[str, str]:
    """A record with so many findings, somebody of all personas, and a developer; their tokens."""
    from lockgate.access.permissions import catalogue
    from lockgate.model.actor import ActorKind, Asset, AssetKind, Grant, Persona, Scope
    from lockgate.store.team import people, teams, tokens
    from lockgate.store.team.database import TeamDatabase

    (project / "lockgate.yaml").write_text("version: 1\n")
    (project / "log.sarif").write_bytes(made(findings))
    command = [sys.executable, "-m", "lockgate", "check", str(project), "--import", str(project / "log.sarif")]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)  # its gate denies
    with TeamDatabase.open(project / ".lockgate") as database, database.begin() as connection:
        grants = [Grant(Scope.ANY, one.permission) for one in catalogue()]
        teams.put(connection, "shop", owns=[Asset(AssetKind.REPOSITORY, f"*/{project.name}")])
        shown = []
        for name, personas in (("ana", list(Persona)), ("dan", [Persona.DEVELOPER])):
            person = people.create(connection, username=name, personas=personas)
            teams.set_joined(connection, person.id, ["shop"])
            shown += [tokens.create(connection, "bench", kind=ActorKind.PERSON, grants=grants, seconds=86_400,
                                    created_by=person.id, person=person.id)[0]]  # fmt: skip
    return shown[0], shown[1]


@contextmanager
def serving(project: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """``lockgate up``, once it answers; ended at the end of the block."""
    import httpx

    process = subprocess.Popen(
        [sys.executable, "-m", "lockgate", "up", "--project", str(project), "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                if httpx.get(f"http://localhost:{port}/api/v1/ready", timeout=1).status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def memory(process: int) -> int:
    """Resident MB of a process."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024)


async def pages(port: int, token: str, turns: int, which: Sequence[str] = PAGES) -> None:
    """Each page asked first, and again in turns."""
    import httpx

    headers = {"authorization": f"Bearer {token}"}
    first: dict[str, float] = {}
    again: dict[str, list[float]] = {page: [] for page in which}
    async with httpx.AsyncClient(base_url=f"http://localhost:{port}", headers=headers, timeout=60) as client:
        await client.get("/account")  # what only the first request waits for, whatever it asks
        for turn in range(turns + 1):
            for page in which:
                began = time.perf_counter()
                answer = await client.get(page)
                spent = time.perf_counter() - began
                assert answer.status_code == 200, (page, answer.status_code)
                if turn:
                    again[page].append(spent)
                else:
                    first[page] = spent
    for page in which:
        kept = sorted(again[page])[turns // 2]
        print(f"{page}: first {first[page] * 1000:.0f} ms, again {kept * 1000:.0f} ms (median)", flush=True)


async def load(port: int, token: str, users: int, seconds: float) -> None:
    """Pages in any order by many users at a time."""
    import httpx

    until, spent, failed = time.monotonic() + seconds, list[float](), 0

    async def user(number: int) -> None:
        nonlocal failed
        chance = random.Random(number)
        await asyncio.sleep(chance.random() * 2)
        headers = {"authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=f"http://localhost:{port}", headers=headers, timeout=60) as client:
            while time.monotonic() < until:
                began = time.perf_counter()
                answer = await client.get(chance.choice(PAGES))
                spent.append(time.perf_counter() - began)
                failed += answer.status_code != 200
                await asyncio.sleep(1 + 2 * chance.random())

    await asyncio.gather(*(user(number) for number in range(users)))
    spent.sort()
    print(f"{users} users: {len(spent)} pages, {failed} refused; {spent[len(spent) // 2] * 1000:.0f} ms (median), "
          f"{spent[int(len(spent) * 0.95)] * 1000:.0f} ms (p95), {spent[-1] * 1000:.0f} ms (most)")  # fmt: skip


if __name__ == "__main__":
    main()
