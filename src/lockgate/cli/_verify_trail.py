"""The work of ``lockgate verify-trail``."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from lockgate.cli._project import project_at
from lockgate.cli._up import database_of
from lockgate.errors import ExitCode, UsageError
from lockgate.formats.printable import printable
from lockgate.lazy_pattern import lazy_pattern

_HASH = lazy_pattern(r"[0-9a-f]{64}\Z")


def run(arguments: argparse.Namespace) -> int:
    """Verify; 1 where the chain is broken."""
    if arguments.head and not _HASH.match(arguments.head):
        raise UsageError("is no hash of an entry", where="--head", hint="64 hex digits, as verify-trail prints them")
    from lockgate.engine.trail_rows import copied
    from lockgate.store.team import trail

    project = project_at(Path(arguments.project))
    with database_of(project.settings.server, project.workspace) as database, database.read() as connection:
        heads = [one for one in (arguments.head, copied(project.record())[1]) if one]
        found = trail.verified(trail.chain(connection), heads=heads)
    if arguments.json:
        import orjson

        print(orjson.dumps({"holds": not found.broken, **dataclasses.asdict(found)}).decode())
    else:
        print(f"{found.count} entries, head {found.head}")
        for one in found.broken:
            print(printable(one))
        print("the chain is broken" if found.broken else "the chain holds")
    return int(ExitCode.DENIED if found.broken else ExitCode.ALLOWED)
