"""``lockgate sign`` with a key in a token (SoftHSM): the key signs there, for cosign and for the Notary Project."""

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.signing.notary.authorities import chain, key_pem, pem
from tests.sources.image.building import Layout

PLACES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
MODULE = next((one for one in PLACES if Path(one).is_file()), "")
needs_token = pytest.mark.skipif(not MODULE or shutil.which("softhsm2-util") is None, reason="softhsm2 is a token")
PIN = "8642"


@pytest.fixture
def token(tmp_path, monkeypatch):
    """A token with keys of its own, and the options of a process that uses it."""
    pytest.importorskip("pkcs11")
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path}/tokens\nlog.level = ERROR\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    util("--init-token", "--free", "--label", "release", "--so-pin", PIN)
    return tmp_path


def util(*arguments: str) -> None:
    done = subprocess.run(
        ["softhsm2-util", *arguments, "--pin", PIN], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr


def put(folder, name: str, key) -> None:
    (folder / f"{name}.pem").write_bytes(key_pem(key))
    util("--import", str(folder / f"{name}.pem"), "--token", "release", "--label", name, "--id", "01")


@needs_token
@pytest.mark.parametrize("kind", ["P-256", "RSA 2048"])
def test_an_image_is_signed_by_a_key_in_a_token_for_cosign_and_for_notation(lockgate, token, kind):
    made = Layout(token / "layout")
    made.name(made.image({"a": b"a"}), "1.2")
    key, certificates = chain(kind)
    put(token, "images", key)
    (token / "images.pem").unlink()
    (token / "chain.pem").write_bytes(pem(*certificates))
    (token / "pin").write_text(f"{PIN}\n")
    (token / "pin").chmod(0o600)
    subprocess.run(["openssl", "x509", "-in", "chain.pem", "-pubkey", "-noout", "-out", "k.pub"], cwd=token, check=True)
    uri = f"pkcs11:token=release;object=images?module-path={MODULE}"
    (token / "lockgate-images.yaml").write_text(
        "authorities: {us: {keys: [k.pub]}}\nimages:\n- match: ['*']\n  signed_by: [us]\n"
    )
    done = lockgate("sign", "layout", "--name", "1.2", "--key", f"{uri}&pin-source=file:{token}/pin", cwd=token)
    assert done.returncode == 0, done.stderr
    assert lockgate("verify", "layout", "--name", "1.2", "--no-store", cwd=token).returncode == 0
    more = ("--form", "notary-jws", "--certificates", "chain.pem", "--name", "1.2")
    done = lockgate("sign", "layout", "--key", uri, *more, cwd=token, env={"LOCKGATE_PKCS11_PIN": PIN})
    assert done.returncode == 0, done.stderr
    for wrong, words in ((uri, "does not open"), (uri.replace("images", "absent"), "no such key")):
        pin = PIN if "absent" in wrong else "1111"
        run = lockgate("sign", "layout", "--name", "1.2", "--key", wrong, cwd=token, env={"LOCKGATE_PKCS11_PIN": pin})
        assert (run.returncode, words in run.stderr) == (3, True), run.stderr
        assert pin not in run.stderr
