"""Verifies a chain of certificates (RFC 5280, section 6), with the checks that Go's ``Certificate.Verify`` makes.

Checked are signatures, validity in time, who may issue and how deep, critical extensions, names that an issuer is held
to, purposes and the name of a host. Certificate policies, revocation and the logs of issued certificates are not.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lockgate.policy.rego.builtins.x509.certificates import Certificate

SERVER_AUTHENTICATION: Final = 1
ANY_PURPOSE: Final = 0
_SIGN_CERTIFICATES: Final = 1 << 5
_MAX_SIGNATURES: Final = 100
_MAX_COMPARISONS: Final = 250_000
_WEAK: Final = frozenset({"md5", "sha1"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a chain must be good for."""

    moment: datetime
    """When, in UTC."""
    purposes: tuple[int, ...] = (SERVER_AUTHENTICATION,)
    """Go's numbers of extended key usages; one of them is enough."""
    host: str = ""
    """A name or an IP address that the leaf must be for; empty when any will do."""


def verified_chain(certificates: Sequence[Certificate], wanted: Wanted) -> list[Certificate] | None:
    """The chain from the last certificate to the first, over those between; None when there is none that is good."""
    root, *between, leaf = certificates
    search = _Search(root, between, wanted)
    if not search.good(leaf, [], authority=False) or (wanted.host and not _for_host(leaf, wanted.host)):
        return None
    if leaf.loaded == root.loaded:
        return [leaf] if _for_purposes([leaf], wanted.purposes) else None
    return search.chain([leaf])


class _Search:
    """Depth first over the issuers, the root before the others, as many signatures as Go checks."""

    def __init__(self, root: Certificate, between: Sequence[Certificate], wanted: Wanted) -> None:
        self.root = root
        self.between = between
        self.wanted = wanted
        self.signatures = 0
        self.comparisons = _MAX_COMPARISONS

    def chain(self, so_far: list[Certificate]) -> list[Certificate] | None:
        """The first chain that goes on from these to the root and is good for the purposes."""
        for candidate in [self.root, *self.between]:
            if any(_same(candidate, each) for each in so_far) or not self._issued(candidate, so_far[-1]):
                continue
            # A root needs no basic constraints of its own: whoever gave it vouches for it.
            if not self.good(candidate, so_far, authority=candidate is not self.root):
                continue
            longer = [*so_far, candidate]
            if candidate is self.root:
                if _for_purposes(longer, self.wanted.purposes):
                    return longer
                continue
            if (found := self.chain(longer)) is not None:
                return found
        return None

    def _issued(self, issuer: Certificate, subject: Certificate) -> bool:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

        mine = issuer.fields
        if mine["RawSubject"] != subject.fields["RawIssuer"] or self.signatures >= _MAX_SIGNATURES:
            return False
        if (mine["Version"] == 3 and not mine["BasicConstraintsValid"]) or (
            mine["BasicConstraintsValid"] and not mine["IsCA"]
        ):
            return False
        if mine["KeyUsage"] and not mine["KeyUsage"] & _SIGN_CERTIFICATES:
            return False
        self.signatures += 1
        try:
            algorithm = subject.loaded.signature_hash_algorithm
            if algorithm is not None and algorithm.name in _WEAK:
                return False
            subject.loaded.verify_directly_issued_by(issuer.loaded)
        except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
            return False
        return True

    def good(self, certificate: Certificate, children: Sequence[Certificate], *, authority: bool) -> bool:
        """Whether the certificate can stand above these children."""
        fields = certificate.fields
        if fields["UnhandledCriticalExtensions"]:
            return False
        if not certificate.not_before <= self.wanted.moment <= certificate.not_after:
            return False
        if authority and not (fields["BasicConstraintsValid"] and fields["IsCA"]):
            return False
        longest = fields["MaxPathLen"]
        if fields["BasicConstraintsValid"] and longest >= 0 and len(children) - 1 > longest:
            return False
        return not children or all(self._allowed(certificate, child) for child in children if child.named)

    def _allowed(self, certificate: Certificate, child: Certificate) -> bool:
        """Whether every alternative name of the child is one that the certificate may vouch for."""
        kinds = (
            ("DNSDomains", "DNSNames", _in_domain), ("EmailAddresses", "EmailAddresses", _in_mail),
            ("IPRanges", "IPAddresses", _in_range), ("URIDomains", "URIs", _in_uri),
        )  # fmt: skip
        for constraint, names, matches in kinds:
            permitted = certificate.fields[f"Permitted{constraint}"] or ()
            excluded = certificate.fields[f"Excluded{constraint}"] or ()
            for name in child.fields[names] or () if permitted or excluded else ():
                self.comparisons -= len(permitted) + len(excluded)
                if self.comparisons < 0 or any(matches(name, each) for each in excluded):
                    return False
                if permitted and not any(matches(name, each) for each in permitted):
                    return False
        return True


