"""Policies of images as they are read: with their keys and roots, or refused with the reason."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.simulators.sigstore import Sigstore, pem

from lockgate.engine.image_trust.policies import load
from lockgate.errors import ConfigurationError

ANY = "images: [{match: ['*']}]\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "release.pub").write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    (tmp_path / "none.pub").write_text("no key")
    (tmp_path / "root.json").write_bytes(Sigstore(tmp_path).trusted_root())
    (tmp_path / "none.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ("images: []\n", "asks nothing of any image"),
        ("images: [{match: ['*'], signed_by: [nobody]}]\n", "names the authority 'nobody'"),
        ("authorities: {a: {}}\n" + ANY, "keys, keyless or notary"),
        ("authorities: {a: {keys: [gone.pub]}}\n" + ANY, "No such file"),
        ("authorities: {a: {keys: [none.pub]}}\n" + ANY, "no public key"),
        ("authorities: {a: {keyless: {issuer: i, identity: x}}}\n" + ANY, "needs a trusted root"),
        ("authorities: {a: {keyless: {identity: x}}}\ntrusted_root: root.json\n" + ANY, "anybody vouch"),
        ("authorities: {a: {keyless: {issuer: i}}}\ntrusted_root: root.json\n" + ANY, "whomever"),
        ("authorities: {a: {keyless: {issuer: i, identity_pattern: '('}}}\ntrusted_root: root.json\n" + ANY, "RE2"),
        ("authorities: {a: {keys: [release.pub], log: true}}\n" + ANY, "no trusted root names one"),
        ("authorities: {a: {keys: [release.pub], trusted_root: none.json}}\n" + ANY, "no trusted root of sigstore"),
        ("images: [{match: ['*'], provenance: {repository: x}}]\n", "does not say by whom"),
        ("images: [{match: ['*'], signd_by: [x]}]\n", "did you mean 'signed_by'"),
    ],
)  # fmt: skip
def test_a_policy_that_cannot_be_used_is_refused_with_its_reason(folder, policy, told):
    (folder / "images.yaml").write_text(policy)
    with pytest.raises(ConfigurationError) as refused:
        load(folder / "images.yaml")
    assert told in str(refused.value)


def test_the_version_of_a_policy_is_another_when_a_key_that_it_names_is_another(folder):
    (folder / "images.yaml").write_text("authorities: {a: {keys: [release.pub]}}\n" + ANY)
    before = load(folder / "images.yaml").version
    assert load(folder / "images.yaml").version == before
    (folder / "release.pub").write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    assert load(folder / "images.yaml").version != before
