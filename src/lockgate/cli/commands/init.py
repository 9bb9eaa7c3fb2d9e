"""``lockgate init``: a hardened workflow and a starting lockgate.yaml."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", default=".", metavar="FOLDER", help="the project (default: here)")
    parser.add_argument("--ci", choices=("github", "azure", "none"), default="github", help="pipeline to write for")
    parser.add_argument("--build", action="store_true", help="also a workflow that builds and signs the image")
    parser.add_argument("--force", action="store_true", help="replace files that are there already")


def _run(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from lockgate.cli._init import starting_files
    from lockgate.errors import SourceError, UsageError

    if arguments.build and arguments.ci != "github":
        hint = "call lockgate build from a step of your pipeline"
        raise UsageError("a workflow that builds is written for GitHub alone", where="--build", hint=hint)
    top = Path(arguments.folder)
    if not top.is_dir():
        raise SourceError("there is no such folder", where=str(top))
    for name, text in starting_files(arguments.ci, build=arguments.build).items():
        path = top / name
        if path.exists() and not arguments.force:
            print(f"kept    {name} (it is there already; --force replaces it)")
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        except OSError as error:
            raise SourceError(f"cannot be written: {error.strerror}", where=str(path)) from None
        print(f"written {name}")
    return 0


COMMAND = Command(
    about="Write a starting lockgate.yaml and a hardened pipeline.",
    configure=_configure,
    run=_run,
    examples="  lockgate init\n  lockgate init --ci azure\n  lockgate init --build\n",
)