def _same(one: Certificate, other: Certificate) -> bool:
    """Whether two certificates are for the same subject, key and names."""
    fields = ("RawSubject", "RawSubjectPublicKeyInfo", "DNSNames", "EmailAddresses", "IPAddresses", "URIs")
    return all(one.fields[field] == other.fields[field] for field in fields)


def _for_purposes(chain: Sequence[Certificate], purposes: Iterable[int]) -> bool:
    """Whether one of the purposes is allowed by every certificate; a certificate without purposes allows all."""
    left = set(purposes)
    if ANY_PURPOSE in left:
        return True
    for certificate in chain:
        allowed = certificate.fields["ExtKeyUsage"]
        if (allowed or certificate.fields["UnknownExtKeyUsage"]) and ANY_PURPOSE not in (allowed or ()):
            left &= set(allowed or ())
    return bool(left)


def _for_host(leaf: Certificate, host: str) -> bool:
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        address = str(ipaddress.ip_address(bare))
    except ValueError:
        pattern_for = host.lower()
        return any(_host_matches(str(name).lower(), pattern_for) for name in leaf.fields["DNSNames"] or ())
    return address in (leaf.fields["IPAddresses"] or ())


def _host_matches(pattern: str, host: str) -> bool:
    """Whether a name, whose first label may be a star, covers the host (RFC 6125, section 6.4.3)."""
    host = host.removesuffix(".")
    parts, wanted = pattern.split("."), host.split(".")
    if not host or not pattern or len(parts) != len(wanted) or "" in parts or "" in wanted:
        return False
    return all(part == label or (part == "*" and not number) for number, (part, label) in
               enumerate(zip(parts, wanted, strict=True)))  # fmt: skip


def _in_domain(name: str, constraint: str) -> bool:
    """A constraint covers the name and what is below it; one that starts with a dot, only what is below."""
    labels = name.lower().removesuffix(".").split(".")
    below = constraint.startswith(".")
    wanted = constraint.lower().removeprefix(".").split(".") if constraint else []
    if len(labels) < len(wanted) + below:
        return False
    return not wanted or labels[-len(wanted) :] == wanted


def _in_mail(name: str, constraint: str) -> bool:
    local, _, domain = name.rpartition("@")
    if "@" in constraint:
        wanted, _, host = constraint.rpartition("@")
        return local == wanted and domain.lower() == host.lower()
    return bool(domain) and _in_domain(domain, constraint)


def _in_range(name: str, constraint: dict[str, str]) -> bool:
    import base64

    mask = int.from_bytes(base64.b64decode(constraint["Mask"]), "big")
    address, start = ipaddress.ip_address(name), ipaddress.ip_address(constraint["IP"])
    return address.version == start.version and int(address) & mask == int(start) & mask


def _in_uri(name: dict[str, Any], constraint: str) -> bool:
    """By the name of the host; a URI without one, or with an address, is covered by none."""
    host = str(name["Host"])
    host = host if host.startswith("[") else host.partition(":")[0]
    return bool(host) and not host.startswith("[") and _in_domain(host, constraint)
