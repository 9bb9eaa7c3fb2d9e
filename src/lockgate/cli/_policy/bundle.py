"""The work of ``lockgate policy bundle``: make, sign and check bundles of policies."""

from __future__ import annotations

import argparse
from pathlib import Path

from lockgate.errors import ExitCode, SourceError
from lockgate.sources import policy_files
from lockgate.sources.policy_bundle import create, load, place_of, sign
from lockgate.sources.policy_bundle.places import Layout
from lockgate.sources.policy_bundle.signing import private_key, public_key


def run(arguments: argparse.Namespace) -> int:
    """Do what the step says; returns the exit code."""
    if arguments.step == "create":
        files = files_below([Path(one) for one in arguments.paths])
        digest = create(Layout(Path(arguments.out)), arguments.tag, files)
        print(f"{digest} holds {len(files)} files, not signed yet")
    elif arguments.step == "sign":
        print(f"{sign(Layout(Path(arguments.layout)), arguments.tag, private_key(Path(arguments.key)))} is signed")
    else:
        place = place_of(arguments.place, allowed=arguments.allow_host)
        bundle = load(place, arguments.tag, public_key(Path(arguments.key)))
        print(f"{bundle.digest} is signed by this key and holds {len(bundle.files)} files")
        for name, content in sorted(bundle.files.items()):
            print(f"  {name} ({len(content):,} bytes)")
    return int(ExitCode.ALLOWED)


def files_below(paths: list[Path]) -> dict[str, bytes]:
    """The policy files below ``paths`` by their names within them."""
    found: dict[str, bytes] = {}
    for root in paths:
        if not root.exists():
            raise SourceError("there is no such file or folder of policies", where=str(root))
        for path in policy_files.files([root]):
            name = path.relative_to(root).as_posix() if root.is_dir() else path.name
            if name in found:
                raise SourceError("two files have this name", where=name)
            found[name] = path.read_bytes()
    if not found:
        raise SourceError("there are no policies", where=", ".join(map(str, paths)))
    return found
