"""Waivers that people granted at the server whose workspace this is, for whatever is judged there without the server.

Imports next to nothing where no server was ever started, which is nearly everywhere.
"""

from __future__ import annotations

from pathlib import Path

from lockgate.secrets.references import secret_of
from lockgate.store.waiver import Waiver

_FILE = "team.db"
_WHERE = "server.database"


def granted_here(folder: Path, reference: str, *, top: Path) -> tuple[Waiver, ...]:
    """Those that stand granted, one for each finding; none where no server works on this workspace.

    ``folder``: of the workspace. ``reference``: to the database's address, as the settings have it. Since the settings
    are those of what is judged, a file inside ``top`` is not followed: it would be whoever wrote the project that says
    where waivers come from. Raises :class:`LockgateError` where the database is there and cannot be read: a waiver that
    was granted is not passed over in silence.
    """
    url = _address(reference, top)
    if url is None or (not url and not (folder / _FILE).is_file()):
        return ()
    from lockgate.store.team import waivers
    from lockgate.store.team.database import TeamDatabase

    with TeamDatabase(url or f"sqlite:///{folder / _FILE}") as database, database.read() as connection:
        if not connection.dialect.has_table(connection, waivers.WAIVERS.name):
            return ()  # it was made by a Lockgate that had no waivers, and no server was started since
        return tuple(waivers.granted(connection))


def _address(reference: str, top: Path) -> str | None:
    """The address that a reference leads to; empty: the workspace's own file; None: no server is here."""
    kind, _, name = reference.partition(":")
    if not reference:
        return ""
    if kind == "file" and Path(name).is_absolute() and not Path(name).resolve().is_relative_to(top.resolve()):
        return secret_of(reference, where=_WHERE) if Path(name).is_file() else None
    if kind == "env":
        import os

        return secret_of(reference, where=_WHERE) if os.environ.get(name) else None
    return None
