"""``lockgate image scan``: vulnerable packages beside secrets, with the layer and the step that brought them."""

from __future__ import annotations

import json

import pytest
from tests.cli.test_installed import FLAW
from tests.formats.installed.test_distributions import STATUS
from tests.sources.image.building import Layout

from lockgate.store import Record
from lockgate.store.advisories import AdvisoryStore


@pytest.fixture
def project(tmp_path, token):
    made = Layout(tmp_path / "layout")
    base = {"etc/os-release": b'ID=debian\nVERSION_ID="12"\n', "var/lib/dpkg/status": b"\n"}
    steps = ["ADD base", "RUN /bin/sh -c apt-get install openssl # buildkit"]
    layers = base, {"var/lib/dpkg/status": STATUS.encode(), "app/.env": f"GITHUB_TOKEN={token}\n".encode()}
    made.name(made.image(*layers, steps=steps), "1")
    (tmp_path / "osv.json").write_text(json.dumps(FLAW))
    AdvisoryStore.build([tmp_path / "osv.json"], tmp_path / ".lockgate" / "advisories.db")
    return tmp_path


def test_packages_and_secrets_are_told_in_one_run(lockgate, project):
    run = lockgate("image", "scan", "layout", "--format", "json", "--format", "cyclonedx=bill.json", cwd=project)
    assert run.returncode == 1, run.stderr
    said = json.loads(run.stdout)
    flaw, secret = sorted((one for one in said["findings"] if one["family"] != "images"), key=lambda one: one["family"])
    assert secret["rule"].startswith("secrets/")
    assert flaw["aliases"] == ["CVE-2026-900001", "DEBIAN-CVE-2026-900001"]
    assert flaw["message"].endswith("Layer 1 brought it (RUN apt-get install openssl).")
    assert [one["name"] for one in said["components"]] == ["debian", "bash", "libssl3", "waiting"]
    bill = json.loads((project / "bill.json").read_text())
    assert [one["name"] for one in bill["components"]] == ["bash", "libssl3", "waiting", "debian"]
    again = lockgate("check", "--sbom", "bill.json", "--format", "json", cwd=project)
    assert [one["aliases"] for one in json.loads(again.stdout)["findings"]] == [flaw["aliases"]]


def test_a_family_may_be_asked_for_alone(lockgate, project):
    run = lockgate("image", "scan", "layout", "--family", "dependencies", "--format", "json", cwd=project)
    assert (run.returncode, len(json.loads(run.stdout)["findings"])) == (0, 1), run.stderr
    run = lockgate("image", "scan", "layout", "--family", "secrets", "--format", "json", cwd=project)
    assert [one["family"] for one in json.loads(run.stdout)["findings"]] == ["secrets"]


def test_packages_without_advisories_are_not_called_clean(lockgate, project):
    (project / ".lockgate" / "advisories.db").unlink()
    run = lockgate("image", "scan", "layout", "--family", "dependencies", cwd=project)
    assert run.returncode == 4


def test_an_image_and_its_layers_are_in_the_record(lockgate, tmp_path, token):
    made = Layout(tmp_path / "layout")
    base = "org.opencontainers.image.base.name"
    run = {
        "User": "app", "Env": [f"API_TOKEN={token}", "PATH=/bin"], "ExposedPorts": {"80/tcp": {}},
        "Labels": {base: "debian:12", "db-password": "hunter22hunter", "stage": "shop"}, "Cmd": ["/app", "--fast"],
    }  # fmt: skip
    steps = ["ADD base", "-ENV X=1", "RUN /bin/sh -c curl -u x --password=hunter22hunter # buildkit"]
    image = made.image({"etc/os-release": b"ID=debian\n"}, {"app": b"x"}, steps=steps, **run)
    index = made.name(made.index({**image, "platform": {"os": "linux", "architecture": "amd64"}}), "1")
    done = lockgate("image", "scan", "layout", "--family", "secrets", cwd=tmp_path)
    assert done.returncode in (0, 1), done.stderr
    record = Record.open(tmp_path / ".lockgate")
    [row] = record.rows("Images")
    assert (row["ImageDigest"], row["IndexDigest"]) == (image["digest"], index["digest"])
    assert (row["Name"], row["Registry"], row["Platform"], row["User"]) == ("layout", "", "linux/amd64", "app")
    assert (row["BaseName"], row["Command"], row["Ports"]) == ("debian:12", '["/app","--fast"]', '["80/tcp"]')
    assert (row["Variables"], row["LayerCount"], row["Created"]) == ('["API_TOKEN","PATH"]', 2, None)
    assert json.loads(row["Labels"]) == {base: "debian:12", "db-password": "***", "stage": "shop"}
    assert row["Inventoried"] is False, "a scan for secrets has no bill"
    layers = record.rows("ImageLayers")
    assert [one["Position"] for one in layers] == [0, 1]
    assert layers[1]["Instruction"] == "RUN curl -u x --password=***"
    assert {one["ImageDigest"] for one in layers} == {image["digest"]}
    assert {one["RunId"] for one in layers} == {row["RunId"]}


def test_the_bill_of_an_image_is_found_by_its_digest(lockgate, project):
    lockgate("check", "--image", "layout", cwd=project)
    query = "Images | where Inventoried | summarize arg_max(TimeGenerated, RunId) by ImageDigest"
    query += " | join kind=inner Components on RunId | project ImageDigest, Name | order by Name asc"
    asked = lockgate("ask", query, "--format", "csv", cwd=project)
    names = [line.rpartition(",")[2] for line in asked.stdout.splitlines()]
    assert names == ["Name", "bash", "debian", "libssl3", "waiting"], asked.stderr
