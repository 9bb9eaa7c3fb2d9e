"""The work of ``lockgate saved``."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

from lockgate.cli._ask import decoded, text_of
from lockgate.cli._project import project_at
from lockgate.cli._text import safe
from lockgate.errors import ExitCode, UsageError
from lockgate.store.saved import FUNCTION, MAX_TEXT, QUERY, Library, Saved, function_text
from lockgate.store.workspace import prepare


def run(arguments: argparse.Namespace) -> int:
    """List, show, set or drop; the exit code."""
    project = project_at(Path.cwd())
    library = project.library()
    if arguments.action == "list":
        _list(library)
        return int(ExitCode.ALLOWED)
    if arguments.action == "page":
        from lockgate.cli._saved_page import write

        return write(arguments, project, library)
    kind = FUNCTION if arguments.function else QUERY
    if arguments.action == "show":
        print(safe(_found(library, kind, arguments.name).text))
        return int(ExitCode.ALLOWED)
    prepare(project.workspace, tracked=project.tracks)
    if arguments.action == "drop":
        if not library.drop(kind, arguments.name, who=_who()):
            raise UsageError(f"there is no {kind} {arguments.name} in the workspace")
        return int(ExitCode.ALLOWED)
    text = _text(arguments.file)
    if kind == FUNCTION:
        text = function_text(text)
    library.put(Saved(kind, arguments.name, text, arguments.about, arguments.folder, _who()))
    return int(ExitCode.ALLOWED)


def _list(library: Library) -> None:
    for kind, kept in ((QUERY, library.queries()), (FUNCTION, library.functions())):
        for one in kept.values():
            print(safe(f"{kind}  {one.name}  {one.path or f'workspace, {one.who} {one.time}'}  {one.about}".rstrip()))


def _found(library: Library, kind: str, name: str) -> Saved:
    kept = library.functions() if kind == FUNCTION else library.queries()
    if name not in kept:
        raise UsageError(f"there is no {kind} {name}", hint="lockgate saved list")
    return kept[name]


def _text(name: str) -> str:
    if name == "-":
        return decoded(sys.stdin.buffer.read(MAX_TEXT + 1), where="standard input")
    return text_of(Path(name))


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
