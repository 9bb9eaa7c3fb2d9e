"""Certificates and keys made for the test: what a chain must keep to, and keys in every form they are written in."""

import base64
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from lockgate.policy.rego.builtins.contract import BuiltinError, Context
from lockgate.policy.rego.builtins.table import BUILTINS
from lockgate.policy.rego.builtins.x509 import der

NOW_NS = 1_767_225_600_000_000_000
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
Extension = tuple[x509.ExtensionType, bool]


def call(name: str, *arguments: Any, now_ns: int | None = NOW_NS) -> Any:
    builtin = BUILTINS[f"crypto.{name}"]
    assert builtin.function is not None
    return builtin.function(*((Context(now_ns=now_ns),) if builtin.takes_context else ()), *arguments)


@cache
def key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def certificate(
    subject: str, issuer: str, *extensions: Extension, until: int = 2040, signed_by: Any = None, owner: Any = None
) -> str:
    """The PEM of a certificate; each name has a key of its own."""
    name = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (subject, issuer)]
    builder = x509.CertificateBuilder().subject_name(name[0]).issuer_name(name[1]).serial_number(7)
    builder = builder.public_key((owner or key(subject)).public_key())
    builder = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(until, 1, 1, tzinfo=UTC)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    signer = signed_by or key(issuer)
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(signer, algorithm).public_bytes(Encoding.PEM).decode()


def authority(depth: int | None = None) -> Extension:
    return x509.BasicConstraints(True, depth), True


def names(*hosts: str) -> Extension:
    return x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), False


def purposes(*each: x509.ObjectIdentifier) -> Extension:
    return x509.ExtendedKeyUsage(each), False


def held_to(*hosts: str, excluded: Sequence[str] = ()) -> Extension:
    kept, refused = ([x509.DNSName(host) for host in each] for each in (hosts, excluded))
    return x509.NameConstraints(kept or None, refused or None), True


def valid(*chain: str, **options: Any) -> bool:
    found, certificates = call("x509.parse_and_verify_certificates_with_options", "".join(chain), options)
    assert found == bool(certificates)
    return bool(found)


ROOT = certificate("root", "root", authority())


class TestChains:
    def test_the_chain_is_answered_from_the_leaf_to_the_root(self) -> None:
        between = certificate("between", "root", authority())
        leaf = certificate("leaf", "between", names("a.example"))
        found, chain = call("x509.parse_and_verify_certificates", ROOT + between + leaf)
        assert found is True
        assert [each["Subject"]["CommonName"] for each in chain] == ["leaf", "between", "root"]

    def test_intermediates_may_come_in_any_order(self) -> None:
        one, two = certificate("one", "root", authority()), certificate("two", "one", authority())
        assert valid(ROOT, two, one, certificate("leaf", "two"))

    def test_without_a_time_nothing_is_verified(self) -> None:
        with pytest.raises(BuiltinError, match="no time is given"):
            call("x509.parse_and_verify_certificates", ROOT + ROOT, now_ns=None)

    @pytest.mark.parametrize(
        ("between", "leaf", "expected"),
        [
            ((authority(),), (), True),
            ((authority(0),), (), True),
            ((), (), False),
            (((x509.BasicConstraints(False, None), True),), (), False),
            ((authority(), purposes(CLIENT)), (), False),
            ((authority(), purposes(SERVER)), (purposes(SERVER, CLIENT),), True),
            ((authority(),), (purposes(CLIENT),), False),
            ((authority(), held_to("example.com")), (names("a.example.com"),), True),
            ((authority(), held_to("example.com")), (names("aexample.com"),), False),
            ((authority(), held_to("example.com", excluded=["b.example.com"])), (names("x.b.example.com"),), False),
            (
                (authority(),),
                ((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),),
                False,
            ),
        ],
    )
    def test_what_the_certificates_say_decides(
        self, between: Sequence[Extension], leaf: Sequence[Extension], expected: bool
    ) -> None:
        chain = certificate("between", "root", *between), certificate("leaf", "between", *leaf)
        assert valid(ROOT, *chain) is expected

    def test_an_intermediate_of_no_depth_issues_no_further_one(self) -> None:
        flat = certificate("flat", "root", authority(0))
        further, leaf = certificate("further", "flat", authority()), certificate("leaf", "further")
        assert not valid(ROOT, flat, further, leaf)

    def test_an_expired_certificate_breaks_the_chain(self) -> None:
        assert not valid(ROOT, certificate("leaf", "root", until=2021))
        early = int(datetime(2020, 6, 1, tzinfo=UTC).timestamp()) * 10**9
        assert valid(ROOT, certificate("leaf", "root", until=2021), CurrentTime=early)

    def test_a_signature_by_another_key_breaks_the_chain(self) -> None:
        assert not valid(ROOT, certificate("leaf", "root", signed_by=key("stranger")))

    @pytest.mark.parametrize(
        ("host", "expected"),
        [
            ("a.example", True),
            ("A.Example.", True),
            ("x.w.example", True),
            ("x.y.w.example", False),
            ("w.example", False),
            ("leaf", False),
            ("10.0.0.1", False),
        ],
    )
    def test_the_host_must_be_one_of_the_names(self, host: str, expected: bool) -> None:
        assert valid(ROOT, certificate("leaf", "root", names("a.example", "*.w.example")), DNSName=host) is expected

    @pytest.mark.parametrize(
        ("options", "reason"),
        [
            ({"DNSName": 1}, "'DNSName' should be a string"),
            ({"CurrentTime": 1.5}, "'CurrentTime' should be a valid int64 number"),
            ({"KeyUsages": "x"}, "'KeyUsages' should be an Array or Set"),
            ({"KeyUsages": ["x"]}, r"invalid entries for 'KeyUsages' found: \[x\]"),
            ({"other": 1}, "invalid key option"),
        ],
    )
    def test_options_that_are_not_right_are_errors(self, options: dict[str, Any], reason: str) -> None:
        with pytest.raises(BuiltinError, match=reason):
            call("x509.parse_and_verify_certificates_with_options", ROOT + ROOT, options)

    def test_what_is_no_certificate_is_not_valid(self) -> None:
        assert call("x509.parse_and_verify_certificates", "YQ==") == [False, []]
        assert call("x509.parse_and_verify_certificates", ROOT) == [False, []]


