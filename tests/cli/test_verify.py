"""``lockgate verify``, ``sign`` and ``attest``, as their users run them: on layouts, and with cosign in a registry."""

import json
import os
import shutil
import subprocess

import pytest
from tests.simulators.real_registry import debians_registry, needs_cosign
from tests.sources.image.building import Layout

PROVENANCE = {
    "buildDefinition": {"buildType": "https://b/1", "externalParameters": {"workflow": {
        "ref": "refs/heads/main", "repository": "https://github.com/team/shop", "path": "build.yml"}}},
    "runDetails": {"builder": {"id": "https://builder"}},
}  # fmt: skip
POLICY = """\
authorities:
  release: {keys: [release.pub]}
images:
- match: ["*"]
  signed_by: [release]
"""
BUILT = """\
authorities:
  release: {keys: [release.pub]}
images:
- match: ["*"]
  provenance: {by: [release], repository: https://github.com/team/shop, workflow: build.yml}
"""


@pytest.fixture
def folder(tmp_path):
    """A layout with one image, a key and two policies."""
    made = Layout(tmp_path / "layout")
    made.name(made.image({"etc/os-release": b"ID=debian\n"}), "1.2")
    for command in (["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "release.key"],
                    ["pkey", "-in", "release.key", "-pubout", "-out", "release.pub"]):  # fmt: skip
        subprocess.run(["openssl", *command], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "lockgate-images.yaml").write_text(POLICY)
    (tmp_path / "built.yaml").write_text(BUILT)
    (tmp_path / "provenance.json").write_text(json.dumps(PROVENANCE))
    return tmp_path


@pytest.mark.parametrize("form", ["tag", "bundle"])
def test_an_image_is_denied_until_it_is_signed_and_the_record_knows_both(lockgate, folder, form):
    before = lockgate("verify", "layout", cwd=folder)
    assert before.returncode == 1, before.stderr
    assert "images[0].signed_by: not signed by release" in before.stdout
    signed = lockgate("sign", "layout", "--key", "release.key", "--form", form, "--name", "1.2", cwd=folder)
    assert signed.returncode == 0, signed.stderr
    after = lockgate("verify", "layout", "--name", "1.2", "--format", "json", cwd=folder)
    assert after.returncode == 0, after.stdout
    body = json.loads(after.stdout)
    assert (body["verdict"], [one["authority"] for one in body["signatures"]]) == ("allow", ["release"])
    rows = lockgate("ask", "ImageVerdicts | sort by Verdict asc | project Verdict", "--format", "csv", cwd=folder)
    assert rows.stdout.split() == ["Verdict", "allow", "deny"]


@pytest.mark.parametrize("form", ["tag", "bundle"])
def test_provenance_that_was_attested_is_what_the_policy_weighs(lockgate, folder, form):
    done = lockgate("attest", "layout", "--key", "release.key", "--form", form, "--type", "slsaprovenance1",
                    "--predicate", "provenance.json", cwd=folder)  # fmt: skip
    assert done.returncode == 0, done.stderr
    asked = ("verify", "layout", "--name", "1.2", "--policy", "built.yaml", "--no-store")
    assert lockgate(*asked, cwd=folder).returncode == 0
    (folder / "built.yaml").write_text(BUILT.replace("team/shop", "team/other"))
    denied = lockgate(*asked, cwd=folder)
    assert denied.returncode == 1
    assert "repository https://github.com/team/shop and not https://github.com/team/other" in denied.stdout


def test_a_scan_in_the_record_is_what_the_policy_asks_for(lockgate, folder, advisory_store):
    (folder / "lockgate-images.yaml").write_text('images: [{match: ["*"], scan: {days: 1}}]\n')
    never = lockgate("verify", "layout", "--format", "json", cwd=folder)
    assert never.returncode == 1, never.stderr
    assert "knows no scan" in json.loads(never.stdout)["reasons"][0]["text"]
    for family, code in (("secrets", 1), ("dependencies", 0)):  # only one of them reads what is installed
        more = ("--advisories", str(advisory_store))
        scanned = lockgate("image", "scan", "layout", "--family", family, *more, cwd=folder)
        assert scanned.returncode == 0, scanned.stderr
        assert lockgate("verify", "layout", cwd=folder).returncode == code


@needs_cosign
def test_what_cosign_signs_holds_here_and_what_is_signed_here_cosign_verifies(lockgate, folder):
    cosign = str(shutil.which("cosign"))
    password = "pw" * 4
    env = {**os.environ, "COSIGN_PASSWORD": password, "HOME": str(folder)}
    ours = {"LOCKGATE_KEY_PASSWORD": password}

    def run(*arguments: str) -> str:
        done = subprocess.run([cosign, *arguments], cwd=folder, env=env, capture_output=True, text=True, timeout=50)
        assert done.returncode == 0, done.stderr
        return done.stdout

    (folder / "release.key").unlink()
    (folder / "release.pub").unlink()
    run("generate-key-pair", "--output-key-prefix", "release")
    (folder / "root.json").write_text('{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}')
    said = ("--type", "slsaprovenance1", "--predicate", "provenance.json")
    newer = {"tag": [], "bundle": ["--new-bundle-format", "--trusted-root", "root.json"]}
    with debians_registry(folder) as host:
        for form, more in newer.items():
            theirs, own = (f"{host}/team/{who}-{form}" for who in ("theirs", "own"))
            for name in (theirs, own):
                subprocess.run(["skopeo", "copy", "-q", "--dest-tls-verify=false", "oci:layout:1.2", f"docker://{name}:1"],
                               cwd=folder, check=True, timeout=50)  # fmt: skip
            made = ["-y", "--key", "release.key", "--tlog-upload=false", *more[:1]]
            run("sign", *made, f"{theirs}:1")
            run("attest", *made, *said, f"{theirs}:1")
            signed = lockgate("sign", f"{own}:1", "--key", "release.key", "--form", form, cwd=folder, env=ours)
            assert signed.returncode == 0, signed.stderr
            made = ("--key", "release.key", "--form", form, *said)
            attested = lockgate("attest", f"{own}:1", *made, cwd=folder, env=ours)
            assert attested.returncode == 0, attested.stderr
            for name in (theirs, own):
                for policy in ("lockgate-images.yaml", "built.yaml"):
                    here = lockgate("verify", f"{name}:1", "--policy", policy, "--no-store", cwd=folder)
                    assert here.returncode == 0, here.stdout + here.stderr
            held = ["--key", "release.pub", "--insecure-ignore-tlog=true", *more]
            assert "docker-manifest-digest" in run("verify", *held, f"{own}:1")
            assert "payload" in run("verify-attestation", *held, "--type", "slsaprovenance1", f"{own}:1")
