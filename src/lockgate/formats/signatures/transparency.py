"""Entries of the transparency log Rekor, and the checkpoints that say what a log held.

An entry comes in a sigstore bundle (proofs and all) or, beside older signatures of cosign, as an annotation with a
signed timestamp alone. Source: sigstore/protobuf-specs, sigstore_rekor.proto; rekor, types of hashedrekord 0.0.1, dsse
0.0.1 and intoto 0.0.2; rekor-tiles, hashedrekord and dsse 0.0.2; C2SP signed-note and tlog-checkpoint.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci._fields import mapping, rows, text
from lockgate.formats.signatures.signed_json import decoded, octets, signed_object, whole

_MAX_HASHES = 64
"""Of a proof: a tree of 2**63 entries needs no more."""
_MAX_NOTE = 64 * 1024
_MAX_NOTE_SIGNATURES = 20
_ALGORITHMS = {"sha256": "sha256", "SHA2_256": "sha256", "sha384": "sha384", "SHA2_384": "sha384",
               "sha512": "sha512", "SHA2_512": "sha512"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Proof:
    """That a tree of the log holds the entry."""

    index: int
    size: int
    """Entries of the tree."""
    root: bytes
    hashes: tuple[bytes, ...]
    """From the leaf to the root."""
    checkpoint: str
    """A signed note about the tree; empty where none came along."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a log."""

    log_id: bytes
    index: int
    integrated: int
    """Seconds since 1970 when the log took it, by the log; 0 where it does not say."""
    body: bytes
    """As it was hashed into the tree."""
    kind: str
    version: str
    promise: bytes = b""
    """The log's signature over the entry and its time ("signed entry timestamp")."""
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class Witnessed:
    """One signature as the body of an entry tells it."""

    signature: bytes
    verifier: bytes
    """Certificate or public key, PEM or DER."""


