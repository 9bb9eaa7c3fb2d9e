"""What notation signs holds here, and what is signed here notation verifies: JWS and COSE, every kind of key."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.signing.notary import revoking
from tests.signing.notary.authorities import chain, key_pem, pem
from tests.signing.notary.revoking import Responder, crl, lists_at, responder_at, signer
from tests.signing.notary.timestamping import authority, serving
from tests.sources.image.building import Layout

from lockgate.formats.signatures.notary.envelope import ARTIFACT_TYPE, COSE, JWS, target_of
from lockgate.formats.signatures.notary.trust_policy import Check
from lockgate.signing.notary.making import sign
from lockgate.signing.notary.revocation import Revocation
from lockgate.signing.notary.verifying import read_envelope, verify
from lockgate.signing.signer import HeldKey
from lockgate.sources import notation as trusted
from lockgate.sources.image import place_of
from lockgate.sources.image.attached import attach, attached, content_of, subject_of
from lockgate.sources.revocation_servers import RevocationServers

NOTATION = shutil.which("notation")
pytestmark = pytest.mark.skipif(NOTATION is None, reason="notation signs and verifies (.ci/fetch-oracles)")
TYPES = {"jws": JWS, "cose": COSE}
SCOPE = "local/cart"


class Home:
    """notation's folder, with a key, a trust store and a policy; and a layout with an image."""

    def __init__(self, folder: Path, key, certificates, tsa=None) -> None:
        self.folder, self.key, self.chain = folder / "notation", key, certificates
        store = self.folder / "truststore" / "x509"
        for kind, one in (("ca", certificates[-1]), *((("tsa", tsa),) if tsa else ())):
            (store / kind / "ours").mkdir(parents=True)
            (store / kind / "ours" / "root.crt").write_bytes(pem(one))
        (self.folder / "key.pem").write_bytes(key_pem(key))
        (self.folder / "chain.pem").write_bytes(pem(*certificates))
        held = {"name": "ours", "keyPath": f"{self.folder}/key.pem", "certPath": f"{self.folder}/chain.pem"}
        (self.folder / "signingkeys.json").write_text(json.dumps({"default": "ours", "keys": [held]}))
        self.policy(stores=["ca:ours", *(["tsa:ours"] if tsa else [])])
        self.layout = Layout(folder / "layout")
        self.layout.name(self.layout.image({"a": b"a"}), "1.2")
        self.place = place_of(str(self.layout.folder)).place
        self.subject = subject_of(self.place, "1.2")

    def policy(self, *, stores, level="strict", identities=("x509.subject:C=US,ST=WA,O=Harbour\\, Inc.",), **more):
        statement = {
            "name": "ours", "registryScopes": [SCOPE], "trustStores": list(stores),
            "trustedIdentities": list(identities), "signatureVerification": {"level": level, **more},
        }  # fmt: skip
        text = json.dumps({"version": "1.0", "trustPolicies": [statement]})
        (self.folder / "trustpolicy.json").write_text(text)

    def notation(self, *arguments: str) -> subprocess.CompletedProcess:
        home = str(self.folder.parent)
        environment = os.environ | {"XDG_CONFIG_HOME": home, "HOME": home, "XDG_CACHE_HOME": f"{home}/cache"}
        environment["NOTATION_EXPERIMENTAL"] = "1"
        name = f"{self.layout.folder}@{self.subject.digest}"
        return subprocess.run(
            [str(NOTATION), *arguments, "--oci-layout", name], env=environment, capture_output=True, text=True,
            timeout=50, check=False,
        )  # fmt: skip

    def outcomes(self, now=None, **more):
        statement = trusted.read_policy(self.folder).for_repository(SCOPE)
        stores = trusted.read_stores(self.folder, statement)
        for one in attached(self.place, self.subject.digest, ARTIFACT_TYPE):
            content = content_of(self.place, one, most=100_000)
            kind = one.manifest.layers[0].media_type
            yield verify(content, kind, self.subject, statement, stores, now or datetime.now(UTC), **more)


