"""A key of Azure Key Vault signs through Microsoft's SDK, in every way that vaults know, and what fails is told."""

import ipaddress

import pytest
from cryptography import x509
from tests.signing.notary.authorities import KEYS
from tests.signing.test_signer import verify
from tests.simulators.key_vault import serving
from tests.sources.image.registry.test_tls import certificate

from lockgate.errors import ConfigurationError, SourceError, UsageError
from lockgate.secrets.key_vault import VaultKey, opened, parse
from lockgate.signing.signer import Scheme, schemes_of

identity = pytest.importorskip("azure.identity")
pytest.importorskip("azure.keyvault.keys")


@pytest.fixture
def vault(tmp_path, monkeypatch):
    authority, context = certificate(tmp_path, x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority)
    keys = {name.lower().replace(" ", ""): make() for name, make in KEYS.items() if name != "RSA 3072"}
    with serving(keys, context) as served:
        yield served


def credential(vault):
    return identity.ClientSecretCredential(
        "tenant", "client", "not-one", authority=vault.address, disable_instance_discovery=True
    )


@pytest.mark.parametrize(
    ("name", "ways"),
    [("p-256", "ES256"), ("p-384", "ES384"), ("p-521", "ES512"), ("rsa2048", "RS256 PS256 PS384 PS512")],
)
def test_a_key_signs_in_the_ways_that_a_vault_knows(vault, name, ways):
    with opened(f"{vault.address}/keys/{name}/v1", credential(vault)) as signer:
        assert signer.public_key == vault.keys[name].public_key()
        for scheme in schemes_of(signer.public_key):
            if scheme.value in ways.split():
                verify(signer.public_key, signer.sign(b"content", scheme), b"content", scheme)
            else:
                with pytest.raises(ConfigurationError, match="another curve"):
                    signer.sign(b"content", scheme)
    assert {digest for _, digest in vault.signed} <= {one.digest(b"content") for one in Scheme if one.hash_name}


def test_what_the_vault_refuses_is_told(vault):
    with pytest.raises(SourceError, match="no such key"), opened(f"{vault.address}/keys/absent", credential(vault)):
        pass
    vault.refuses = 403
    with pytest.raises(SourceError, match="does not let this key be used"), opened(
        f"{vault.address}/keys/p-256", credential(vault)
    ):
        pass


def test_keys_are_named_by_address_or_as_cosign_does():
    key = VaultKey("https://shop.vault.azure.net", "images", "")
    assert parse("https://shop.vault.azure.net/keys/images") == key
    assert parse("azurekms://shop.vault.azure.net/images") == key
    assert parse("azurekms://shop.vault.azure.net/images/0a1b").version == "0a1b"


@pytest.mark.parametrize(
    "text",
    ["https://shop.example/keys/images", "https://vault.azure.net.example/keys/a", "https://shop.vault.azure.net/secrets/a",
     "https://shop.vault.azure.net/keys", "https://shop.vault.azure.net/keys/a/b/c", "azurekms://shop.vault.azure.net/",
     "https://who@shop.vault.azure.net/keys/a", "https://shop.vault.azure.net/keys/a?b=c",
     "https://shop.vault.azure.net:port/keys/a", "https://shop.vault.azure.net/keys/a%2fb"],
)  # fmt: skip
def test_a_token_is_shown_to_vaults_alone(text):
    with pytest.raises(UsageError):
        parse(text)
