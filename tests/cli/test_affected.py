"""``lockgate advisories affected`` and ``rematch``: stored bills and what runs, against advisories of today."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from tests.cli.test_installed import FLAW
from tests.formats.installed.test_distributions import STATUS
from tests.sources.image.building import Layout

from lockgate.store import Record
from lockgate.store.advisories import AdvisoryStore

OTHER = {
    "id": "DEBIAN-CVE-2026-900002", "modified": "2026-01-02T00:00:00Z", "upstream": ["CVE-2026-900002"],
    "affected": [{"package": {"ecosystem": "Debian:12", "name": "bash"},
                  "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}],
}  # fmt: skip


@pytest.fixture
def project(lockgate, tmp_path):
    """A folder with the stored bills of two images, one chosen from an index; the layouts themselves are gone."""
    base = {"etc/os-release": b'ID=debian\nVERSION_ID="12"\n'}
    for name, more in (("cart", {"var/lib/dpkg/status": STATUS.encode()}), ("shop", {"app": b"x"})):
        made = Layout(tmp_path / name)
        image = made.image(base, more, steps=["ADD base", "RUN apt-get install openssl"])
        made.name(made.index({**image, "platform": {"os": "linux", "architecture": "amd64"}}), "1")
        (tmp_path / f"{name}.json").write_text(json.dumps(made.entries[0]))
    (tmp_path / "osv.json").write_text(json.dumps(FLAW))
    (tmp_path / "other.json").write_text(json.dumps(OTHER))
    AdvisoryStore.build([tmp_path / "other.json"], tmp_path / ".lockgate" / "advisories.db")
    for name in ("cart", "shop"):
        assert lockgate("image", "scan", name, cwd=tmp_path).returncode == 0
        shutil.rmtree(tmp_path / name)
    return tmp_path


def ran(lockgate, project, containers):
    """Rows as ``lockgate collect`` appends them: (pod, time, ImageID)."""
    pods, images = [], []
    for number, (pod, when, image) in enumerate(containers):
        own = {"TimeGenerated": when.isoformat(), "ContainerID": f"c{number}"}
        pods.append({**own, "ClusterId": "harbour", "ClusterName": "harbour", "Namespace": "shop", "Name": pod,
                     "ContainerName": "uid/web", "ControllerKind": "ReplicaSet", "ControllerName": "cart-1",
                     "ContainerStatus": "running"})  # fmt: skip
        images.append({**own, "ImageID": image, "Repository": "r.example.com", "Image": "cart", "ImageTag": "1"})
    for table, rows in (("KubePodInventory", pods), ("ContainerInventory", images)):
        (project / "rows.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
        assert lockgate("ingest", "rows.ndjson", "--table", table, cwd=project).returncode == 0


def test_an_advisory_of_today_names_images_and_the_pods_of_the_last_scan(lockgate, project):
    index = json.loads((project / "cart.json").read_text())["digest"]
    now = datetime.now(UTC)
    ran(lockgate, project, [("gone", now - timedelta(hours=1), index), ("cart-1-a", now, index),
                            ("else", now, "sha256:" + "0" * 64)])  # fmt: skip
    done = lockgate("advisories", "affected", "--new", "osv.json", "--format", "json", cwd=project)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    [image] = said["affected"]
    assert (said["images"], image["name"], image["indexDigest"]) == (2, "cart", index)
    [flaw] = image["flaws"]
    assert (flaw["id"], flaw["package"], flaw["fixedIn"]) == ("CVE-2026-900001", "libssl3", "3.0.16-1")
    [container] = image["containers"]
    assert (container["pod"], container["ownerName"], container["container"]) == ("cart-1-a", "cart-1", "web")
    assert container["byName"] is False
    drawn = lockgate("advisories", "affected", "--new", "osv.json", cwd=project)
    assert drawn.stdout.startswith("1 of 2 images affected, run by 1 pods in 1 namespaces")
    assert "runs in harbour/shop/cart-1-a (web of ReplicaSet cart-1; running at" in drawn.stdout


def test_a_flaw_is_asked_for_by_any_of_its_names(lockgate, project):
    for name in ("CVE-2026-900002", "debian-cve-2026-900002"):
        done = lockgate("advisories", "affected", name, "--format", "json", cwd=project)
        [image] = json.loads(done.stdout)["affected"]
        assert [one["package"] for one in image["flaws"]] == ["bash"], done.stderr
        assert image["containers"] == []


def test_a_name_that_no_record_has_is_not_called_harmless(lockgate, project):
    done = lockgate("advisories", "affected", "CVE-1999-0001", cwd=project)
    assert done.returncode == 4
    assert "holds nothing called CVE-1999-0001" in done.stderr


def test_without_stored_bills_nothing_is_called_harmless(lockgate, tmp_path):
    (tmp_path / "osv.json").write_text(json.dumps(FLAW))
    assert lockgate("advisories", "affected", "--new", "osv.json", cwd=tmp_path).returncode == 4


def test_a_rematch_settles_what_changed_as_a_scan_would_and_then_is_done(lockgate, project):
    AdvisoryStore.build([project / "osv.json"], project / ".lockgate" / "advisories.db")
    dry = lockgate("advisories", "rematch", "--dry-run", cwd=project)
    assert "something new of 1 images\n  cart sha256:" in dry.stdout, dry.stderr
    first = lockgate("advisories", "rematch", cwd=project)
    assert "cart: 1 new, 1 fixed (libssl3 3.0.15-1~deb12u1)" in first.stdout, first.stderr
    record = Record.open(project / ".lockgate")
    last = record.rows("Runs")[-1]
    found = [one for one in record.rows("Findings") if one["RunId"] == last["RunId"]]
    assert {(one["State"], json.loads(one["Aliases"])[0]) for one in found} == {
        ("new", "CVE-2026-900001"), ("fixed", "CVE-2026-900002"),
    }  # fmt: skip
    assert next(one for one in found if one["State"] == "new")["Message"].endswith(
        "Layer 1 brought it (RUN apt-get install openssl)."
    )
    images = record.rows("Images")
    assert {one: images[-1][one] for one in images[0] if one not in ("TimeGenerated", "RunId", "Batch")} == {
        one: images[0][one] for one in images[0] if one not in ("TimeGenerated", "RunId", "Batch")
    }
    again = lockgate("advisories", "rematch", cwd=project)
    assert "something new of 0 images" in again.stdout


def test_a_scan_after_a_rematch_knows_its_findings(lockgate, tmp_path):
    made = Layout(tmp_path / "cart")
    base = {"etc/os-release": b'ID=debian\nVERSION_ID="12"\n', "var/lib/dpkg/status": STATUS.encode()}
    made.name(made.image(base, steps=["ADD base"]), "1")
    (tmp_path / "osv.json").write_text(json.dumps(FLAW))
    (tmp_path / "other.json").write_text(json.dumps(OTHER))
    advisories = tmp_path / ".lockgate" / "advisories.db"
    AdvisoryStore.build([tmp_path / "other.json"], advisories)
    lockgate("image", "scan", "cart", cwd=tmp_path)
    AdvisoryStore.build([tmp_path / "osv.json"], advisories)
    lockgate("advisories", "rematch", cwd=tmp_path)
    done = lockgate("image", "scan", "cart", "--format", "json", "--family", "dependencies", cwd=tmp_path)
    [finding] = json.loads(done.stdout)["findings"]
    assert (finding["state"], finding["aliases"][0]) == ("known", "CVE-2026-900001")


def test_an_image_past_its_end_of_life_is_not_settled_again_and_again(lockgate, tmp_path):
    made = Layout(tmp_path / "old")
    release = b'ID=debian\nVERSION_ID="9"\n'
    made.name(made.image({"etc/os-release": release, "var/lib/dpkg/status": STATUS.encode()}), "1")
    old = {**FLAW, "affected": [{**FLAW["affected"][0], "package": {"ecosystem": "Debian:9", "name": "openssl"}}]}
    (tmp_path / "osv.json").write_text(json.dumps(old))
    AdvisoryStore.build([tmp_path / "osv.json"], tmp_path / ".lockgate" / "advisories.db")
    run = lockgate("image", "scan", "old", "--family", "dependencies", "--format", "json", cwd=tmp_path)
    assert "dependencies/end-of-life" in {one["rule"] for one in json.loads(run.stdout)["findings"]}
    again = lockgate("advisories", "rematch", "--dry-run", cwd=tmp_path)
    assert "something new of 0 images" in again.stdout, again.stderr
