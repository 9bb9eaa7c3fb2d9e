"""Statements of in-toto: a predicate about subjects, and provenance of SLSA as the predicate that admission weighs.

Source: in-toto/attestation, spec/v1 and v0.1; slsa.dev/provenance/v1 and v0.2. What an unsigned statement says is
nothing; whoever reads one here has checked its envelope.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci._fields import mapping, rows, string_map, text
from lockgate.formats.signatures.signed_json import signed_object
from lockgate.lazy_pattern import lazy_pattern

STATEMENT_1 = "https://in-toto.io/Statement/v1"
_STATEMENTS = frozenset({STATEMENT_1, "https://in-toto.io/Statement/v0.1"})
SLSA_1 = "https://slsa.dev/provenance/v1"
SLSA_02 = "https://slsa.dev/provenance/v0.2"
COSIGN_SIGN = "https://sigstore.dev/cosign/sign/v1"
"""Predicate of a signature in cosign's newer form, which says nothing but that the subject was signed."""
MAX_SUBJECTS = 1_000
_ORIGIN = lazy_pattern(r"(?:git\+)?(?P<address>https?://[^@?#\s]++)(?:@(?P<ref>[^#\s]++))?(?:#[^\s]*+)?")


@dataclass(frozen=True, slots=True)
class Statement:
    """What somebody says of some subjects."""

    predicate_type: str
    digests: frozenset[str]
    """Of all subjects, as ``sha256:<hex>``."""
    predicate: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where and how something was built. Empty texts: the statement does not say."""

    build_type: str
    builder: str
    """Who built, ``builder.id``."""
    repository: str
    """Address of the source, without ``git+`` and revision."""
    ref: str
    """Branch or tag as git names it."""
    workflow: str
    """Path of the workflow or file that was the entry point."""
    revision: str
    """Commit of the source."""
    invocation: str
    """The run that built it."""


def read(content: bytes) -> Statement:
    """The statement that ``content`` is. Raises :class:`FormatError`."""
    body = signed_object(content, "the statement", max_parts=None)
    if text(body, "_type") not in _STATEMENTS:
        raise FormatError("no statement of in-toto by its '_type'")
    found: set[str] = set()
    for subject in rows(body, "subject", most=MAX_SUBJECTS, required=True):
        if not isinstance(subject, dict):
            raise FormatError("a subject of the statement is no object")
        found |= {f"{name}:{value.lower()}" for name, value in string_map(subject, "digest").items()}
    return Statement(text(body, "predicateType", required=True), frozenset(found), mapping(body, "predicate"))


def written(digest: str, name: str, predicate_type: str, predicate: Mapping[str, Any]) -> bytes:
    """A statement (v1) about one digest, the same bytes for the same arguments."""
    algorithm, _, value = digest.partition(":")
    body = {"_type": STATEMENT_1, "subject": [{"name": name, "digest": {algorithm: value}}],
            "predicateType": predicate_type, "predicate": predicate}  # fmt: skip
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def provenance(statement: Statement) -> Provenance | None:
    """The provenance that a statement is; None where its predicate is another. Raises :class:`FormatError`."""
    if statement.predicate_type == SLSA_1:
        return _of_1(statement.predicate)
    return _of_02(statement.predicate) if statement.predicate_type == SLSA_02 else None


def _of_1(body: Mapping[str, Any]) -> Provenance:
    definition, details = mapping(body, "buildDefinition"), mapping(body, "runDetails")
    parameters = mapping(definition, "externalParameters")
    workflow = mapping(parameters, "workflow")
    source, ref, revision = text(workflow, "repository"), text(workflow, "ref"), ""
    named = parameters.get("source")
    if not source and isinstance(named, str):
        source, found = _origin(named)
        ref = ref or found
    materials = [one for one in rows(definition, "resolvedDependencies", most=10_000) if isinstance(one, dict)]
    for one in materials:
        address, _ = _origin(text(one, "uri"))
        if address and (not source or address == _origin(source)[0]):
            source = source or address
            revision = _revision(one)
            break
    return Provenance(
        text(definition, "buildType"), text(mapping(details, "builder"), "id"), _origin(source)[0] or source, ref,
        text(workflow, "path"), revision, text(mapping(details, "metadata"), "invocationId"),
    )  # fmt: skip


def _of_02(body: Mapping[str, Any]) -> Provenance:
    invocation = mapping(body, "invocation")
    source = mapping(invocation, "configSource")
    address, ref = _origin(text(source, "uri"))
    return Provenance(
        text(body, "buildType"), text(mapping(body, "builder"), "id"), address, ref, text(source, "entryPoint"),
        _revision(source), text(mapping(body, "metadata"), "buildInvocationId"),
    )  # fmt: skip


def _origin(uri: str) -> tuple[str, str]:
    """Address and ref of ``git+https://host/team/shop@refs/heads/main``; empty where it is of another form."""
    found = _ORIGIN.fullmatch(uri)
    return (found["address"].removesuffix(".git"), found["ref"] or "") if found else ("", "")


def _revision(body: Mapping[str, Any]) -> str:
    digests = string_map(body, "digest")
    return digests.get("gitCommit") or digests.get("sha1") or ""
