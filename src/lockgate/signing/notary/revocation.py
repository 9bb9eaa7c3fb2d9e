"""Whether a certificate of a chain was revoked: by lists that are given, else by whom the certificate names.

Each certificate but the root is looked up in the lists of its issuer. Where none is given, its responders are asked
(OCSP), and where they tell nothing, all lists that it names; one that names neither cannot be revoked. What nobody
tells is refused: what follows from that the trust policy says. Source: notaryproject, trust-store-trust-policy.md,
"Certificate Revocation Evaluation"; RFC 5280, 5 and 6.3; RFC 6960.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.signing.notary import chains
from lockgate.signing.refused import RefusedError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, CertificateRevocationList

Ask = Callable[[str, bytes], bytes]
"""Address, request (empty: the list that lies there) -> the answer. Raises ``SourceError``."""
_UNASKED = "give lists of its issuer (crls), let who it names be asked (ask_revocation), or override revocation"
_MOST_SERVERS = 4
"""Responders, and lists, of one certificate."""
_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Revocation:
    """What is known of revoked certificates, and who may be asked."""

    lists: Sequence[CertificateRevocationList] = ()
    ask: Ask | None = field(default=None, repr=False)
    """None: nobody is asked."""

    def refuse(self, chain: Sequence[Certificate], now: datetime, signed_at: datetime | None = None) -> None:
        """Raises :class:`RefusedError` where a certificate was revoked, or where nobody tells whether it was.

        ``signed_at``: when it was used, if that is proved: a certificate that was invalid from later on counts.
        """
        for one, issuer in pairwise(chain):
            _Case(one, issuer, now, signed_at).judge(self)


def lists_of(content: bytes) -> list[CertificateRevocationList]:
    """The lists of a file in PEM, or the one of a file in DER. Raises :class:`RefusedError`."""
    from cryptography.x509 import load_der_x509_crl, load_pem_x509_crl

    end = b"-----END X509 CRL-----"
    try:
        if b"-----BEGIN" not in content:
            return [load_der_x509_crl(content)]
        return [load_pem_x509_crl(part + end) for part in content.split(end)[:-1]]
    except ValueError:
        raise RefusedError("a list of revoked certificates that cannot be read") from None


@dataclass(frozen=True, slots=True)
class _Case:
    """One certificate, looked up."""

    certificate: Certificate
    issuer: Certificate
    now: datetime
    signed_at: datetime | None

    def judge(self, known: Revocation) -> None:
        given, unusable = False, ""
        for one in known.lists:
            if one.issuer != self.issuer.subject:
                continue
            try:
                self._in_list(one)
                given = True
            except _UnusableError as error:
                unusable = str(error)
        if given:
            return
        responders, places = _responders(self.certificate), _places(self.certificate)
        if not responders and not places and not unusable:
            return
        if known.ask is None:
            raise RefusedError(f"whether a certificate was revoked is not known ({unusable or _UNASKED}){self._at}")
        if unusable and not responders and not places:
            raise RefusedError(f"whether a certificate was revoked is not known ({unusable}){self._at}")
        self._asked(known.ask, responders, places)

    def _asked(self, ask: Ask, responders: Sequence[str], places: Sequence[str]) -> None:
        reasons = []
        for address in responders[:_MOST_SERVERS]:
            try:
                self._by_responder(ask, address)
                return
            except (_UnusableError, SourceError) as error:
                reasons.append(str(error))
        try:
            if len(places) > _MOST_SERVERS:  # each may hold what the others do not
                raise _UnusableError(f"it names more than {_MOST_SERVERS} lists")
            for address in places:
                for one in lists_of(ask(address, b"")):
                    self._in_list(one)
            if places:
                return
        except (_UnusableError, SourceError, RefusedError) as error:
            if isinstance(error, _RevokedError):
                raise
            reasons.append(error.reason if isinstance(error, RefusedError) else str(error))
        told = "; ".join(dict.fromkeys(reasons))[:400]
        raise RefusedError(f"whether a certificate was revoked nobody tells ({told}){self._at}")

    def _in_list(self, one: CertificateRevocationList) -> None:
        """Raises :class:`_UnusableError` where the list tells nothing of the certificate, ``_RevokedError``."""
        self._usable(one)
        entry = one.get_revoked_certificate_by_serial_number(self.certificate.serial_number)
        if entry is None:
            return
        invalid = None
        for extension in entry.extensions:
            invalid = getattr(extension.value, "invalidity_date_utc", invalid)
            if extension.critical and type(extension.value).__name__ not in ("CRLReason", "InvalidityDate"):
                raise _UnusableError("the list says something of it that must be understood and is not")
        self._revoked(entry.revocation_date_utc, invalid)

    def _revoked(self, since: datetime, invalid: datetime | None) -> None:
        if invalid is not None and self.signed_at is not None and self.signed_at < invalid:
            return
        raise _RevokedError(f"a certificate was revoked on {since:%Y-%m-%d %H:%M:%S} UTC{self._at}")

    def _usable(self, one: CertificateRevocationList) -> None:
        from cryptography import x509
        from cryptography.exceptions import UnsupportedAlgorithm

        try:
            signed = one.issuer == self.issuer.subject and one.is_signature_valid(_key(self.issuer))
        except (UnsupportedAlgorithm, TypeError, ValueError):
            signed = False
        if not signed or not _may_sign_lists(self.issuer):
            raise _UnusableError("a list that is not signed by the certificate's issuer")
        over = one.next_update_utc
        if one.last_update_utc > self.now + _SKEW:
            raise _UnusableError("a list of the future")
        if over is not None and over < self.now:
            raise _UnusableError(f"a list that is over since {over:%Y-%m-%d}")
        for extension in one.extensions:
            value = extension.value
            if isinstance(value, x509.FreshestCRL | x509.DeltaCRLIndicator):
                raise _UnusableError("lists of changes alone are not read")
            if isinstance(value, x509.IssuingDistributionPoint):
                self._in_scope(value)
            elif extension.critical:
                raise _UnusableError("a list that must be understood and is not")

    def _in_scope(self, point: Any) -> None:
        issues = chains.issues(self.certificate)
        if point.indirect_crl or point.only_some_reasons or point.only_contains_attribute_certs:
            raise _UnusableError("a list of some reasons, or of other issuers")
        if (point.only_contains_ca_certs and not issues) or (point.only_contains_user_certs and issues):
            raise _UnusableError("a list of other certificates")

    def _by_responder(self, ask: Ask, address: str) -> None:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.serialization import Encoding
        from cryptography.x509 import ocsp

        # SHA-1 names the issuer here, as responders want it; nothing is proved by it.
        builder = ocsp.OCSPRequestBuilder().add_certificate(self.certificate, self.issuer, hashes.SHA1())  # noqa: S303
        content = ask(address, builder.build().public_bytes(Encoding.DER))
        try:
            answer = ocsp.load_der_ocsp_response(content)
            if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
                raise _UnusableError(f"the responder answers {answer.response_status.name.lower()}")
            self._signed_by_responder(answer)
            single = next((one for one in answer.responses if self._is_about(one)), None)
        except (ValueError, TypeError) as error:
            raise _UnusableError(f"an answer of a responder that cannot be read ({type(error).__name__})") from None
        if single is None:
            raise _UnusableError("the responder answers about something else")
        until = single.next_update_utc
        if single.this_update_utc > self.now + _SKEW or until is None or until < self.now:
            raise _UnusableError("an answer of a responder that is not of now")
        if single.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
            raise _UnusableError("the responder does not know the certificate")
        if single.certificate_status is ocsp.OCSPCertStatus.REVOKED:
            self._revoked(single.revocation_time_utc or self.now, None)

    def _is_about(self, single: Any) -> bool:
        from cryptography.hazmat.primitives import hashes
        from cryptography.x509 import ocsp

        own = ocsp.OCSPRequestBuilder().add_certificate(self.certificate, self.issuer, hashes.SHA1()).build()  # noqa: S303
        return (
            isinstance(single.hash_algorithm, hashes.SHA1)
            and (single.serial_number, single.issuer_name_hash, single.issuer_key_hash)
            == (own.serial_number, own.issuer_name_hash, own.issuer_key_hash)
        )  # fmt: skip

    def _signed_by_responder(self, answer: Any) -> None:
        from cryptography.x509.oid import ExtendedKeyUsageOID as Oid

        if _signed(answer, self.issuer):
            return
        for one in list(answer.certificates)[:_MOST_SERVERS]:
            if not chains.issued_by(one, self.issuer):
                continue
            valid = one.not_valid_before_utc <= self.now <= one.not_valid_after_utc
            if valid and Oid.OCSP_SIGNING in _purposes(one) and _signed(answer, one):
                return
        raise _UnusableError("an answer that neither the issuer nor a responder of its has signed")

    @property
    def _at(self) -> str:
        return f" ({self.certificate.subject.rfc4514_string()[:200]})"


class _UnusableError(Exception):
    """What was said tells nothing of the certificate."""


class _RevokedError(RefusedError):
    """It tells that the certificate was revoked."""


def _signed(answer: Any, signer: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    key = signer.public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(answer.signature_hash_algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            hashed = answer.signature_hash_algorithm
            key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), hashed)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _key(certificate: Certificate) -> Any:
    return certificate.public_key()


def _extensions(certificate: Certificate, kind: Any) -> Iterator[Any]:
    for extension in certificate.extensions:
        if isinstance(extension.value, kind):
            yield extension.value


def _purposes(certificate: Certificate) -> set[Any]:
    from cryptography import x509

    return {one for held in _extensions(certificate, x509.ExtendedKeyUsage) for one in held}


def _may_sign_lists(certificate: Certificate) -> bool:
    from cryptography import x509

    return all(held.crl_sign for held in _extensions(certificate, x509.KeyUsage))


def _responders(certificate: Certificate) -> list[str]:
    from cryptography import x509
    from cryptography.x509.oid import AuthorityInformationAccessOID as Access

    return [
        str(one.access_location.value)
        for held in _extensions(certificate, x509.AuthorityInformationAccess) for one in held
        if one.access_method == Access.OCSP and isinstance(one.access_location, x509.UniformResourceIdentifier)
    ]  # fmt: skip


def _places(certificate: Certificate) -> list[str]:
    """Addresses of lists; one that is named in another way cannot be asked, and stands as an empty text."""
    from cryptography import x509

    return [
        next((str(one.value) for one in point.full_name or () if isinstance(one, x509.UniformResourceIdentifier)), "")
        for held in _extensions(certificate, x509.CRLDistributionPoints) for point in held
    ]  # fmt: skip