@pytest.mark.parametrize("form", TYPES)
@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "RSA 2048", "RSA 3072"])
def test_both_take_what_the_other_signs(tmp_path, kind, form):
    home = Home(tmp_path, *chain(kind))
    if kind in ("P-256", "RSA 2048"):  # of these two also what notation signs
        done = home.notation("sign", "--signature-format", form, "--expiry", "24h", "-m", "build=7")
        assert done.returncode == 0, done.stderr
        (theirs,) = home.outcomes()
        assert theirs.holds, theirs.problem
        assert theirs.target.annotations == {"build": "7"}
        (late,) = home.outcomes(datetime.now(UTC) + timedelta(days=2))
        assert "expired" in late.problem
        shutil.rmtree(home.layout.folder)
        home = Home(tmp_path / "again", home.key, home.chain)
    now = datetime.now(UTC)
    content, annotations = sign(
        home.subject, HeldKey(home.key), home.chain, media_type=TYPES[form], now=now, expires_at=now + timedelta(days=1)
    )
    attach(
        home.place, home.subject, ARTIFACT_TYPE, [(TYPES[form], content)], annotations=annotations, config=ARTIFACT_TYPE
    )
    (ours,) = home.outcomes()
    assert ours.holds, ours.problem
    assert target_of(read_envelope(content, TYPES[form]).payload).digest == home.subject.digest
    done = home.notation("verify", "--scope", SCOPE)
    assert done.returncode == 0, done.stderr
    home.policy(stores=["ca:ours"], identities=["x509.subject:C=US,ST=WA,O=Others"])
    assert home.notation("verify", "--scope", SCOPE).returncode != 0
    (other,) = home.outcomes()
    assert "trusted identities" in other.problem


@pytest.mark.parametrize("form", TYPES)
def test_a_timestamp_outlives_the_certificate_for_both(tmp_path, form):
    key, certificates = chain(days=(-10, 10))
    with authority(tmp_path / "tsa") as tsa, serving(tsa) as address:
        home = Home(tmp_path, key, certificates, tsa.root)
        root = tmp_path / "root.pem"
        root.write_bytes(pem(tsa.root))
        more = ("--timestamp-url", address, "--timestamp-root-cert", str(root))
        done = home.notation("sign", "--signature-format", form, *more)
        assert done.returncode == 0, done.stderr
        (theirs,) = home.outcomes()
        assert theirs.holds, theirs.problem
        later = datetime.now(UTC) + timedelta(days=30)
        (theirs,) = home.outcomes(later)
        assert theirs.holds, theirs.problem
        home.policy(stores=["ca:ours"])
        (without,) = home.outcomes(later)
        assert without.checks[-1].check is Check.TIMESTAMP
        assert "valid" in without.problem

        content, annotations = sign(
            home.subject, HeldKey(key), certificates, media_type=TYPES[form], now=datetime.now(UTC),
            countersigned=tsa.token,
        )  # fmt: skip
        shutil.rmtree(home.layout.folder)
        home = Home(tmp_path / "again", key, certificates, tsa.root)
        held = [(TYPES[form], content)]
        attach(home.place, home.subject, ARTIFACT_TYPE, held, annotations=annotations, config=ARTIFACT_TYPE)
        (ours,) = home.outcomes(later)
        assert ours.holds, ours.problem
        done = home.notation("verify", "--scope", SCOPE)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("way", ["list", "responder"])
def test_a_revoked_certificate_is_refused_by_both(tmp_path, way):
    files: dict[str, bytes] = {}
    responder = Responder(tmp_path / "ocsp")
    with revoking.serving(files, responder) as address:
        more = lists_at(f"{address}/a.crl") if way == "list" else responder_at(f"{address}/ocsp")
        home = Home(tmp_path / "home", *signer(more))
        content, annotations = sign(home.subject, HeldKey(home.key), home.chain, media_type=JWS, now=datetime.now(UTC))
        attach(home.place, home.subject, ARTIFACT_TYPE, [(JWS, content)], annotations=annotations, config=ARTIFACT_TYPE)
        for revoked in ([], [home.chain[0]]):
            files["a.crl"] = revoking.der(crl(*revoked))
            responder.knows(good=[] if revoked else [home.chain[0]], revoked=revoked)
            shutil.rmtree(tmp_path / "home" / "cache", ignore_errors=True)
            (ours,) = home.outcomes(revocation=Revocation(ask=RevocationServers(named_by_others=False)))
            theirs = home.notation("verify", "--scope", SCOPE)
            assert ours.holds is not bool(revoked), ours.problem
            assert (theirs.returncode == 0) is not bool(revoked), theirs.stderr
            assert not revoked or "revoked" in theirs.stderr
