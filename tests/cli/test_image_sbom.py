"""``lockgate image sbom`` writes the same bill for the same image, and attaches it where a scan finds it again."""

import json

import pytest
from tests.simulators.registry import Behaviour, serving
from tests.sources.image.building import Layout

DPKG = "Package: {}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {}\n\n"
OS = b'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'


@pytest.fixture
def layout(tmp_path) -> Layout:
    made = Layout(tmp_path / "layout")
    status = (DPKG.format("bash", "5.2.15-2") + DPKG.format("zlib1g", "1:1.2.13.dfsg-1")).encode()
    entry = made.image({"etc/os-release": OS}, {"var/lib/dpkg/status": status})
    made.name(entry, "1.2")
    return made


def packages(text: str) -> set[tuple[str, str]]:
    body = json.loads(text)
    found = body.get("components") or [one for one in body["packages"] if one["SPDXID"] != "SPDXRef-Root"]
    return {(one["name"], one.get("version") or one.get("versionInfo")) for one in found}


@pytest.mark.parametrize("form", ["cyclonedx", "spdx"])
def test_the_same_image_makes_the_same_bytes(lockgate, layout, tmp_path, form):
    command = ("image", "sbom", "layout", "--format", form)
    first = lockgate(*command, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert {("bash", "5.2.15-2"), ("zlib1g", "1:1.2.13.dfsg-1")} <= packages(first.stdout)
    assert lockgate(*command, "--no-store", cwd=tmp_path).stdout == first.stdout
    assert lockgate(*command, "--output", "bill.json", cwd=tmp_path).stdout == ""
    assert (tmp_path / "bill.json").read_text() == first.stdout


@pytest.mark.parametrize(
    ("lists", "form"),
    [(None, "spdx"), (False, "cyclonedx"), (True, "spdx")],
    ids=["layout", "registry with tags", "registry with a list"],
)
def test_an_attached_bill_is_what_a_scan_may_go_by(lockgate, layout, tmp_path, form, lists):
    if lists is None:
        attach_and_scan(lockgate, "layout", tmp_path, form)
        return
    with serving(layout.folder, Behaviour(lists=lists)) as registry:
        attach_and_scan(lockgate, f"{registry.host}/team/cart:1.2", tmp_path, form)


def attach_and_scan(lockgate, image: str, folder, form: str) -> None:
    before = lockgate("image", "scan", image, "--sbom", "attached", "--no-store", cwd=folder)
    assert before.returncode == 5
    assert "no bill of materials is attached" in before.stderr
    done = [lockgate("image", "sbom", image, "--attach", "--format", form, cwd=folder) for _ in range(2)]
    assert done[0].returncode == 0, done[0].stderr
    assert done[0].stdout == done[1].stdout
    scan = ("image", "scan", image, "--sbom", "attached", "--format", "cyclonedx=found.json", "--format", "json")
    run = lockgate(*scan, cwd=folder)
    body = json.loads(run.stdout)
    assert body["run"]["root"] == f"the bill attached to {image}"
    assert {("bash", "5.2.15-2"), ("zlib1g", "1:1.2.13.dfsg-1")} <= packages((folder / "found.json").read_text())


def test_nothing_is_attached_where_nothing_can_be(lockgate, tmp_path):
    (tmp_path / "root").mkdir()
    run = lockgate("image", "sbom", "dir:root", "--attach", cwd=tmp_path)
    assert run.returncode == 2
    assert "no image" in run.stderr
