"""One signature of the Notary Project put to one statement of a trust policy: five checks, each with what became of it.

Source: trust-store-trust-policy.md, "Steps" of signature verification. Whether certificates were revoked
``revocation`` finds out, by what it is given; what is not known a statement enforces, tells or skips.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci.manifests import Descriptor
from lockgate.formats.signatures.notary import cose, envelope, jws, names
from lockgate.formats.signatures.notary.envelope import AUTHORITY, COSE, JWS, Envelope
from lockgate.formats.signatures.notary.trust_policy import Action, Check, Statement
from lockgate.signing.notary import chains, timestamps
from lockgate.signing.notary.chains import Purpose
from lockgate.signing.notary.revocation import Revocation
from lockgate.signing.refused import RefusedError
from lockgate.signing.signer import der_of

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

NOTHING_KNOWN = Revocation()
Stores = Mapping[tuple[str, str], Sequence["Certificate"]]
"""Certificates by type and name of their trust store."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check came to."""

    check: Check
    action: Action
    problem: str = ""
    """Empty where it held, or was skipped."""

    @property
    def refuses(self) -> bool:
        """Whether the signature does not count because of it."""
        return bool(self.problem) and self.action is Action.ENFORCE


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one signature."""

    checks: tuple[Checked, ...]
    """In the order in which they were made; what refuses is the last."""
    signer: str = ""
    """Distinguished name of the certificate that signed; empty where the signature was not its own."""
    signed_at: datetime | None = None
    """By the signer's word."""
    proved_at: datetime | None = None
    """When it was there at the latest, by an authority that is trusted to tell; None where none was asked."""
    target: Descriptor | None = None
    """What was signed, with its annotations; None where integrity does not hold."""

    @property
    def holds(self) -> bool:
        """Whether the signature counts."""
        return not any(one.refuses for one in self.checks)

    @property
    def problem(self) -> str:
        """Why it does not count; empty where it does."""
        return next((one.problem for one in self.checks if one.refuses), "")


def verify(
    content: bytes, media_type: str, target: Descriptor, statement: Statement, stores: Stores, now: datetime,
    revocation: Revocation = NOTHING_KNOWN,
) -> Outcome:  # fmt: skip
    """What ``statement`` says of the signature ``content`` of ``target``. ``media_type``: of the envelope.

    ``stores``: those of the statement; a missing one makes its check fail. ``now`` knows its time zone. A statement
    that skips looks at nothing and lets everything count. ``revocation``: what is known of revoked certificates, and
    who may be asked: of a chain that leads to no trust store nobody is.
    """
    if statement.skips:
        return Outcome(tuple(Checked(check, Action.SKIP) for check in Check))
    try:
        read, chain, signed = _intact(content, media_type, target)
    except (RefusedError, FormatError) as error:
        reason = error.reason
        return Outcome((Checked(Check.INTEGRITY, statement.actions[Check.INTEGRITY], reason),))
    done = [Checked(Check.INTEGRITY, statement.actions[Check.INTEGRITY])]
    proved: list[datetime] = []
    judges: tuple[tuple[Check, Callable[[], None]], ...] = (
        (Check.AUTHENTICITY, lambda: _authentic(read, chain, statement, stores)),
        (Check.EXPIRY, lambda: _unexpired(read, now)),
        (Check.TIMESTAMP, lambda: proved.extend(_in_time(read, chain, statement, stores, now, revocation))),
        (Check.REVOCATION, lambda: _unrevoked(read, chain, done, revocation, now)),
    )
    for check, judge in judges:
        action = statement.actions[check]
        problem = ""
        if action is not Action.SKIP:
            try:
                judge()
            except RefusedError as error:
                problem = error.reason
        done.append(Checked(check, action, problem))
        if done[-1].refuses:
            break
    moment = proved[0] if proved else None
    return Outcome(tuple(done), chain[0].subject.rfc4514_string(), read.signed_at, moment, signed)


def read_envelope(content: bytes, media_type: str) -> Envelope:
    """The envelope by its media type. Raises :class:`FormatError`."""
    if media_type == JWS:
        return jws.read(content)
    if media_type == COSE:
        return cose.read(content)
    raise FormatError("an envelope that is neither JWS nor COSE by its media type")


def _intact(content: bytes, media_type: str, target: Descriptor) -> tuple[Envelope, list[Certificate], Descriptor]:
    read = read_envelope(content, media_type)
    if read.critical:
        raise RefusedError(f"it must not be taken without understanding {', '.join(read.critical)[:200]}")
    chain = chains.loaded(read.chain)
    _by_key(read, chain[0])
    chains.check(chain, Purpose.CODE)
    signed = envelope.target_of(read.payload)
    if (signed.digest, signed.size, signed.media_type) != (target.digest, target.size, target.media_type):
        raise RefusedError(f"it signs {signed.digest}, not {target.digest}")
    return read, chain, signed


