"""Whether a log has taken an entry, and when: proofs of inclusion, checkpoints, signed timestamps of entries.

Source: RFC 9162, 2.1.3.2 (proofs of inclusion); C2SP signed-note and tlog-checkpoint; rekor, openapi.yaml ("signed
entry timestamp": a signature over body, integrated time, log and index as canonical JSON, RFC 8785).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from lockgate.formats.format_error import FormatError
from lockgate.formats.signatures.transparency import Entry, Proof, checkpoint
from lockgate.formats.signatures.trusted_root import Log
from lockgate.signing import keys
from lockgate.signing.refused import RefusedError


def check(entry: Entry, logs: Sequence[Log], moments: Sequence[datetime] = ()) -> datetime | None:
    """When the log took the entry, where it has signed that; None where it has only proved that it holds it.

    ``moments``: when else the signature is proved to have been there; a log that signs no times must have been trusted
    at one of them, where there is one. What came along must hold, all of it. Raises :class:`RefusedError` unless a log
    that is trusted has signed or proved it.
    """
    log = next((one for one in logs if entry.log_id in one.log_ids), None)
    if log is None:
        raise RefusedError("its entry is of a transparency log that is not trusted")
    if entry.proof is None and not entry.promise:
        raise RefusedError("nothing proves that the transparency log holds it")
    if entry.proof is not None:
        _included(entry.body, entry.proof)
        _noted(entry.proof, log)
    if not entry.promise:
        if moments and not any(log.period.holds(one) for one in moments):
            raise RefusedError("the transparency log took it at a time when it was not trusted")
        return None
    taken = _promised(entry, log)
    if not log.period.holds(taken):
        raise RefusedError("the transparency log took it at a time when it was not trusted")
    return taken


def _promised(entry: Entry, log: Log) -> datetime:
    body = base64.b64encode(entry.body).decode()
    signed = (
        f'{{"body":"{body}","integratedTime":{entry.integrated},"logID":"{entry.log_id.hex()}",'
        f'"logIndex":{entry.index}}}'
    )
    try:
        keys.from_der(log.key).verify(entry.promise, signed.encode())
    except RefusedError:
        raise RefusedError("the signed timestamp of its entry is not by the transparency log") from None
    return datetime.fromtimestamp(entry.integrated, UTC)


def _included(body: bytes, proof: Proof) -> None:
    if proof.index >= proof.size:
        raise RefusedError("the proof of inclusion is of an entry beyond the end of the log")
    at, last = proof.index, proof.size - 1
    found = hashlib.sha256(b"\x00" + body).digest()
    for other in proof.hashes:
        if last == 0:
            raise RefusedError("the proof of inclusion is longer than the log")
        if at & 1 or at == last:
            found = hashlib.sha256(b"\x01" + other + found).digest()
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\x01" + found + other).digest()
        at, last = at >> 1, last >> 1
    if last != 0 or found != proof.root:
        raise RefusedError("the proof of inclusion does not lead to the root of the log")


def _noted(proof: Proof, log: Log) -> None:
    try:
        note = checkpoint(proof.checkpoint)
    except FormatError as error:
        raise RefusedError(error.reason) from None
    hints = {one[:4] for one in log.log_ids}
    key = keys.from_der(log.key)
    for _, hint, signature in note.signatures:
        if hint not in hints:
            continue
        try:
            key.verify(signature, note.signed)
        except RefusedError:
            continue
        if (note.size, note.root) != (proof.size, proof.root):
            raise RefusedError("the checkpoint is of another tree than the proof of inclusion")
        return
    raise RefusedError("the checkpoint is not signed by the transparency log")
