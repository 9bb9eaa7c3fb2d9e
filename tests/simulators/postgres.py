"""A PostgreSQL server that tests start: on a Unix socket, with fsync off, each test in a database of its own.

PostgreSQL refuses to run as root, so that a root test run starts it as ``nobody``.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from lockgate.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server."""

    folder: Path
    """Where its socket is."""

    def url(self, name: str) -> str:
        """The address of a database."""
        return f"postgresql://lockgate@/{name}?host={self.folder}"

    def fresh(self, template: str = "template1") -> str:
        """The address of a new database: empty, or a copy of ``template``, which nobody may be connected to."""
        import psycopg

        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(f"host={self.folder} user=lockgate dbname=postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')  # type: ignore[arg-type]
        return self.url(name)


@contextmanager
def running() -> Iterator[Postgres | str]:
    """A server for as long as the context lasts, or why there is none."""
    programs = _programs()
    if programs is None:
        yield "PostgreSQL is not installed (initdb, postgres)"
        return
    memory = Path("/dev/shm")  # what tests write need not wait for a disk
    folder = Path(mkdtemp(prefix="lg-pg-", dir=memory if os.access(memory, os.W_OK) else None))
    user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    given = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    if given:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    data = folder / "data"
    initdb = [programs / "initdb", "-D", data, "-U", "lockgate", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"]
    subprocess.run(initdb, check=True, capture_output=True, cwd=folder, env={}, **given)  # type: ignore[call-overload]
    options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off",
               "-c", "max_connections=60", "-c", "shared_buffers=16MB"]  # fmt: skip
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(  # type: ignore[call-overload]
            [programs / "postgres", "-D", data, *options], stdout=log, stderr=log, cwd=folder, env={}, **given
        )
    try:
        _wait(folder, server)
        yield Postgres(folder)
    finally:
        server.send_signal(signal.SIGINT)  # ends connections; SIGTERM would wait for them
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    """The folder of the newest PostgreSQL: Debian keeps its programs out of the path."""
    for found in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True):
        return found.parent
    onpath = shutil.which("initdb")
    return Path(onpath).resolve().parent if onpath else None


def _wait(folder: Path, server: subprocess.Popen[bytes]) -> None:
    import psycopg

    for _ in range(400):
        if server.poll() is not None:
            raise RuntimeError((folder / "log").read_text())
        try:
            psycopg.connect(f"host={folder} user=lockgate dbname=postgres").close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise RuntimeError("PostgreSQL did not start within 20 s")
