"""``lockgate sign --form notary-...`` and ``lockgate verify`` with a trust policy, as their users run them."""

import json

import pytest
from tests.signing.notary.authorities import chain, key_pem, pem
from tests.sources.image.building import Layout

POLICY = """\
authorities:
  builders: {notary: notation/trustpolicy.json}
images:
- match: ["*"]
  signed_by: [builders]
"""


@pytest.fixture
def folder(tmp_path):
    """A layout with one image, a key with its certificates, notation's folder and a policy."""
    made = Layout(tmp_path / "layout")
    made.name(made.image({"etc/os-release": b"ID=debian\n"}), "1.2")
    key, certificates = chain()
    (tmp_path / "key.pem").write_bytes(key_pem(key))
    (tmp_path / "chain.pem").write_bytes(pem(*certificates))
    store = tmp_path / "notation" / "truststore" / "x509" / "ca" / "ours"
    store.mkdir(parents=True)
    (store / "root.crt").write_bytes(pem(certificates[-1]))
    (tmp_path / "lockgate-images.yaml").write_text(POLICY)
    trust(tmp_path)
    return tmp_path


def trust(folder, organization: str = "Harbour\\, Inc.", level: str = "strict") -> None:
    statement = {
        "name": "ours", "registryScopes": ["*"], "signatureVerification": {"level": level},
        "trustStores": ["ca:ours"], "trustedIdentities": [f"x509.subject:C=US,ST=WA,O={organization}"],
    }  # fmt: skip
    if level == "skip":
        statement |= {"trustStores": [], "trustedIdentities": []}
    text = json.dumps({"version": "1.0", "trustPolicies": [statement]})
    (folder / "notation" / "trustpolicy.json").write_text(text)


@pytest.mark.parametrize("form", ["notary-jws", "notary-cose"])
def test_an_image_is_denied_until_somebody_trusted_has_signed_it(lockgate, folder, form):
    verify = ("verify", "layout", "--no-store")
    assert "not signed by builders" in lockgate(*verify, cwd=folder).stdout
    sign = ("sign", "layout", "--form", form, "--key", "key.pem", "--certificates", "chain.pem", "--expires", "30")
    signed = lockgate(*sign, cwd=folder)
    assert signed.returncode == 0, signed.stderr
    after = lockgate(*verify, cwd=folder)
    assert after.returncode == 0, after.stdout
    assert "CN=cart builder" in after.stdout
    trust(folder, "Others")
    other = lockgate(*verify, cwd=folder)
    assert (other.returncode, "none of the trusted identities" in other.stdout) == (1, True)
    trust(folder, level="skip")
    skips = lockgate(*verify, cwd=folder)
    assert (skips.returncode, "looks at no signature" in skips.stdout) == (1, True)


def test_what_does_not_go_together_is_told(lockgate, folder):
    for more in (("--form", "notary-jws"), ("--certificates", "chain.pem"), ("--expires", "3")):
        run = lockgate("sign", "layout", "--key", "key.pem", *more, cwd=folder)
        assert (run.returncode, "Notary Project" in run.stderr) == (2, True)
    (folder / "notation" / "truststore" / "x509" / "ca" / "ours" / "root.crt").unlink()
    run = lockgate("verify", "layout", cwd=folder)
    assert (run.returncode, "without certificates" in run.stderr) == (3, True)
