"""Certificates and requests for them (RFC 5280, RFC 2986), in the shape in which Go writes its structures as JSON.

``cryptography`` checks that a certificate can be read at all and reads its key; the fields are taken from the bytes,
since Go shows them as they are written. Fields and numbers of algorithms are those of Go's package ``crypto/x509``.
"""

from __future__ import annotations

import base64
import ipaddress
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lockgate.policy.rego.builtins.contract import BuiltinError, LimitError
from lockgate.policy.rego.builtins.identifiers import uri_parse
from lockgate.policy.rego.builtins.x509 import der
from lockgate.policy.rego.builtins.x509.der import DerError, Element
from lockgate.policy.rego.values import MAX_NUMBER_BITS

MAX_CERTIFICATES: Final = 1_000

_NAMES: Final = {
    3: "CommonName", 5: "SerialNumber", 6: "Country", 7: "Locality", 8: "Province", 9: "StreetAddress",
    10: "Organization", 11: "OrganizationalUnit", 17: "PostalCode",
}  # fmt: skip
_SINGLE: Final = frozenset({"CommonName", "SerialNumber"})
_SIGNATURES: Final = {
    "1.2.840.113549.1.1.2": 1, "1.2.840.113549.1.1.4": 2, "1.2.840.113549.1.1.5": 3, "1.3.14.3.2.29": 3,
    "1.2.840.113549.1.1.11": 4, "1.2.840.113549.1.1.12": 5, "1.2.840.113549.1.1.13": 6, "1.2.840.10040.4.3": 7,
    "2.16.840.1.101.3.4.3.2": 8, "1.2.840.10045.4.1": 9, "1.2.840.10045.4.3.2": 10, "1.2.840.10045.4.3.3": 11,
    "1.2.840.10045.4.3.4": 12, "1.3.101.112": 16,
}  # fmt: skip
_PSS: Final = "1.2.840.113549.1.1.10"
_PSS_HASHES: Final = {
    "2.16.840.1.101.3.4.2.1": 13, "2.16.840.1.101.3.4.2.2": 14, "2.16.840.1.101.3.4.2.3": 15,
}  # fmt: skip
_KEYS: Final = {"1.2.840.113549.1.1.1": 1, "1.2.840.10040.4.1": 2, "1.2.840.10045.2.1": 3, "1.3.101.112": 4}
_PURPOSES: Final = {
    "2.5.29.37.0": 0, **{f"1.3.6.1.5.5.7.3.{number}": number for number in range(1, 10)},
    "1.3.6.1.4.1.311.10.3.3": 10, "2.16.840.1.113730.4.1": 11, "1.3.6.1.4.1.311.2.1.22": 12,
    "1.3.6.1.4.1.311.61.1.1": 13,
}  # fmt: skip
_EMPTY: Final[Mapping[str, Any]] = {
    "AuthorityKeyId": None, "BasicConstraintsValid": False, "CRLDistributionPoints": None, "DNSNames": None,
    "EmailAddresses": None, "ExcludedDNSDomains": None, "ExcludedEmailAddresses": None, "ExcludedIPRanges": None,
    "ExcludedURIDomains": None, "ExtKeyUsage": None, "ExtraExtensions": None, "IPAddresses": None,
    "InhibitAnyPolicy": 0, "InhibitAnyPolicyZero": False, "InhibitPolicyMapping": 0,
    "InhibitPolicyMappingZero": False, "IsCA": False, "IssuingCertificateURL": None, "KeyUsage": 0, "MaxPathLen": 0,
    "MaxPathLenZero": False, "OCSPServer": None, "PermittedDNSDomains": None, "PermittedDNSDomainsCritical": False,
    "PermittedEmailAddresses": None, "PermittedIPRanges": None, "PermittedURIDomains": None, "Policies": None,
    "PolicyIdentifiers": None, "PolicyMappings": None, "RequireExplicitPolicy": 0,
    "RequireExplicitPolicyZero": False, "SubjectKeyId": None, "URIs": None, "UnhandledCriticalExtensions": None,
    "UnknownExtKeyUsage": None,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that was read."""

    fields: dict[str, Any]
    """Go's JSON of it."""
    loaded: Any
    """The certificate of ``cryptography``."""
    not_before: datetime
    """In UTC, from when on it is valid."""
    not_after: datetime
    """In UTC, until when."""
    uris: tuple[str, ...]
    """Its URIs as texts."""
    named: bool
    """Whether it has alternative names at all."""

    def with_uris(self) -> dict[str, Any]:
        """The fields and ``URIStrings``."""
        return {**self.fields, "URIStrings": list(self.uris) or None}


def parse_certificates(data: bytes) -> list[Certificate]:
    """The certificates that follow one another. Raises BuiltinError."""
    found: list[Certificate] = []
    while data:
        if len(found) == MAX_CERTIFICATES:
            raise LimitError(f"x509: more than {MAX_CERTIFICATES} certificates")
        try:
            element, data = der.first(data)
            found.append(_certificate(element.of(der.SEQUENCE)))
        except (DerError, IndexError, ValueError) as error:
            raise BuiltinError(f"x509: malformed certificate: {error}") from None
    return found


def _certificate(element: Element) -> Certificate:
    from cryptography.x509 import InvalidVersion, load_der_x509_certificate

    outer = der.members(element.content)
    signed = outer[0].of(der.SEQUENCE)
    parts = der.members(signed.content)
    version = der.integer(der.whole(parts.pop(0).content)) + 1 if parts[0].tag == 0xA0 else 1
    serial, _, issuer, validity, subject, key, *rest = parts
    not_before, not_after = map(der.moment, der.members(validity.of(der.SEQUENCE).content))
    extensions = [der.sequence(each.content) for each in rest if each.tag == 0xA3]
    read = _Extensions(_extensions(extensions[0]) if extensions else [])
    fields = {
        **_EMPTY, **read.found, **_key_fields(key), "Extensions": read.listed(),
        "Issuer": _name(issuer), "Subject": _name(subject), "NotBefore": _written(not_before),
        "NotAfter": _written(not_after), "Raw": _base64(element.raw), "RawIssuer": _base64(issuer.raw),
        "RawSubject": _base64(subject.raw), "RawSubjectPublicKeyInfo": _base64(key.raw),
        "RawTBSCertificate": _base64(signed.raw), "SerialNumber": _number(der.integer(serial)),
        "Signature": _base64(der.bits(outer[2])), "SignatureAlgorithm": _signature_algorithm(outer[1]),
        "Version": version,
    }  # fmt: skip
    if der.integer(serial) < 0:
        raise DerError("negative serial number")
    try:
        with warnings.catch_warnings():
            # A serial number of zero is against RFC 5280; Go takes it, and cryptography still does, with a warning.
            warnings.simplefilter("ignore")
            loaded = load_der_x509_certificate(element.raw)
    except (ValueError, InvalidVersion) as error:
        raise DerError(str(error)[:200]) from None
    return Certificate(fields, loaded, not_before, not_after, tuple(read.uris), read.named)


def parse_request(data: bytes) -> dict[str, Any]:
    """A certificate signing request. Raises BuiltinError."""
    from cryptography.x509 import InvalidVersion, load_der_x509_csr

    try:
        outer = der.sequence(data)
        signed = outer[0].of(der.SEQUENCE)
        version, subject, key, *rest = der.members(signed.content)
        load_der_x509_csr(data)
        attributes = [each for part in rest if part.tag == 0xA0 for each in der.members(part.content)]
        read = _Extensions(_requested(attributes))
        names = {name: read.found.get(name) for name in ("DNSNames", "EmailAddresses", "IPAddresses", "URIs")}
        return {
            **names, **_key_fields(key), "Attributes": _attributes(attributes), "Extensions": read.listed(),
            "ExtraExtensions": None, "Raw": _base64(data), "RawSubject": _base64(subject.raw),
            "RawSubjectPublicKeyInfo": _base64(key.raw), "RawTBSCertificateRequest": _base64(signed.raw),
            "Signature": _base64(der.bits(outer[2])), "SignatureAlgorithm": _signature_algorithm(outer[1]),
            "Subject": _name(subject), "Version": der.integer(version),
        }  # fmt: skip
    except (DerError, ValueError, IndexError, InvalidVersion) as error:
        raise BuiltinError(f"asn1: structure error: {str(error)[:200]}") from None


def _requested(attributes: list[Element]) -> list[_Extension]:
    for attribute in attributes:
        kind, values = der.members(attribute.of(der.SEQUENCE).content)
        if der.dotted(der.arcs(kind)) == "1.2.840.113549.1.9.14":
            return _extensions(der.members(der.whole(values.of(der.SET).content).of(der.SEQUENCE).content))
    return []


def _attributes(attributes: list[Element]) -> list[dict[str, Any]] | None:
    """Those that Go can write: whose values are sequences of types and values, as extensions are."""
    found = []
    for attribute in attributes:
        kind, values = der.members(attribute.of(der.SEQUENCE).content)
        try:
            listed = [[_typed(pair) for pair in der.members(each.of(der.SEQUENCE).content)]
                      for each in der.members(values.of(der.SET).content)]  # fmt: skip
        except (DerError, ValueError):
            continue
        found.append({"Type": der.arcs(kind), "Value": listed})
    return found or None


def _typed(pair: Element) -> dict[str, Any]:
    kind, value, *_ = der.members(pair.of(der.SEQUENCE).content)
    if value.tag == der.OCTETS:
        shown: Any = _base64(value.content)
    else:
        # Of an extension that is critical, this is the flag.
        shown = der.boolean(value) if value.tag == der.BOOLEAN else der.text(value)
    return {"Type": der.arcs(kind), "Value": shown}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _number(number: int) -> int:
    if number.bit_length() > MAX_NUMBER_BITS:
        raise LimitError(f"x509: a number of more than {MAX_NUMBER_BITS} bits")
    return number


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def _name(name: Element) -> dict[str, Any]:
    found: dict[str, Any] = {field: "" if field in _SINGLE else None for field in _NAMES.values()}
    names = []
    for part in der.members(name.of(der.SEQUENCE).content):
        for attribute in der.members(part.of(der.SET).content):
            kind, value = der.members(attribute.of(der.SEQUENCE).content)
            arcs, text = der.arcs(kind), der.text(value)
            names.append({"Type": arcs, "Value": text})
            field = _NAMES.get(arcs[3]) if len(arcs) == 4 and arcs[:3] == [2, 5, 4] else None
            if field in _SINGLE:
                found[field] = text
            elif field is not None:
                found[field] = [*(found[field] or ()), text]
    return {**found, "Names": names or None, "ExtraNames": None}


def _signature_algorithm(element: Element) -> int:
    parts = der.members(element.of(der.SEQUENCE).content)
    name = der.dotted(der.arcs(parts[0]))
    if name != _PSS or len(parts) < 2:
        return _SIGNATURES.get(name, 0)
    for part in der.members(parts[1].content):
        if part.tag == 0xA0:
            return _PSS_HASHES.get(der.dotted(der.arcs(der.sequence(part.content)[0])), 0)
    return 0


def _key_fields(element: Element) -> dict[str, Any]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    algorithm = der.members(der.members(element.of(der.SEQUENCE).content)[0].content)[0]
    kind = _KEYS.get(der.dotted(der.arcs(algorithm)), 0)
    try:
        key = load_der_public_key(element.raw) if kind else None
    except (ValueError, UnsupportedAlgorithm) as error:
        raise DerError(f"x509: a public key that cannot be read: {str(error)[:100]}") from None
    return {"PublicKey": public_key(key), "PublicKeyAlgorithm": kind}


def public_key(key: Any) -> Any:
    """Go's JSON of a public key; None for one of another kind."""
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {"N": _number(numbers.n), "E": numbers.e}
    if isinstance(key, ec.EllipticCurvePublicKey):
        point = key.public_numbers()
        return {"Curve": {}, "X": point.x, "Y": point.y}
    if isinstance(key, ed25519.Ed25519PublicKey):
        return _base64(key.public_bytes_raw())
    if isinstance(key, dsa.DSAPublicKey):
        mine = key.public_numbers()
        group = mine.parameter_numbers
        return {"P": _number(group.p), "Q": group.q, "G": _number(group.g), "Y": _number(mine.y)}
    return None


@dataclass(frozen=True, slots=True)
class _Extension:
    arcs: list[int]
    critical: bool
    value: bytes


def _extensions(elements: list[Element]) -> list[_Extension]:
    found = []
    for element in elements:
        parts = der.members(element.of(der.SEQUENCE).content)
        critical = len(parts) == 3 and der.boolean(parts[1])
        found.append(_Extension(der.arcs(parts[0]), critical, parts[-1].of(der.OCTETS).content))
    return found


class _Extensions:
    """What the extensions say, in Go's fields; those that are not known are listed and no more."""

    def __init__(self, extensions: list[_Extension]) -> None:
        self.extensions = extensions
        self.found: dict[str, Any] = {}
        self.uris: list[str] = []
        self.named = False
        unhandled = []
        for extension in extensions:
            read = self._reader(extension)
            handled = read is not None and read(extension) is not False
            if extension.critical and not handled:
                unhandled.append(extension.arcs)
        if unhandled:
            self.found["UnhandledCriticalExtensions"] = unhandled

    def _reader(self, extension: _Extension) -> Callable[[_Extension], bool | None] | None:
        if extension.arcs[:3] == [2, 5, 29] and len(extension.arcs) == 4:
            readers: dict[int, Callable[[_Extension], bool | None]] = {
                14: self._subject_key, 15: self._usage, 17: self._names, 19: self._basic, 30: self._constraints,
                31: self._lists, 32: self._policies, 33: self._mappings, 35: self._authority_key,
                36: self._policy_constraints, 37: self._purposes, 54: self._any_policy,
            }  # fmt: skip
            return readers.get(extension.arcs[3])
        return self._access if der.dotted(extension.arcs) == "1.3.6.1.5.5.7.1.1" else None

    def listed(self) -> list[dict[str, Any]] | None:
        found = [{"Id": each.arcs, "Critical": each.critical, "Value": _base64(each.value)} for each in self.extensions]
        return found or None

    def _add(self, field: str, value: Any) -> None:
        self.found.setdefault(field, []).append(value)

    def _subject_key(self, extension: _Extension) -> None:
        self.found["SubjectKeyId"] = _base64(der.whole(extension.value).of(der.OCTETS).content)

    def _authority_key(self, extension: _Extension) -> None:
        for part in der.sequence(extension.value):
            if part.tag == 0x80:
                self.found["AuthorityKeyId"] = _base64(part.content)

    def _usage(self, extension: _Extension) -> None:
        written = der.bits(der.whole(extension.value))[:2]
        flags = int.from_bytes(written.ljust(2, b"\x00"), "big")
        self.found["KeyUsage"] = sum(1 << bit for bit in range(9) if flags & 0x8000 >> bit)

    def _basic(self, extension: _Extension) -> None:
        parts = der.sequence(extension.value)
        authority = bool(parts) and parts[0].tag == der.BOOLEAN and der.boolean(parts.pop(0))
        length = der.integer(parts[0]) if parts else -1
        self.found |= {
            "BasicConstraintsValid": True, "IsCA": authority, "MaxPathLen": length, "MaxPathLenZero": length == 0,
        }  # fmt: skip

    def _names(self, extension: _Extension) -> bool:
        self.named = True
        known = False
        for name in der.sequence(extension.value):
            field = {0x81: "EmailAddresses", 0x82: "DNSNames", 0x86: "URIs", 0x87: "IPAddresses"}.get(name.tag)
            if field is None:
                continue
            known = True
            if field == "IPAddresses":
                self._add(field, _address(name.content))
                continue
            text = _ascii(name)
            if field == "URIs":
                self.uris.append(text)
            self._add(field, _url(text) if field == "URIs" else text)
        return known

    def _constraints(self, extension: _Extension) -> bool:
        self.found["PermittedDNSDomainsCritical"] = extension.critical
        handled = True
        for part in der.sequence(extension.value):
            prefix = {0xA0: "Permitted", 0xA1: "Excluded"}.get(part.tag, "")
            for tree in der.members(part.content):
                base = der.members(tree.of(der.SEQUENCE).content)[0]
                field = {0x81: "EmailAddresses", 0x82: "DNSDomains", 0x86: "URIDomains", 0x87: "IPRanges"}.get(base.tag)
                if field is None or not prefix:
                    handled = False
                else:
                    self._add(prefix + field, _range(base.content) if field == "IPRanges" else _ascii(base))
        return handled

    def _lists(self, extension: _Extension) -> None:
        for point in der.sequence(extension.value):
            for place in der.members(point.of(der.SEQUENCE).content):
                for names in der.members(place.content) if place.tag == 0xA0 else ():
                    for name in der.members(names.content) if names.tag == 0xA0 else ():
                        if name.tag == 0x86:
                            self._add("CRLDistributionPoints", _ascii(name))

    def _policies(self, extension: _Extension) -> None:
        for policy in der.sequence(extension.value):
            arcs = der.arcs(der.members(policy.of(der.SEQUENCE).content)[0])
            self._add("PolicyIdentifiers", arcs)
            self._add("Policies", der.dotted(arcs))

    def _mappings(self, extension: _Extension) -> None:
        for pair in der.sequence(extension.value):
            issuer, subject = (der.dotted(der.arcs(each)) for each in der.members(pair.of(der.SEQUENCE).content))
            self._add("PolicyMappings", {"IssuerDomainPolicy": issuer, "SubjectDomainPolicy": subject})

    def _policy_constraints(self, extension: _Extension) -> None:
        for part in der.sequence(extension.value):
            field = {0x80: "RequireExplicitPolicy", 0x81: "InhibitPolicyMapping"}.get(part.tag)
            if field:
                number = self.found[field] = der.integer(part, part.tag)
                self.found[f"{field}Zero"] = number == 0

    def _any_policy(self, extension: _Extension) -> None:
        number = self.found["InhibitAnyPolicy"] = der.integer(der.whole(extension.value))
        self.found["InhibitAnyPolicyZero"] = number == 0

    def _purposes(self, extension: _Extension) -> None:
        for each in der.sequence(extension.value):
            arcs = der.arcs(each)
            known = _PURPOSES.get(der.dotted(arcs))
            self._add("UnknownExtKeyUsage" if known is None else "ExtKeyUsage", arcs if known is None else known)

    def _access(self, extension: _Extension) -> None:
        for each in der.sequence(extension.value):
            method, place = der.members(each.of(der.SEQUENCE).content)
            field = {1: "OCSPServer", 2: "IssuingCertificateURL"}.get(der.arcs(method)[-1])
            if place.tag == 0x86 and field and der.arcs(method)[:-1] == [1, 3, 6, 1, 5, 5, 7, 48]:
                self._add(field, _ascii(place))


def _ascii(element: Element) -> str:
    try:
        return element.content.decode("ascii")
    except UnicodeDecodeError:
        raise DerError("a name that is not ASCII") from None


def _address(data: bytes) -> str:
    if len(data) not in (4, 16):
        raise DerError("an IP address of a wrong length")
    return str(ipaddress.ip_address(data))


def _range(data: bytes) -> dict[str, str]:
    if len(data) not in (8, 32):
        raise DerError("a range of IP addresses of a wrong length")
    half = len(data) // 2
    return {"IP": _address(data[:half]), "Mask": _base64(data[half:])}


def _url(text: str) -> dict[str, Any]:
    """Go's JSON of a URL."""
    try:
        parsed = uri_parse(text)
    except BuiltinError as error:
        raise DerError(f"cannot parse URI: {error}") from None
    scheme = f"{text.partition(':')[0]}:" if "scheme" in parsed else ""
    rest, _, query = text.partition("#")[0][len(scheme) :].partition("?")
    opaque = rest if scheme and not rest.startswith("/") else ""
    authority = rest[2:].partition("/")[0] if rest.startswith("//") else ""
    path = parsed.get("path", "")
    raw = parsed.get("raw_path", "")
    return {
        "Scheme": parsed.get("scheme", ""), "Opaque": opaque, "User": {} if "@" in authority else None,
        "Host": authority.rpartition("@")[2], "Path": path, "RawPath": raw if raw != path else "",
        "OmitHost": bool(scheme) and not opaque and not rest.startswith("//") and rest.startswith("/"),
        "ForceQuery": text.partition("#")[0].endswith("?") and not query, "RawQuery": query,
        "Fragment": parsed.get("fragment", ""), "RawFragment": "",
    }  # fmt: skip
