"""``lockgate check --rootfs`` and ``--sbom``: what is installed elsewhere, judged by itself."""

from __future__ import annotations

import json

import pytest
from tests.formats.installed.test_distributions import STATUS

from lockgate.store.advisories import AdvisoryStore

FLAW = {
    "id": "DEBIAN-CVE-2026-900001", "modified": "2026-01-01T00:00:00Z", "upstream": ["CVE-2026-900001"],
    "affected": [{"package": {"ecosystem": "Debian:12", "name": "openssl"},
                  "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.0.16-1"}]}]}],
}  # fmt: skip


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "image"
    for path, text in {
        "etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
        "var/lib/dpkg/status": STATUS,
        "app/settings.py": 'password = "not judged here"\n',
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (tmp_path / "osv.json").write_text(json.dumps(FLAW))
    AdvisoryStore.build([tmp_path / "osv.json"], folder / ".lockgate" / "advisories.db")
    return folder


def test_a_root_file_system_and_its_bill_say_the_same(lockgate, project, root, tmp_path):
    bill = tmp_path / "image.cdx.json"
    first = lockgate(
        "check", "--rootfs", str(root), "--format", "json=first.json", "--format", f"cyclonedx={bill}", cwd=project
    )
    second = lockgate("check", "--sbom", str(bill), "--format", "json=second.json", cwd=project)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    said = [json.loads((project / name).read_text()) for name in ("first.json", "second.json")]
    for one in said:
        (finding,) = one["findings"]
        assert finding["aliases"] == ["CVE-2026-900001", "DEBIAN-CVE-2026-900001"]
        assert "libssl3" in finding["message"]
        assert one["coverage"] == {"dependencies": "3 components, 1 advisories up to 2026-01-01"}
        assert [component["name"] for component in one["components"]] == ["debian", "bash", "libssl3", "waiting"]
    assert said[0]["findings"][0]["identity"] == said[1]["findings"][0]["identity"]


@pytest.mark.parametrize("name", ["cyclonedx", "spdx"])
def test_the_same_input_makes_the_same_bytes(lockgate, project, root, name):
    for at in ("1", "2"):
        done = lockgate(
            "check", "--rootfs", str(root), "--format", f"{name}={at}.json", "--no-store", cwd=project,
            env={"SOURCE_DATE_EPOCH": "1700000000"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    first = (project / "1.json").read_bytes()
    assert first == (project / "2.json").read_bytes()
    assert b"2023-11-14T22:13:20Z" in first


def test_a_known_finding_is_known_again_and_gone_when_it_is_fixed(lockgate, project, root):
    def states() -> list[list[str]]:
        done = lockgate("check", "--rootfs", str(root), "--format", "json=out.json", cwd=project)
        assert done.returncode == 0, done.stderr
        said = json.loads((project / "out.json").read_text())
        return [[one["state"] for one in said[name]] for name in ("findings", "fixed")]

    assert states() == [["new"], []]
    assert states() == [["known"], []]
    status = root / "var/lib/dpkg/status"
    status.write_text(status.read_text().replace("3.0.15-1~deb12u1", "3.0.16-1"))
    assert states() == [[], ["fixed"]]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--rootfs", "x", "y"),
        ("--sbom", "x", "--staged"),
        ("--rootfs", "x", "--family", "secrets"),
        ("--sbom", "x", "--fix"),
    ],
)
def test_what_does_not_fit_together_is_refused(lockgate, project, arguments):
    assert lockgate("check", *arguments, cwd=project).returncode == 2


def test_what_is_not_there_or_no_bill_is_not_called_clean(lockgate, project, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "no.json").write_text("{}")
    assert lockgate("check", "--rootfs", str(tmp_path / "nothing"), cwd=project).returncode == 5
    assert lockgate("check", "--sbom", str(tmp_path / "nothing"), cwd=project).returncode == 5
    assert lockgate("check", "--rootfs", str(tmp_path / "empty"), cwd=project).returncode == 4
    assert lockgate("check", "--sbom", str(tmp_path / "no.json"), cwd=project).returncode == 4
