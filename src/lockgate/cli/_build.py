"""The work of ``lockgate build``: names and files from the arguments, one build, what was made in words."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lockgate.cli._notary import notary_signing
from lockgate.engine.build.bases import pinned
from lockgate.engine.build.builders import Plan, chosen
from lockgate.engine.build.building import Built, Goal, build, labels_of
from lockgate.engine.build.origin import Origin, origin_of
from lockgate.engine.image_trust.sign import Written
from lockgate.errors import ExitCode, SourceError, UsageError
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import references
from lockgate.formats.oci.references import Reference
from lockgate.formats.printable import printable
from lockgate.secrets.signing_keys import opened as opened_key
from lockgate.sources.image.files import Folder
from lockgate.sources.image.layout import Layout
from lockgate.sources.image.place import WritablePlace


def run(arguments: argparse.Namespace) -> int:
    """Build; returns the exit code."""
    from lockgate.sources.image.registry import Trust, registry_of

    context = Path(arguments.context)
    if not context.is_dir():
        raise UsageError("no folder to build from", where=str(context))
    reference = _reference(arguments.tag)
    notary = notary_signing(arguments, f"notary-{arguments.notary}" if arguments.notary else "", by="--notary jws")
    if notary is not None and not arguments.key:
        raise UsageError("the certificates are of a key, and none signs", where="--notary", hint="--key KEY")
    builder, version = chosen(arguments.builder)
    trust = Trust(arguments.ca_file, arguments.plain_http)

    def digest_of(base: Reference) -> str:
        with registry_of(base, trust) as place:
            return place.manifest(base.key).digest

    dockerfile = Path(arguments.file) if arguments.file else context / "Dockerfile"
    bases = pinned(dockerfile, digest_of)
    origin = origin_of(context, os.environ)
    plan = Plan(
        context.resolve(), dockerfile.resolve(), origin.epoch, labels_of(origin, bases), _pairs(arguments.build_arg),
        arguments.target, arguments.platform, arguments.timeout,
    )  # fmt: skip
    with ExitStack() as stack:
        signer = stack.enter_context(opened_key(arguments.key)) if arguments.key else None
        place = stack.enter_context(_target(arguments, reference, trust))
        bill = "" if arguments.sbom == "none" else arguments.sbom
        goal = Goal(place, reference, bill, signer, Written(arguments.form), notary)
        done = build(
            builder, version, plan, origin=origin, bases=bases, goal=goal, environment=os.environ, output=sys.stderr
        )
    for notice in bases.notices:
        print(f"not pinned: {printable(notice)}", file=sys.stderr)
    _tell(arguments, reference, version, origin, done)
    return int(ExitCode.ALLOWED)


@contextmanager
def _target(arguments: argparse.Namespace, reference: Reference, trust: object) -> Iterator[WritablePlace]:
    if arguments.output:
        yield _layout(Path(arguments.output))
        return
    from lockgate.sources.image.registry import Trust, registry_of

    assert isinstance(trust, Trust)
    with registry_of(reference, trust, writes=True) as place:
        yield place


def _layout(folder: Path) -> Layout:
    """The layout in a folder, made where there is none. Raises ``UsageError`` where something else is there."""
    if folder.exists() and not (folder / "oci-layout").is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("something other than an OCI layout is there", where=str(folder), hint="name a new folder")
    try:
        (folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        for name, text in (
            ("index.json", '{"schemaVersion":2,"manifests":[]}'),
            ("oci-layout", '{"imageLayoutVersion":"1.0.0"}'),
        ):
            if not (folder / name).exists():
                (folder / name).write_text(text)
    except OSError as error:
        raise SourceError(error.strerror or "cannot be written", where=str(folder)) from None
    return Layout(Folder(folder))


def _reference(text: str) -> Reference:
    try:
        found = references.parse(text)
    except FormatError as error:
        raise UsageError(error.reason, where="--tag", hint="registry/repository:tag") from None
    if found.digest or not found.tag:
        raise UsageError("an image is built under a tag, not a digest", where="--tag", hint="registry/repository:tag")
    return found


def _pairs(texts: list[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise UsageError("an argument of a build is written NAME=VALUE", where="--build-arg")
        found[name] = value
    return found


def _tell(arguments: argparse.Namespace, reference: Reference, version: str, origin: Origin, done: Built) -> None:
    if arguments.provenance:
        text = json.dumps(done.told, indent=2, ensure_ascii=False)
        try:
            Path(arguments.provenance).write_text(text + "\n", "utf-8")
        except OSError as error:
            raise SourceError(error.strerror or "cannot be written", where=arguments.provenance) from None
    if arguments.format == "json":
        body = {"image": str(reference), "digest": done.digest, "builder": version, "revision": origin.revision,
                "sbom": done.bill, "provenance": done.provenance, "signature": done.signature,
                "notary_signature": done.notary_signature}  # fmt: skip
        print(json.dumps(body, indent=2))
        return
    print(f"built {reference}\n  {done.digest} by {printable(version)}")
    print(f"  of {origin.revision or 'no commit'}{f' of {origin.repository}' if origin.repository else ''}")
    if done.bill:
        print(f"  bill of {done.components:,} components at {done.bill}")
    if done.signature:
        print(f"  provenance at {done.provenance}\n  signature at {done.signature}")
        if done.notary_signature:
            print(f"  signature of the Notary Project at {done.notary_signature}")
    else:
        print("  not signed, and no provenance attached: --key KEY signs both")