def _by_key(read: Envelope, certificate: Certificate) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    key = certificate.public_key()
    if chains.algorithm_of(key) != read.algorithm:
        raise RefusedError("it names another algorithm than that of its certificate's key")
    hashed = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[read.algorithm[2:]]
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            if len(read.signature) != 2 * ((key.curve.key_size + 7) // 8):
                raise InvalidSignature
            key.verify(der_of(read.signature), read.signed, ec.ECDSA(hashed))
        else:
            assert isinstance(key, rsa.RSAPublicKey)  # algorithm_of knows no other kind
            key.verify(read.signature, read.signed, padding.PSS(padding.MGF1(hashed), padding.PSS.AUTO), hashed)
    except (InvalidSignature, ValueError):
        raise RefusedError("the signature is not by its certificate's key") from None


def _authentic(read: Envelope, chain: Sequence[Certificate], statement: Statement, stores: Stores) -> None:
    kind = "signingAuthority" if read.scheme == AUTHORITY else "ca"
    trusted = [one for key in statement.stores if key[0] == kind for one in _store(stores, key)]
    if not any(one in trusted for one in chain):
        raise RefusedError(f"none of its certificates is in a trust store of type {kind} of {statement.name!r}")
    if statement.anybody:
        return
    try:
        subject = names.unique(_attributes(chain[0]))
    except FormatError as error:
        raise RefusedError(f"its certificate's subject: {error.reason}") from None
    if not any(names.within(wanted, subject) for wanted in statement.subjects):
        told = chain[0].subject.rfc4514_string()[:300]
        raise RefusedError(f"it is signed by {told}, which is none of the trusted identities of {statement.name!r}")


def _attributes(certificate: Certificate) -> Iterator[tuple[str, str]]:
    """As Go names them, whose names trust policies are written in."""
    from cryptography.x509.oid import NameOID as Oid

    known = {
        Oid.COUNTRY_NAME: "C", Oid.ORGANIZATION_NAME: "O", Oid.ORGANIZATIONAL_UNIT_NAME: "OU", Oid.COMMON_NAME: "CN",
        Oid.SERIAL_NUMBER: "SERIALNUMBER", Oid.LOCALITY_NAME: "L", Oid.STATE_OR_PROVINCE_NAME: "ST",
        Oid.STREET_ADDRESS: "STREET", Oid.POSTAL_CODE: "POSTALCODE",
    }  # fmt: skip
    return ((known.get(one.oid, one.oid.dotted_string), str(one.value)) for one in certificate.subject)


def _unexpired(read: Envelope, now: datetime) -> None:
    if read.expires_at is not None and now >= read.expires_at:
        raise RefusedError(f"the signature expired at {_told(read.expires_at)}")


def _unrevoked(
    read: Envelope, chain: Sequence[Certificate], done: Sequence[Checked], revocation: Revocation, now: datetime
) -> None:
    """Whoever made the signature wrote the certificates that say who is asked: so first they must be of somebody who is
    trusted."""
    if any(one.check is Check.AUTHENTICITY and one.problem for one in done):
        revocation = replace(revocation, ask=None)
    revocation.refuse(chain, now, read.signed_at if read.scheme == AUTHORITY else None)


def _in_time(
    read: Envelope, chain: Sequence[Certificate], statement: Statement, stores: Stores, now: datetime,
    revocation: Revocation,
) -> Sequence[datetime]:  # fmt: skip
    """When an authority that is trusted has seen the signature; nothing where none is asked."""
    if read.scheme == AUTHORITY:
        _valid(chain, read.signed_at, read.signed_at, "when the authority says that it was signed")
        return (read.signed_at,)
    authorities = [key for key in statement.stores if key[0] == "tsa"]
    over = any(one.not_valid_after_utc < now for one in chain)
    if not authorities or (statement.timestamp_after_expiry and not over):
        _valid(chain, now, now, "now, and no timestamp is asked for that could tell of another time")
        return ()
    if not read.timestamp:
        raise RefusedError("it has no timestamp")
    roots = [one for key in authorities for one in _store(stores, key)]
    seen = timestamps.seen(read.timestamp, read.signature, roots)
    if statement.actions[Check.REVOCATION] is not Action.SKIP:
        revocation.refuse(seen.chain, now)
    _valid(chain, seen.first, seen.last, "at the time of its timestamp")
    return (seen.last,)


def _valid(chain: Sequence[Certificate], first: datetime, last: datetime, when: str) -> None:
    for one in chain:
        if not (one.not_valid_before_utc <= first and last <= one.not_valid_after_utc):
            told = f"{_told(one.not_valid_before_utc)} to {_told(one.not_valid_after_utc)}"
            raise RefusedError(f"a certificate is valid from {told} and not {when}")


def _store(stores: Stores, key: tuple[str, str]) -> Sequence[Certificate]:
    if key not in stores:
        raise RefusedError(f"there is no trust store {key[0]}:{key[1]}")
    return stores[key]


def _told(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