@dataclass(frozen=True, slots=True)
class Body:
    """What an entry is about."""

    digest: str
    """``sha256:<hex>`` of what was signed (hashedrekord) or of the payload of an envelope (dsse, intoto)."""
    of_envelope: bool
    """Whether the digest is that of an envelope's payload."""
    signatures: tuple[Witnessed, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed note about a tree of a log."""

    origin: str
    size: int
    root: bytes
    signed: bytes
    """The bytes under the signatures."""
    signatures: tuple[tuple[str, bytes, bytes], ...]
    """Name, hint of the key (4 bytes), signature."""


def entry_of(body: object) -> Entry:
    """The entry of a bundle (``tlogEntries``). Raises :class:`FormatError`."""
    if not isinstance(body, dict):
        raise FormatError("an entry of the log is no object")
    kind = mapping(body, "kindVersion")
    promise, proof = mapping(body, "inclusionPromise"), body.get("inclusionProof")
    return Entry(
        octets(mapping(body, "logId"), "keyId", required=True), whole(body, "logIndex"), whole(body, "integratedTime"),
        octets(body, "canonicalizedBody", required=True), text(kind, "kind", required=True),
        text(kind, "version", required=True), octets(promise, "signedEntryTimestamp"),
        None if proof is None else _proof(proof),
    )  # fmt: skip


def entry_of_annotation(content: bytes) -> Entry:
    """The entry that cosign keeps as an annotation of a signature. Raises :class:`FormatError`."""
    body = signed_object(content, "the entry of the log", max_bytes=1024 * 1024)
    told = mapping(body, "Payload")
    held = octets(told, "body", required=True)
    inner = signed_object(held, "the entry of the log")
    try:
        log = bytes.fromhex(text(told, "logID", required=True))
    except ValueError:
        raise FormatError("'logID' is no hex") from None
    return Entry(
        log, whole(told, "logIndex"), whole(told, "integratedTime"), held, text(inner, "kind", required=True),
        text(inner, "apiVersion", required=True), octets(body, "SignedEntryTimestamp", required=True),
    )  # fmt: skip


def _proof(body: object) -> Proof:
    if not isinstance(body, dict):
        raise FormatError("'inclusionProof' is no object")
    hashes = rows(body, "hashes", most=_MAX_HASHES)
    if not all(isinstance(one, str) for one in hashes):
        raise FormatError("'hashes' holds something other than base64")
    found = tuple(decoded(one, "hashes") for one in hashes)
    note = text(mapping(body, "checkpoint"), "envelope")
    return Proof(whole(body, "logIndex"), whole(body, "treeSize"), octets(body, "rootHash", required=True), found, note)


def body_of(entry: Entry) -> Body:
    """What an entry is about. Raises :class:`FormatError`, also for a body of another kind than was announced."""
    body = signed_object(entry.body, "the entry of the log")
    if (body.get("kind"), body.get("apiVersion")) != (entry.kind, entry.version):
        raise FormatError("the entry of the log is of another kind than was announced")
    spec = mapping(body, "spec")
    reader = _READERS.get((entry.kind, entry.version))
    if reader is None:
        raise FormatError(f"an entry of the log of the kind {entry.kind[:40]} {entry.version[:20]} is not read")
    return reader(spec)


def _hashedrekord_1(spec: Mapping[str, Any]) -> Body:
    signature = mapping(spec, "signature")
    key = octets(mapping(signature, "publicKey"), "content", required=True)
    found = Witnessed(octets(signature, "content", required=True), key)
    return Body(_hex_digest(mapping(mapping(spec, "data"), "hash")), False, (found,))


def _dsse_1(spec: Mapping[str, Any]) -> Body:
    found = tuple(
        Witnessed(octets(one, "signature", required=True), octets(one, "verifier", required=True))
        for one in _objects(spec, "signatures")
    )
    return Body(_hex_digest(mapping(spec, "payloadHash")), True, found)


def _intoto_2(spec: Mapping[str, Any]) -> Body:
    content = mapping(spec, "content")
    found = tuple(
        Witnessed(decoded(_ascii(octets(one, "sig", required=True)), "sig"), octets(one, "publicKey", required=True))
        for one in _objects(mapping(content, "envelope"), "signatures")
    )
    return Body(_hex_digest(mapping(content, "payloadHash")), True, found)


def _hashedrekord_2(spec: Mapping[str, Any]) -> Body:
    inner = mapping(spec, "hashedRekordV002")
    return Body(_digest(mapping(inner, "data")), False, (_witnessed(mapping(inner, "signature")),))


def _dsse_2(spec: Mapping[str, Any]) -> Body:
    inner = mapping(spec, "dsseV002")
    found = tuple(_witnessed(one) for one in _objects(inner, "signatures"))
    return Body(_digest(mapping(inner, "payloadHash")), True, found)


_READERS = {
    ("hashedrekord", "0.0.1"): _hashedrekord_1, ("dsse", "0.0.1"): _dsse_1, ("intoto", "0.0.2"): _intoto_2,
    ("hashedrekord", "0.0.2"): _hashedrekord_2, ("dsse", "0.0.2"): _dsse_2,
}  # fmt: skip


def _objects(body: Mapping[str, Any], name: str) -> Iterator[dict[str, Any]]:
    for one in rows(body, name, most=_MAX_NOTE_SIGNATURES, required=True):
        if not isinstance(one, dict):
            raise FormatError(f"'{name}' holds something other than objects")
        yield one


def _witnessed(body: Mapping[str, Any]) -> Witnessed:
    verifier = mapping(body, "verifier")
    held = mapping(verifier, "x509Certificate") or mapping(verifier, "publicKey")
    return Witnessed(octets(body, "content", required=True), octets(held, "rawBytes", required=True))


def _hex_digest(body: Mapping[str, Any]) -> str:
    return f"{_algorithm(body)}:{text(body, 'value', required=True).lower()}"


def _digest(body: Mapping[str, Any]) -> str:
    return f"{_algorithm(body)}:{octets(body, 'digest', required=True).hex()}"


def _algorithm(body: Mapping[str, Any]) -> str:
    found = _ALGORITHMS.get(text(body, "algorithm", required=True))
    if found is None:
        raise FormatError("a digest of an algorithm that is not read")
    return found


def _ascii(content: bytes) -> str:
    try:
        return content.decode("ascii")
    except UnicodeDecodeError:
        raise FormatError("'sig' is no base64") from None


def checkpoint(note: str) -> Checkpoint:
    """The checkpoint that a signed note is. Raises :class:`FormatError`."""
    if len(note) > _MAX_NOTE:
        raise FormatError("the checkpoint is larger than any")
    head, separator, tail = note.rpartition("\n\n")
    lines = head.split("\n")
    if not separator or len(lines) < 3 or not lines[0]:
        raise FormatError("the checkpoint is no signed note")
    size = lines[1]
    if not (size.isascii() and size.isdigit() and len(size) < 20):
        raise FormatError("the checkpoint has no size")
    found = []
    for line in tail.splitlines()[:_MAX_NOTE_SIGNATURES]:
        name, _, held = line.removeprefix("\u2014 ").rpartition(" ")
        try:
            value = base64.b64decode(held, validate=True)
        except (binascii.Error, ValueError):
            raise FormatError("a signature of the checkpoint is no base64") from None
        if not line.startswith("\u2014 ") or len(value) < 5:
            raise FormatError("the checkpoint has a line that is no signature")
        found.append((name, value[:4], value[4:]))
    return Checkpoint(lines[0], int(size), decoded(lines[2], "checkpoint"), f"{head}\n".encode(), tuple(found))
