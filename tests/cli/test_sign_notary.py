"""``lockgate sign --form notary-...`` and ``lockgate verify`` with a trust policy, as their users run them."""

import json

import pytest
from tests.signing.notary import revoking
from tests.signing.notary.authorities import chain, key_pem, pem
from tests.signing.notary.timestamping import authority, serving
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


def test_a_timestamp_is_asked_for_and_held_against_its_root(lockgate, folder, tmp_path):
    sign = ("sign", "layout", "--form", "notary-cose", "--key", "key.pem", "--certificates", "chain.pem")
    with authority(tmp_path / "tsa") as tsa, serving(tsa) as address:
        (folder / "tsa.pem").write_bytes(pem(tsa.root))
        wrong = lockgate(*sign, "--timestamp-url", address, "--timestamp-root", "chain.pem", cwd=folder)
        assert (wrong.returncode, "none of the authorities" in wrong.stderr) == (5, True), wrong.stderr
        done = lockgate(*sign, "--timestamp-url", address, "--timestamp-root", "tsa.pem", cwd=folder)
        assert done.returncode == 0, done.stderr
        store = folder / "notation" / "truststore" / "x509" / "tsa" / "clock"
        store.mkdir(parents=True)
        (store / "root.pem").write_bytes(pem(tsa.root))
    body = json.loads((folder / "notation" / "trustpolicy.json").read_text())
    body["trustPolicies"][0]["trustStores"].append("tsa:clock")
    (folder / "notation" / "trustpolicy.json").write_text(json.dumps(body))
    told = lockgate("verify", "layout", "--no-store", cwd=folder)
    assert told.returncode == 0, told.stdout
    assert "CN=cart builder,O=Harbour\\, Inc.,ST=WA,C=US, 20" in told.stdout  # and when it was there
    gone = lockgate(*sign, "--timestamp-url", address, "--timestamp-root", "tsa.pem", cwd=folder)
    assert (gone.returncode, "does not answer" in gone.stderr) == (5, True)


def test_what_does_not_go_together_is_told(lockgate, folder):
    for more in (("--form", "notary-jws"), ("--certificates", "chain.pem"), ("--timestamp-url", "http://a")):
        run = lockgate("sign", "layout", "--key", "key.pem", *more, cwd=folder)
        assert run.returncode == 2
        assert "Notary Project" in run.stderr or "needs the root" in run.stderr
    (folder / "notation" / "truststore" / "x509" / "ca" / "ours" / "root.crt").unlink()
    run = lockgate("verify", "layout", cwd=folder)
    assert (run.returncode, "without certificates" in run.stderr) == (3, True)


def test_a_revoked_certificate_is_refused_by_a_list_that_is_given(lockgate, folder):
    key, certificates = revoking.signer(revoking.lists_at("http://127.0.0.1:1/a.crl"))
    (folder / "key.pem").write_bytes(key_pem(key))
    (folder / "chain.pem").write_bytes(pem(*certificates))
    (folder / "notation/truststore/x509/ca/ours/root.crt").write_bytes(pem(revoking.ROOT))
    sign = ("sign", "layout", "--form", "notary-cose", "--key", "key.pem", "--certificates", "chain.pem")
    assert lockgate(*sign, cwd=folder).returncode == 0
    verify = ("verify", "layout", "--no-store")
    assert "is not known (give lists of its issuer" in lockgate(*verify, cwd=folder).stdout
    (folder / "lockgate-images.yaml").write_text(POLICY.replace("json}", "json, ask_revocation: true}"))
    asked = lockgate(*verify, cwd=folder).stdout
    assert "nobody tells" in asked
    assert "a server on this machine or its link is not asked" in asked
    (folder / "lockgate-images.yaml").write_text(POLICY.replace("json}", "json, crls: [a.crl]}"))
    for revoked, code in (((), 0), ((certificates[0],), 1)):
        (folder / "a.crl").write_bytes(revoking.der(revoking.crl(*revoked)))
        done = lockgate(*verify, cwd=folder)
        assert (done.returncode, "was revoked on" in done.stdout) == (code, bool(revoked)), done.stdout + done.stderr
    (folder / "a.crl").write_bytes(b"nothing")
    assert lockgate(*verify, cwd=folder).returncode == 3
