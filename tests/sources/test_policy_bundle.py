"""Signed bundles: what was signed is loaded, and nothing else is."""

import base64
import contextlib
import http.server
import json
import subprocess
import threading

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from lockgate.cli.__main__ import main
from lockgate.errors import SourceError, UsageError
from lockgate.formats.signatures import simple_signing
from lockgate.sources.policy_bundle import content, create, load, place_of, sign, signing
from lockgate.sources.policy_bundle.places import Layout, Registry

FILES = {"a.yaml": b"apiVersion: v1\nkind: A\n", "team/b.yaml": b"apiVersion: v1\nkind: B\n"}


@pytest.fixture
def key():
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path / "layout")


def test_what_was_signed_is_loaded(layout, key):
    digest = create(layout, "v1", FILES)
    assert sign(layout, "v1", key) == digest
    bundle = load(layout, "v1", key.public_key())
    assert (bundle.digest, bundle.files) == (digest, FILES)
    assert create(layout, "again", FILES) == digest


def test_what_is_not_signed_is_refused(layout, key):
    create(layout, "v1", FILES)
    with pytest.raises(SourceError, match="is not signed"):
        load(layout, "v1", key.public_key())


def test_another_key_is_refused_and_a_second_signature_may_be_the_right_one(layout, key):
    other = ec.generate_private_key(ec.SECP256R1())
    create(layout, "v1", FILES)
    sign(layout, "v1", other)
    with pytest.raises(SourceError, match="not by this key"):
        load(layout, "v1", key.public_key())
    sign(layout, "v1", key)
    assert load(layout, "v1", key.public_key()).files == FILES


def test_the_signature_of_another_bundle_does_not_pass(layout, key):
    """The signed payload names a digest: it cannot be moved to another manifest."""
    create(layout, "good", FILES)
    good = sign(layout, "good", key)
    bad = create(layout, "bad", {"a.yaml": b"evil: true\n"})
    layout.tag(f"sha256-{bad[7:]}.sig", layout.manifest(f"sha256-{good[7:]}.sig"))
    with pytest.raises(SourceError, match="of another manifest"):
        load(layout, "bad", key.public_key())


@pytest.mark.parametrize("which", ["layer", "manifest", "payload"])
def test_changed_bytes_do_not_have_their_digest(layout, key, which):
    digest = create(layout, "v1", FILES)
    sign(layout, "v1", key)
    manifest = json.loads(layout.manifest("v1"))
    signature = json.loads(layout.manifest(f"sha256-{digest[7:]}.sig"))
    changed = {"layer": manifest["layers"][0]["digest"], "manifest": digest,
               "payload": signature["layers"][0]["digest"]}[which]  # fmt: skip
    path = layout.folder / "blobs/sha256" / changed[7:]
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(SourceError, match="does not have its digest"):
        load(layout, "v1", key.public_key())


def test_openssl_agrees_with_the_signature(layout, key, tmp_path):
    """The form of cosign: ECDSA over SHA-256 of the payload, base64 of DER."""
    digest = create(layout, "v1", FILES)
    sign(layout, "v1", key)
    (layer,) = json.loads(layout.manifest(f"sha256-{digest[7:]}.sig"))["layers"]
    payload = layout.blob(layer["digest"])
    assert json.loads(payload)["critical"]["image"] == {"docker-manifest-digest": digest}
    (tmp_path / "payload").write_bytes(payload)
    (tmp_path / "signature").write_bytes(base64.b64decode(layer["annotations"][simple_signing.SIGNATURE]))
    (tmp_path / "key.pub").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    command = ["openssl", "dgst", "-sha256", "-verify", "key.pub", "-signature", "signature", "payload"]
    try:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=20)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    assert done.stdout == "Verified OK\n"


def test_a_key_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "key.pem"
    for key in (ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)):
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        with pytest.raises(SourceError, match="P-256"):
            signing.private_key(path)
    path.write_text("nothing")
    with pytest.raises(SourceError, match="no key"):
        signing.public_key(path)


def test_an_archive_that_would_fill_memory_is_refused():
    bomb = content.packed({"a.yaml": b"\0" * (content.MAX_UNPACKED + 10)})
    assert len(bomb) < 200_000
    with pytest.raises(SourceError, match="once unpacked"):
        content.unpacked(bomb, where="x")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_layer_or_an_error(layer):
    with contextlib.suppress(SourceError):
        assert isinstance(content.unpacked(layer, where="x"), dict)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=9), st.binary(), max_size=5))
def test_what_is_packed_comes_out_again(files):
    assert content.unpacked(content.packed(files), where="x") == files


@pytest.fixture
def registry(layout):
    """A registry that serves the layout, on this machine."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            kind, name = self.path.removeprefix("/v2/team/policies/").split("/")
            found = layout.manifest(name) if kind == "manifests" else layout.blob(name)
            self.send_response(404 if found is None else 200)
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_registry_serves_the_same_bundle(layout, key, registry):
    create(layout, "v1", FILES)
    sign(layout, "v1", key)
    place = place_of(f"oci+http://{registry}/team/policies", allowed=[registry])
    assert load(place, "v1", key.public_key()).files == FILES
    with pytest.raises(SourceError, match="there is no bundle"):
        load(place, "v2", key.public_key())


def test_a_host_that_is_not_allowed_is_not_asked():
    with pytest.raises(UsageError, match="may not come from"):
        place_of("oci://elsewhere.example/team/policies", allowed=["registry.example"])
    with pytest.raises(UsageError, match="plain HTTP"):
        place_of("oci+http://registry.example/team/policies", allowed=["registry.example"])
    assert place_of("oci://registry.example/team/policies", allowed=["registry.example"]) == Registry(
        "registry.example", "team/policies"
    )


def test_from_the_command_line(tmp_path, key, capsys):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/a.yaml").write_bytes(FILES["a.yaml"])
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pub").write_bytes(public)
    layout, tag = str(tmp_path / "layout"), ["--tag", "v1"]
    verify = ["policy", "bundle", "verify", layout, *tag, "--key", str(tmp_path / "key.pub")]
    assert main(["policy", "bundle", "create", str(tmp_path / "policies"), "--out", layout, *tag]) == 0
    assert main(verify) == 5
    assert main(["policy", "bundle", "sign", layout, *tag, "--key", str(tmp_path / "key.pem")]) == 0
    assert main(verify) == 0
    assert "is signed by this key and holds 1 files\n  a.yaml (23 bytes)" in capsys.readouterr().out
