"""``--vex``: flaws that somebody says a product does not have are covered and counted, never dropped."""

from __future__ import annotations

import json

import pytest
from tests.cli.test_installed import FLAW
from tests.formats.installed.test_distributions import STATUS
from tests.formats.vex.test_readers import OPENVEX

from lockgate.store.advisories import AdvisoryStore

SSL = "pkg:deb/debian/libssl3"


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "root"
    for path, text in {"etc/os-release": 'ID=debian\nVERSION_ID="12"\n', "var/lib/dpkg/status": STATUS}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (tmp_path / "osv.json").write_text(json.dumps(FLAW))
    AdvisoryStore.build([tmp_path / "osv.json"], tmp_path / ".lockgate" / "advisories.db")
    return tmp_path


def says(path, status, when, *, author="Ada", flaw="CVE-2026-900001", product=SSL, **more):
    statement = {"vulnerability": {"name": flaw}, "products": [{"@id": product}], "status": status, **more}
    path.write_text(json.dumps({**OPENVEX, "author": author, "timestamp": when, "statements": [statement]}))


def checked(lockgate, project, *more):
    done = lockgate("check", "--rootfs", "root", *more, "--format", "json", cwd=project)
    said = json.loads(done.stdout)
    [finding] = said["findings"]
    return finding, said


def test_a_flaw_that_is_not_there_is_covered_with_its_author_and_justification(lockgate, project):
    says(project / "a.json", "not_affected", "2026-01-01T00:00:00Z", justification="vulnerable_code_not_present")
    finding, _ = checked(lockgate, project, "--vex", "a.json")
    waiver = finding["waiver"]
    assert (waiver["by"], waiver["where"]) == ("Ada", "a.json")
    assert waiver["reason"] == "not_affected: vulnerable_code_not_present"
    shown = lockgate("check", "--rootfs", "root", "--vex", "a.json", cwd=project).stdout
    assert "1 waived" in shown
    assert "until further notice by Ada: not_affected: vulnerable_code_not_present" in shown


def test_any_name_of_the_flaw_will_do_and_settings_name_documents(lockgate, project):
    (project / "vex").mkdir()
    says(project / "vex" / "a.json", "fixed", "2026-01-01T00:00:00Z", flaw="DEBIAN-CVE-2026-900001")
    (project / "lockgate.yaml").write_text("version: 1\nvex: [vex]\n")
    finding, _ = checked(lockgate, project)
    assert finding["waiver"]["reason"] == "fixed"


def test_the_newest_statement_counts_and_a_difference_is_told(lockgate, project):
    says(project / "a.json", "not_affected", "2026-01-01T00:00:00Z", justification="component_not_present")
    says(project / "b.json", "affected", "2026-02-01T00:00:00Z", author="Bob", action_statement="upgrade")
    finding, said = checked(lockgate, project, "--vex", "a.json", "--vex", "b.json")
    assert finding["waiver"] is None
    assert {"name": "vex", "value": "affected: upgrade"} in finding["facts"]
    assert any("VEX differs on CVE-2026-900001" in one and "b.json says affected" in one for one in said["notices"])


def test_another_product_covers_nothing_and_a_statement_without_a_reason_is_told(lockgate, project):
    says(project / "a.json", "not_affected", "2026-01-01T00:00:00Z", product=f"{SSL}?distro=debian-11",
         justification="component_not_present")  # fmt: skip
    says(project / "b.json", "not_affected", "2026-01-01T00:00:00Z")
    finding, said = checked(lockgate, project, "--vex", "a.json", "--vex", "b.json")
    assert finding["waiver"] is None
    assert said["notices"] == ["b.json: 1 statements do not count: it says 'not_affected' without saying why"]


def test_a_document_that_is_none_ends_the_run(lockgate, project):
    (project / "a.json").write_text("{}")
    done = lockgate("check", "--rootfs", "root", "--vex", "a.json", cwd=project)
    assert done.returncode not in (0, 1)
    assert "no VEX document" in done.stderr
    assert lockgate("check", "--rootfs", "root", "--vex", "none.json", cwd=project).returncode not in (0, 1)
