"""VEX attested of an image counts when it is scanned, if the policy of images believes whoever attested it."""

import json
import subprocess

import pytest
from tests.cli.test_installed import FLAW
from tests.formats.installed.test_distributions import STATUS
from tests.formats.vex.test_readers import OPENVEX
from tests.sources.image.building import Layout

from lockgate.store import Record
from lockgate.store.advisories import AdvisoryStore

POLICY = "authorities: {us: {keys: [us.pub]}}\nimages: [{match: ['*'], vex: [us]}]\n"
SCAN = ("image", "scan", "layout", "--name", "1", "--family", "dependencies", "--format", "json")


@pytest.fixture
def project(tmp_path):
    """A layout with an index whose image has a flaw, two keys, and a policy that believes one of them."""
    made = Layout(tmp_path / "layout")
    one = made.image({"etc/os-release": b'ID=debian\nVERSION_ID="12"\n', "var/lib/dpkg/status": STATUS.encode()})
    made.name(made.index({**one, "platform": {"os": "linux", "architecture": "amd64"}}), "1")
    (tmp_path / "image.txt").write_text(one["digest"])
    (tmp_path / "osv.json").write_text(json.dumps(FLAW))
    AdvisoryStore.build([tmp_path / "osv.json"], tmp_path / ".lockgate" / "advisories.db")
    for name in ("us", "other"):
        for command in (["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.pem"],
                        ["pkey", "-in", f"{name}.pem", "-pubout", "-out", f"{name}.pub"]):  # fmt: skip
            subprocess.run(["openssl", *command], cwd=tmp_path, check=True, capture_output=True)
    statement = {"vulnerability": {"name": "CVE-2026-900001"}, "products": [{"@id": "pkg:deb/debian/libssl3"}],
                 "status": "not_affected", "justification": "vulnerable_code_not_present"}  # fmt: skip
    document = {**OPENVEX, "author": "Ada", "timestamp": "2026-01-01T00:00:00Z", "statements": [statement]}
    (tmp_path / "vex.json").write_text(json.dumps(document))
    (tmp_path / "lockgate-images.yaml").write_text(POLICY)
    return tmp_path


def attest(lockgate, project, key, *more, name="1"):
    done = lockgate("attest", "layout", "--name", name, "--key", f"{key}.pem", "--type", "openvex", "--predicate",
                    "vex.json", *more, cwd=project)  # fmt: skip
    assert done.returncode == 0, done.stderr


def scanned(lockgate, project):
    done = lockgate(*SCAN, cwd=project)
    [finding] = json.loads(done.stdout)["findings"]
    return finding, done.stderr


@pytest.mark.parametrize("form", ["tag", "bundle"])
@pytest.mark.parametrize("of", ["index", "image"])
def test_what_somebody_believed_attests_of_the_image_or_its_index_covers_the_flaw(lockgate, project, form, of):
    assert scanned(lockgate, project)[0]["waiver"] is None
    name = (project / "image.txt").read_text() if of == "image" else "1"
    attest(lockgate, project, "us", "--form", form, name=name)
    waiver = scanned(lockgate, project)[0]["waiver"]
    assert (waiver["by"], waiver["reason"]) == ("Ada", "not_affected: vulnerable_code_not_present")
    assert waiver["where"].startswith("us: ")


def test_what_anybody_else_attests_covers_nothing_and_is_told(lockgate, project):
    attest(lockgate, project, "other")
    finding, told = scanned(lockgate, project)
    assert finding["waiver"] is None
    assert "not believed: " in told
    assert "VEX by none of us" in told
    attest(lockgate, project, "us")
    (project / "lockgate-images.yaml").write_text(POLICY.replace(", vex: [us]", ", signed_by: [us]"))
    assert scanned(lockgate, project)[0]["waiver"] is None  # whose signature counts is not yet whose VEX does


def test_what_was_attested_counts_where_an_image_is_judged_by_its_stored_bill(lockgate, project):
    attest(lockgate, project, "us")
    scanned(lockgate, project)
    more = {**FLAW, "id": "DEBIAN-CVE-2026-900009", "upstream": ["CVE-2026-900009"]}
    (project / "osv.json").write_text(json.dumps([FLAW, more]))
    (project / ".lockgate" / "advisories.db").unlink()
    AdvisoryStore.build([project / "osv.json"], project / ".lockgate" / "advisories.db")
    assert lockgate("advisories", "rematch", cwd=project).returncode in (0, 1)
    newest = "SELECT arg_max(Waived, TimeGenerated) AS W FROM Findings GROUP BY Identity ORDER BY min(TimeGenerated)"
    rows = Record.open(project / ".lockgate").sql(newest)
    assert [row["W"] for row in rows] == [True, False]
