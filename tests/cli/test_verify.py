"""``lockgate verify``, ``sign`` and ``attest``, as their users run them on a layout."""

import json
import subprocess

import pytest
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
