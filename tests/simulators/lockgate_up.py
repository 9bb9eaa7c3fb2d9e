"""`lockgate up` as a process on loopback, and the people of its team as browsers would be: one session each."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pyotp

PASSWORD = "correct horse battery staple"
_SECONDS = 25.0


def until(found: Callable[[], Any], what: str, *, server: LockgateUp | None = None) -> Any:
    """The first answer of ``found`` that holds; fails, with what the server has logged, where there is none."""
    ends = time.monotonic() + _SECONDS
    while time.monotonic() < ends:
        if answer := found():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"it never came to pass: {what}\n{server.log if server is not None else ''}")


@dataclass
class LockgateUp:
    """The server of one folder; it may be killed and started again."""

    folder: Path
    port: int = 0
    people: dict[str, httpx.Client] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    link: str = ""

    @property
    def origin(self) -> str:
        """Where it is reached."""
        return f"http://localhost:{self.port}"

    @property
    def log(self) -> str:
        """All that its processes have said."""
        return (self.folder.parent / "server.log").read_text()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with (self.folder.parent / "server.log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "lockgate", "up", "--anonymous", "--port", str(self.port)], cwd=self.folder,
                env=surroundings, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        out = self.process.stdout
        assert out is not None
        while not (line := out.readline()).startswith("console: "):
            assert line, self.log
        if not self.link:
            self.link = out.readline().rpartition("#")[2].strip()

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()
        self.process = None

    def browser(self) -> httpx.Client:
        """Somebody's browser: it keeps cookies and follows nothing by itself."""
        headers = {"origin": self.origin, "sec-fetch-site": "same-origin"}
        made = httpx.Client(base_url=self.origin, headers=headers, timeout=30.0)
        self.people[f"unnamed {len(self.people)}"] = made
        return made

    def enrolled(self, link: str, username: str = "") -> httpx.Client:
        """Follow a one-time link: a password and one-time codes are set up, and a second factor has just been shown."""
        browser = self.browser()
        led = browser.post("/welcome", data={"link": link, "username": username, "name": username.title()})
        assert led.headers.get("location") == "/welcome/factor", led.text
        page = browser.get("/welcome/factor").text
        secret = re.search(r"<code>([A-Z2-7]{32})</code>", page)
        key = re.search(r'name="key" value="([^"]+)"', page)
        assert secret is not None and key is not None, page
        told = {"key": key[1], "password": PASSWORD, "code": pyotp.TOTP(secret[1]).now()}
        done = browser.post("/welcome/code", data=told)
        assert done.status_code == 200, done.text
        return browser

    def staff(self, teams: Mapping[str, str], **people: tuple[str, str, str]) -> None:
        """The first administrator, teams with the repositories that they own, and people: persona, team and address of
        mail by user name."""
        root = self.people["root"] = self.enrolled(self.link, "root")
        for name, repositories in teams.items():
            owns = [{"kind": "repository", "name": repositories}]
            done = root.put(f"/api/v1/teams/{name}", json={"owns": owns})
            assert done.status_code == 200, done.text
        for name, (persona, team, mail) in people.items():
            wanted = {"username": name, "name": name.title(), "email": mail, "personas": [persona]}
            made = root.post("/api/v1/people", json=wanted)
            assert made.status_code == 201, made.text
            joined = root.patch(f"/api/v1/people/{made.json()['person']['id']}", json={"teams": [team]})
            assert joined.status_code == 200, joined.text
            self.people[name] = self.enrolled(made.json()["link"].rpartition("#")[2])

    def token(self, *grants: str, team: str) -> str:
        """The token of a service."""
        wanted = {"name": "pipeline", "grants": list(grants), "teams": [team]}
        made = self.people["root"].post("/api/v1/service-tokens", json=wanted)
        assert made.status_code == 201, made.text
        return str(made.json()["token"])

    def requests(self, environment: str = "") -> list[dict[str, Any]]:
        """Deployments that wait or waited, newest first, as the administrator sees them."""
        found = self.people["root"].get("/api/v1/deployments", params={"environment": environment})
        assert found.status_code == 200, found.text
        return list(found.json()["items"])

    def view(self, id: str) -> dict[str, Any]:
        """One of them, with its card."""
        found = self.people["root"].get(f"/api/v1/deployments/{id}")
        assert found.status_code == 200, found.text
        return dict(found.json())

    def standing(self, id: str, wanted: str) -> dict[str, Any]:
        """The same, once it stands so."""
        seen: list[dict[str, Any]] = []

        def looked() -> dict[str, Any] | None:
            seen.append(self.view(id))
            return seen[-1] if seen[-1]["standing"] == wanted else None

        try:
            return dict(until(looked, f"{id} is {wanted}", server=self))
        except AssertionError as error:
            raise AssertionError(f"{error}\n{seen[-1]}") from None

    def answer(
        self, name: str, id: str, said: str = "approve", *, comment: str = "", binding: str = ""
    ) -> httpx.Response:  # fmt: skip
        """What comes of somebody's answer to what they were shown (``binding``), or to what is so now: who is told that
        it has changed meanwhile looks again."""
        for _ in range(5):
            told = {"answer": said, "binding": binding or self.view(id)["binding"], "comment": comment}
            done = self.people[name].post(f"/api/v1/deployments/{id}/answers", json=told)
            if binding or done.status_code != 409:
                break
        return done


@contextmanager
def lockgate_up(folder: Path, settings: str) -> Iterator[LockgateUp]:
    """The server of ``folder``, which is made, under ``settings``, started; it ends with the block."""
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "lockgate.yaml").write_text(settings)
    server = LockgateUp(folder, port)
    try:
        server.start()
        yield server
    finally:
        if server.process is not None:
            server.kill()
        for one in server.people.values():
            one.close()
