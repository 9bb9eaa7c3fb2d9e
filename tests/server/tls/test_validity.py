"""When a certificate begins and ends, as the package that makes them says too."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from lockgate.server.tls.validity import validity

KEYS = (ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048))


def certificate(begins, ends, *, key=KEYS[0], name="a", serial=1):
    title = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder().subject_name(title).issuer_name(title).public_key(key.public_key())
        .serial_number(serial).not_valid_before(begins).not_valid_after(ends).sign(key, hashes.SHA256())
    )  # fmt: skip


def pem(made):
    return made.public_bytes(serialization.Encoding.PEM).decode()


MOMENTS = st.datetimes(datetime(1950, 1, 1), datetime(2199, 1, 1)).map(
    lambda one: one.replace(microsecond=0, tzinfo=UTC)
)


@given(MOMENTS, st.integers(1, 10**9), st.sampled_from(KEYS), st.text("ab", min_size=1, max_size=60),
       st.integers(1, 2**150))  # fmt: skip
def test_both_ends_are_those_of_the_certificate(begins, seconds, key, name, serial):
    ends = begins + timedelta(seconds=seconds)
    text = pem(certificate(begins, ends, key=key, name=name, serial=serial))
    assert validity(text) == (begins, ends)
    other = pem(certificate(begins, ends + timedelta(days=1)))
    assert validity(f"a chain:\n{text}{other}") == (begins, ends)


@given(st.integers(0, 200), st.binary(max_size=3))
def test_what_is_no_certificate_is_a_value_error_whatever_it_is(at, put):
    import ssl

    der = certificate(datetime(2020, 1, 1), datetime(2030, 1, 1)).public_bytes(serialization.Encoding.DER)
    broken = ssl.DER_cert_to_PEM_cert(der[:at] + put)
    with pytest.raises(ValueError):
        validity(broken)
    with pytest.raises(ValueError):
        validity(f"-----BEGIN CERTIFICATE-----{put!r}")