def written(private: Any, kind: PrivateFormat = PrivateFormat.PKCS8) -> str:
    return str(private.private_bytes(Encoding.PEM, kind, NoEncryption()).decode())


def keys() -> list[Any]:
    return [rsa_key(), key("a"), ed25519.Ed25519PrivateKey.generate()]


class TestKeys:
    def test_all_kinds_are_web_keys(self) -> None:
        found = [call("x509.parse_rsa_private_key", written(each)) for each in keys()]
        assert [each["kty"] for each in found] == ["RSA", "EC", "OKP"]
        assert found[1]["crv"] == "P-256"
        assert len(base64.urlsafe_b64decode(found[1]["d"] + "=")) == 32

    def test_keys_are_read_in_each_form(self) -> None:
        texts = [written(rsa_key()), written(rsa_key(), PrivateFormat.TraditionalOpenSSL)]
        texts.append(base64.b64encode(texts[0].encode()).decode())
        found = [call("parse_private_keys", text) for text in texts]
        assert found[0] == found[1] == found[2]
        assert found[0][0]["N"] == rsa_key().public_key().public_numbers().n

    def test_a_block_must_hold_what_it_says(self) -> None:
        with pytest.raises(BuiltinError, match="the block is not what RSA PRIVATE KEY says"):
            call("parse_private_keys", written(rsa_key()).replace("PRIVATE KEY", "RSA PRIVATE KEY"))

    def test_a_pair_must_belong_together(self) -> None:
        mine = certificate("a", "a")
        assert call("x509.parse_keypair", mine, written(key("a")))["Leaf"]["Subject"]["CommonName"] == "a"
        with pytest.raises(BuiltinError, match="private key does not match public key"):
            call("x509.parse_keypair", mine, written(key("b")))

    def test_opa_reads_them_alike(self, agrees: Callable[[Sequence[Any]], None]) -> None:
        texts = [written(each) for each in keys()]
        calls: list[Any] = [(f"crypto.{name}", (text,)) for text in texts for name in
                            ("parse_private_keys", "x509.parse_rsa_private_key")]  # fmt: skip
        for private in keys():
            mine = certificate("k", "k", owner=private, signed_by=private)
            calls.append(("crypto.x509.parse_keypair", (mine, written(private))))
        agrees(calls)


class TestAnyBytes:
    @given(st.binary(max_size=40))
    def test_der_is_read_or_refused(self, data: bytes) -> None:
        try:
            assert b"".join(each.raw for each in der.members(data)) == data
        except der.DerError as error:
            assert str(error)

    @given(st.integers(0, 10_000), st.integers(0, 255))
    def test_a_certificate_with_one_byte_changed_is_read_or_refused(self, place: int, byte: int) -> None:
        data = bytearray(base64.b64decode("".join(ROOT.split("\n")[1:-2])))
        data[place % len(data)] = byte
        try:
            assert call("x509.parse_certificates", base64.b64encode(data).decode())
        except BuiltinError as error:
            assert str(error)
