"""The work of ``lockgate tokens``."""

from __future__ import annotations

import argparse
from pathlib import Path

from lockgate.errors import ExitCode, UsageError

FILE = "tokens"


def run(arguments: argparse.Namespace) -> int:
    """Add, list, remove, or show a shared key; the exit code."""
    from lockgate.cli._project import project_at
    from lockgate.server import access
    from lockgate.store.workspace import prepare

    path = Path(arguments.file) if arguments.file else None
    if path is None or arguments.action == "key":
        project = project_at(Path.cwd())
        prepare(project.workspace, tracked=project.tracks)
        path = path or project.workspace.folder / FILE
    if arguments.action == "list":
        for one in access.people_in(path):
            most = one.allowance
            print(f"{one.name}  {','.join(sorted(one.rights))}  {most.concurrent} at a time, {most.seconds:g} s, "
                  f"{most.rows:,} rows, {most.bytes:,} bytes, {most.memory}")  # fmt: skip
        return int(ExitCode.ALLOWED)
    if arguments.action == "remove":
        if not access.remove(path, arguments.name):
            raise UsageError(f"{arguments.name} has no token", where=str(path))
        return int(ExitCode.ALLOWED)
    if arguments.action == "key":
        from lockgate.server.ingest.shared_key import key_of
        from lockgate.store.workspace import salt_of

        found = access.People(path).named(arguments.name)
        if found is None:
            raise UsageError(f"{arguments.name} has no token", where=str(path))
        print(key_of(found[0], salt_of(project.workspace)))
        return int(ExitCode.ALLOWED)
    words = [*([f"may={arguments.may}"] if arguments.may else []), *arguments.limit]
    if any(len(word.split()) != 1 for word in words):
        raise UsageError("a limit is KEY=VALUE, without blanks", where="--limit")
    print(access.add(path, arguments.name, words=" ".join(words)))
    return int(ExitCode.ALLOWED)
