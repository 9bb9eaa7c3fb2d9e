"""The work of ``lockgate verify``, ``sign`` and ``attest``."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lockgate.cli._image import named_image, platform_of
from lockgate.cli._notary import notary_signing
from lockgate.cli._project import Project, project_at
from lockgate.engine.image_trust.notary import FORMS, sign_as_notation
from lockgate.engine.image_trust.policies import load
from lockgate.engine.image_trust.scans import known_to
from lockgate.engine.image_trust.sign import PREDICATES, Made, Written, attest, sign
from lockgate.engine.image_trust.verify import TABLE, Asked, Known, Verified, plain, row_of, verified
from lockgate.errors import ConfigurationError, ExitCode, UsageError
from lockgate.formats.format_error import FormatError
from lockgate.formats.printable import printable
from lockgate.formats.signatures.signed_json import signed_object
from lockgate.gates.images import ImageTrust, Scanned
from lockgate.model import Verdict
from lockgate.secrets.signing_keys import opened as opened_key
from lockgate.settings.image_policy import FILE_NAME
from lockgate.sources.image.attached import writable
from lockgate.sources.image.place import Place, WritablePlace
from lockgate.sources.image.places import Named
from lockgate.store.workspace import prepare

_MAX_PREDICATE = 16 * 1024 * 1024
_WORDS = {Verdict.ALLOW: "allowed", Verdict.WARN: "allowed with warnings", Verdict.DENY: "denied"}


def run_verify(arguments: argparse.Namespace) -> int:
    """Hold an image to the policy; the exit code."""
    project = project_at(Path(), config=Path(arguments.config) if arguments.config else None)
    path = Path(arguments.policy) if arguments.policy else project.top / FILE_NAME
    trust = load(path)
    platform = platform_of(arguments)
    now = datetime.now(UTC)
    with named_image(arguments) as named:
        place, name = _in_place(named, arguments)
        tag = named.reference.tag if named.reference is not None and named.reference.digest else ""
        asked = Asked(named.key, name, arguments.image, platform, tag)
        one = verified(trust, place, asked, _known(project, arguments.no_store), now=now)
    if not arguments.no_store:
        prepare(project.workspace, tracked=project.tracks)
        project.record().append_alone(TABLE, [row_of(one, policy=trust.version, now=now)])
    print(_as_json(one, trust) if arguments.format == "json" else _as_text(one))
    return int(ExitCode.DENIED if one.trusted.decision.verdict is Verdict.DENY else ExitCode.ALLOWED)


def run_sign(arguments: argparse.Namespace) -> int:
    """Sign an image; the exit code."""
    how = notary_signing(arguments, arguments.form if arguments.form in FORMS else "", by="--form notary-jws")
    with named_image(arguments, writes=True) as named, opened_key(arguments.key) as signer:
        place, name = _written_to(named, arguments)
        if how is not None:
            digest, made_at = sign_as_notation(place, named.key, signer, how, now=datetime.now(UTC))
            print(f"signed {digest}\n  by {printable(how.chain[0].subject.rfc4514_string())} at {made_at}")
            return int(ExitCode.ALLOWED)
        made = sign(place, named.key, signer, name=name, form=Written(arguments.form))
    return _told("signed", made)


def run_attest(arguments: argparse.Namespace) -> int:
    """Say something of an image and sign that; the exit code."""
    kind = PREDICATES.get(arguments.type, arguments.type)
    if "://" not in kind:
        hint = f"{', '.join(PREDICATES)}, or an address"
        raise UsageError(f"no type of predicates: {kind[:100]!r}", where="--type", hint=hint)
    predicate = _predicate(Path(arguments.predicate))
    with named_image(arguments, writes=True) as named, opened_key(arguments.key) as signer:
        place, name = _written_to(named, arguments)
        made = attest(place, named.key, signer, name=name, predicate_type=kind, predicate=predicate,
                      form=Written(arguments.form))  # fmt: skip
    return _told("attested", made)


def _predicate(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_PREDICATE + 1)
    except OSError as error:
        raise UsageError(error.strerror or "cannot be read", where=str(path)) from None
    try:
        return signed_object(content, "the predicate", max_bytes=_MAX_PREDICATE, max_parts=None)
    except FormatError as error:
        raise UsageError(error.reason, where=str(path), hint="a predicate is one JSON object") from None


def _in_place(named: Named, arguments: argparse.Namespace) -> tuple[Place, str]:
    if named.place is None:
        raise UsageError("a root of a file system has no signatures", where=arguments.image)
    return named.place, named.reference.name if named.reference is not None else arguments.image


def _written_to(named: Named, arguments: argparse.Namespace) -> tuple[WritablePlace, str]:
    place, name = _in_place(named, arguments)
    return writable(place, arguments.image), name


def _known(project: Project, unrecorded: bool) -> Known:
    if unrecorded:
        raise_hint = "leave out --no-store, or ask for no scan"

        def none(_digest: str) -> Scanned | None:
            raise ConfigurationError("the policy asks for a scan, which only the record knows", hint=raise_hint)

        return Known(none)
    return known_to(project.record)


def _told(what: str, made: Made) -> int:
    print(f"{what} {made.digest}\n  by the key {made.key[:16]} at {made.where}")
    return int(ExitCode.ALLOWED)


def _as_json(one: Verified, trust: ImageTrust) -> str:
    body = {"image": one.image, "digest": one.digest, "verdict": one.trusted.decision.verdict.value,
            "policy": trust.version, **{name.lower(): value for name, value in plain(one).items()}}  # fmt: skip
    return json.dumps(body, indent=2, ensure_ascii=False)


def _as_text(one: Verified) -> str:
    decision = one.trusted.decision
    lines = [f"{printable(one.image)}: {_WORDS[decision.verdict]}", f"  {one.digest}"]
    if one.by_tag:
        lines.append("  a tag names this image now, and may name another later: run it by its digest")
    for name, signed in one.trusted.holding:
        what = "signed" if signed.is_signature or signed.statement is None else signed.statement.predicate_type
        moments = "".join(f", {moment:%Y-%m-%d %H:%M}" for moment in signed.moments[:1])
        index = f", of the index {signed.index}" if signed.index else ""
        lines.append(f"  holds   {name}: {printable(what)} by {printable(signed.by)}{moments}{index}")
    lines += [f"  {reason.verdict.value:7} {reason.rule}: {printable(reason.text)}" for reason in decision.reasons]
    if decision.verdict is Verdict.ALLOW and one.unread:
        lines += [f"  not read: {printable(told)}" for told in one.unread]
    return "\n".join(lines)
