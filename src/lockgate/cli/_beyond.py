"""A check that works against a server: its waivers are honoured, and it is sent the run.

What cannot be asked ends the check before it begins: a waiver that was granted must not be passed over in silence. What
cannot be sent is an error after the run was told and kept here; sent again it is kept once.
"""

from __future__ import annotations

import gzip
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import orjson

from lockgate.cli._server_calls import call
from lockgate.cli._server_tokens import origin_of, token_for
from lockgate.errors import SourceError, UsageError
from lockgate.formats.printable import printable
from lockgate.lazy_pattern import lazy_pattern
from lockgate.store.waiver import Waiver

if TYPE_CHECKING:
    from lockgate.cli._project import Project
    from lockgate.model import Result

_REMOTE = lazy_pattern(r"(?:[a-z+]+://)?(?:[^@/]+@)?([^/:]+)(?::\d+)?[/:](.+?)(?:\.git)?/?")
_PAGE = 500


class Beyond:
    """One server."""

    def __init__(self, server: str) -> None:
        """Raises :class:`UsageError` for what is no address, or where nobody has signed in."""
        self.origin = origin_of(server)
        self._token = token_for(self.origin)
        if not self._token:
            raise UsageError(f"nobody has signed in at {self.origin}", where="--server",
                             hint=f"lockgate login {self.origin}, or LOCKGATE_TOKEN")  # fmt: skip

    def waivers(self) -> list[Waiver]:
        """Those that were granted there, one for each finding. Raises :class:`SourceError`."""
        found: list[Waiver] = []
        after = ""
        while True:
            page = self._asked("GET", f"/api/v1/waivers?state=granted&limit={_PAGE}&after={quote(after, safe='')}")
            items: Any = page.get("items", ())
            for one in items:
                where = f"waiver:{one['id']} of {urlsplit(self.origin).netloc}"
                found += [
                    Waiver(one["answered_by"], one["reason"], one["expires"], where, identity=identity)
                    for identity in one["identities"]
                ]
            after = str(page.get("next") or "")
            if not after:
                return found

    def send(self, result: Result, name: str) -> None:
        """Send a run, under the name that the place has there. Raises :class:`SourceError`."""
        from lockgate.store.uploads import rows_to_send

        tables = rows_to_send(result)
        tables["Runs"][0]["Root"] = name
        body = gzip.compress(orjson.dumps({"tables": tables}), 6)
        self._asked("POST", "/api/v1/runs", body)
        print(f"sent to {self.origin} as {printable(name)}", file=sys.stderr)

    @staticmethod
    def called(project: Project) -> str:
        """What a server calls this place: host and path of git's remote, else the name of the folder."""
        found = _REMOTE.fullmatch(_remote(project))
        return f"{found[1]}/{found[2]}" if found else project.top.resolve().name

    def _asked(self, method: str, path: str, body: bytes | None = None) -> dict[str, object]:
        from lockgate.transport import Transport, Trust

        headers = {"authorization": f"Bearer {self._token}", "accept": "application/json"}
        if body is not None:
            headers |= {"content-type": "application/json", "content-encoding": "gzip"}
        transport = Transport(urlsplit(self.origin).netloc, Trust())
        try:
            status, content = call(transport, method, f"{self.origin}{path}", headers=headers, body=body)
        finally:
            transport.close()
        told = _json(content)
        if status not in (200, 201):
            hint = "sign in again: lockgate login" if status == 401 else str(told.get("hint", ""))
            said = str(told.get("detail") or told.get("title") or "")[:500]
            raise SourceError(f"answers {status}: {printable(said)}", where=self.origin, hint=printable(hint))
        return told


def _remote(project: Project) -> str:
    if project.git is None:
        return ""
    try:
        return project.git.output("config", "--get", "remote.origin.url").decode("utf-8", "replace").strip()
    except SourceError:  # there is none
        return ""


def _json(content: bytes) -> dict[str, object]:
    try:
        told = orjson.loads(content)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
