"""One build: the image, and beside it its bill of materials, its provenance and its signature, the tag last."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.engine.build import builders
from lockgate.engine.build.bases import Bases
from lockgate.engine.build.builders import Builder, Plan
from lockgate.engine.build.origin import Origin
from lockgate.engine.build.provenance import predicate
from lockgate.engine.image_bill import MEDIA_TYPES, attach_bill, bill_of
from lockgate.engine.image_trust.notary import NotarySigning, sign_as_notation
from lockgate.engine.image_trust.sign import PREDICATES, Written, attest, sign
from lockgate.errors import SourceError
from lockgate.formats.oci.references import Reference
from lockgate.formats.signatures.in_toto import SLSA_1
from lockgate.signing.signer import Signer
from lockgate.sources.image import opened
from lockgate.sources.image.copying import copy
from lockgate.sources.image.layout import Layout
from lockgate.sources.image.place import WritablePlace

_LABEL = "org.opencontainers.image"


@dataclass(frozen=True, slots=True)
class Goal:
    """Where the image goes, and what is said of it there."""

    place: WritablePlace
    reference: Reference
    """Its name, with the tag it gets."""
    bill: str = "cyclonedx"
    """A form of ``MEDIA_TYPES``; empty: none."""
    signer: Signer | None = None
    form: Written = Written.TAG
    notary: NotarySigning | None = None
    """How ``signer`` signs as notation does, too; None: not at all."""


@dataclass(frozen=True, slots=True)
class Built:
    """What was made."""

    digest: str
    bill: str = ""
    """Digest of the artifact with the bill; empty where none was asked for."""
    components: int = 0
    provenance: str = ""
    """Where it lies; empty without a key."""
    signature: str = ""
    notary_signature: str = ""
    """Digest of the artifact; empty where none was asked for."""
    told: Mapping[str, Any] | None = None
    """The predicate of provenance."""


def labels_of(origin: Origin, bases: Bases) -> dict[str, str]:
    """What the image says of itself. Source: OCI image-spec 1.1, annotations.md."""
    found = {f"{_LABEL}.source": origin.repository, f"{_LABEL}.revision": origin.revision}
    if bases.last is not None:
        base, digest = bases.last
        found |= {f"{_LABEL}.base.name": f"{base.name}:{base.tag or 'latest'}", f"{_LABEL}.base.digest": digest}
    return {name: value for name, value in found.items() if value}


def build(
    builder: Builder, version: str, plan: Plan, *, origin: Origin, bases: Bases, goal: Goal,
    environment: Mapping[str, str], output: IO[str],
) -> Built:  # fmt: skip
    """Build and bring the image to where it goes. Its tag is written when all else is there.

    ``version``: of the builder. Raises ``SourceError`` and ``UsageError``.
    """
    started = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="lockgate-build-") as made:
        folder = Path(made)
        pinned = folder / "Dockerfile"
        pinned.write_text(bases.text, "utf-8", newline="")
        ignored = plan.dockerfile.with_name(f"{plan.dockerfile.name}.dockerignore")
        if ignored.is_file():  # it belongs to the Dockerfile by its name
            (folder / "Dockerfile.dockerignore").write_bytes(ignored.read_bytes())
        place = builders.run(
            builder, replace(plan, dockerfile=pinned), folder, environment=environment, output=output
        )
        if not isinstance(place, Layout):
            raise SourceError("the builder left something other than an OCI layout", where=builder.name)
        digest = copy(place, "", goal.place)
        told = predicate(
            origin, _parameters(plan), bases=bases.named, builder=version, started=started, ended=datetime.now(UTC)
        )
        done = _said(place, digest, goal, told, plan.epoch)
        copy(place, digest, goal.place, tag=goal.reference.tag)
    return done


def _parameters(plan: Plan) -> dict[str, Any]:
    chosen = {
        "dockerfile": plan.dockerfile.name, "arguments": dict(sorted(plan.arguments.items())), "target": plan.target,
        "platform": plan.platform,
    }  # fmt: skip
    return {name: value for name, value in chosen.items() if value}


def _said(place: Layout, digest: str, goal: Goal, told: Mapping[str, Any], epoch: int) -> Built:
    done = Built(digest, told=told)
    name = goal.reference.name
    if goal.bill:
        image = opened(place, digest, name=name, reference=goal.reference)
        bill = bill_of(image, epoch=epoch)
        lies = attach_bill(goal.place, image, bill, goal.bill)
        done = replace(done, bill=lies, components=len(bill.result.components))
        if goal.signer is not None:
            kind = PREDICATES["cyclonedx" if goal.bill == "cyclonedx" else "spdxjson"]
            body = orjson.loads(bill.written(goal.bill))
            attest(goal.place, digest, goal.signer, name=name, predicate_type=kind, predicate=body, form=goal.form)
    if goal.signer is not None:
        stated = attest(
            goal.place, digest, goal.signer, name=name, predicate_type=SLSA_1, predicate=told, form=goal.form
        )
        signed = sign(goal.place, digest, goal.signer, name=name, form=goal.form)
        done = replace(done, provenance=stated.where, signature=signed.where)
        if goal.notary is not None:
            _, lies = sign_as_notation(goal.place, digest, goal.signer, goal.notary, now=datetime.now(UTC))
            done = replace(done, notary_signature=lies)
    return done


__all__ = ["MEDIA_TYPES", "Built", "Goal", "build", "labels_of"]
