"""A registry is asked by TLS as whom its certificate says, at the address that was checked."""

import datetime
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.simulators.registry import Behaviour, serving
from tests.sources.image.registry.conftest import BIG, read

from lockgate.errors import LockgateError, SourceError
from lockgate.sources.image.registry import Client, Credentials, Limits, Trust


def certificate(folder, name: x509.GeneralName):
    """A certificate that vouches for itself, and a context of a server that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "registry")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(7).not_valid_before(now - datetime.timedelta(1)).not_valid_after(now + datetime.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path, secret = folder / "ca.pem", folder / "key.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, secret)
    return str(path), context


HERE = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


def client(registry, ca_file: str) -> Client:
    held = Credentials("me", "secret")
    limits = Limits(retries=1)
    return Client(registry.host, "team/cart", held, trust=Trust(ca_file), limits=limits, sleep=lambda wait: None)


def test_an_authority_that_is_named_is_trusted(layout, tmp_path):
    ca_file, context = certificate(tmp_path, HERE)
    with serving(layout.folder, Behaviour(basic="me:secret"), context) as registry:
        assert read(client(registry, ca_file)) == {"base": BIG, "mine": b"mine"}


def test_a_host_of_several_addresses_is_asked_by_its_name_where_it_answers(layout, tmp_path):
    ca_file, context = certificate(tmp_path, x509.DNSName("localhost"))
    with serving(layout.folder, Behaviour(basic="me:secret"), context) as registry:
        registry.host = registry.host.replace("127.0.0.1", "localhost")
        assert read(client(registry, ca_file)) == {"base": BIG, "mine": b"mine"}
    assert registry.requests[0][2]["Host"] == registry.host


def test_a_certificate_of_another_host_is_not(layout, tmp_path):
    ca_file, context = certificate(tmp_path, x509.DNSName("registry.example.com"))
    with (
        serving(layout.folder, Behaviour(basic="me:secret"), context) as registry,
        pytest.raises(SourceError, match="certificate is another host's"),
    ):
        read(client(registry, ca_file))
    assert registry.requests == []


def test_an_authority_nobody_named_is_not_trusted(layout, tmp_path):
    _, context = certificate(tmp_path, HERE)
    other = tmp_path / "other"
    other.mkdir()
    ca_file, _ = certificate(other, HERE)
    with serving(layout.folder, None, context) as registry, pytest.raises(SourceError) as caught:
        read(client(registry, ca_file))
    assert "certificate is not trusted" in str(caught.value)
    assert "--ca-file" in caught.value.hint


def test_a_registry_with_tls_leads_to_nothing_without(layout, tmp_path):
    ca_file, context = certificate(tmp_path, HERE)
    with serving(layout.folder) as store:
        behaviour = Behaviour(basic="me:secret", blobs_at=f"http://{store.host}/store/{{digest}}")
        with (
            serving(layout.folder, behaviour, context) as registry,
            pytest.raises(SourceError, match="without TLS"),
        ):
            read(client(registry, ca_file))
    assert store.requests == []


def test_a_file_that_holds_no_certificates_is_said(layout, tmp_path):
    (tmp_path / "none.pem").write_text("none")
    with serving(layout.folder) as registry, pytest.raises(LockgateError, match="no certificates"):
        read(client(registry, str(tmp_path / "none.pem")))
