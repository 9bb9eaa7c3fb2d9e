"""``lockgate image IMAGE`` on one page, ``image diff``, ``image base`` and ``image files``, as their users run them."""

import hashlib
import json

import pytest
from tests.cli.test_image_checks import SAFE, plain
from tests.cli.test_installed import FLAW
from tests.formats.installed.test_distributions import STATUS
from tests.formats.oci.archives import member
from tests.formats.oci.documents import CONFIG, MANIFEST
from tests.sources.image.building import Layout

from lockgate.store import Record
from lockgate.store.advisories import AdvisoryStore

OLD_VERSION = "3.0.15-1~deb12u1"
RELEASE = b'ID=debian\nVERSION_ID="12"\n'
OLD = {"etc/os-release": RELEASE, "var/lib/dpkg/status": STATUS.encode()}
NEW = {"etc/os-release": RELEASE, "var/lib/dpkg/status": STATUS.replace(OLD_VERSION, "3.0.99-1").encode()}
NPM = "usr/lib/node_modules/left-pad/package.json"
APP = [(NPM, b'{"name": "left-pad", "version": "1.3.0"}'), plain("opt/helper", 0o4755)]


def layer(files: dict) -> list:
    return list(files.items())


@pytest.fixture
def images(tmp_path):
    """Base, its successor, and an image on the first; advisories that speak of a package of the first alone."""
    made = Layout(tmp_path / "layout")
    made.name(made.image(layer(OLD), steps=["ADD base"], **SAFE), "base-1")
    made.name(made.image(layer(NEW), steps=["ADD base"], **SAFE), "base-2")
    labels = {**SAFE["Labels"], "team": "web"}
    del labels["org.opencontainers.image.base.digest"]
    made.name(made.image(layer(OLD), APP, steps=["ADD base", "COPY . /"], **{**SAFE, "Labels": labels}), "app-1")
    made.name(made.image(layer(NEW), APP[:1], steps=["ADD base", "COPY . /"], Env=["MODE=x", "DB_PASSWORD=none"],
                         **{**SAFE, "User": "10002"}), "app-2")  # fmt: skip
    (tmp_path / "osv.json").write_text(json.dumps(FLAW))
    AdvisoryStore.build([tmp_path / "osv.json"], tmp_path / ".lockgate" / "advisories.db")
    return tmp_path


def test_one_page_says_what_an_image_is_and_what_is_wrong_with_it(lockgate, images):
    assert lockgate("image", "scan", "oci:layout:base-1", cwd=images).returncode in (0, 1)
    run = lockgate("image", "oci:layout:app-1", cwd=images)
    said = run.stdout
    assert run.returncode in (0, 1), run.stderr
    assert "runs     as 10001; ports 8080/tcp; with a health check" in said
    assert "base     oci:layout:base-1@sha256:" in said
    assert "(its first 1 layers)" in said
    assert "signed   nothing is attached to it" in said
    assert "2 layers, " in said
    assert "4 packages on debian 12: 3 Debian:12, 1 npm" in said
    assert "opt/helper: Setuid or setgid program that no distribution brings (layer 1)  images/setuid-unusual" in said
    assert f"libssl3 {OLD_VERSION}" in said
    assert "CVE-2026-900001 (layer 0)" in said
    assert "fix: " in said
    assert "gate check" in said


def test_the_page_names_packages_where_there_are_no_advisories(lockgate, images):
    (images / ".lockgate" / "advisories.db").unlink()
    said = lockgate("image", "oci:layout:app-1", cwd=images).stdout
    assert "4 packages on debian 12" in said
    assert "not compared with advisories" in said


def test_the_page_is_written_as_any_report(lockgate, images):
    forms = "--format", "json", "--format", "html=a.html", "--format", "sarif=a.sarif"
    run = lockgate("image", "oci:layout:app-1", *forms, cwd=images)
    assert {one["family"] for one in json.loads(run.stdout)["findings"]} == {"dependencies", "images"}
    assert "images/setuid-unusual" in (images / "a.html").read_text()
    assert json.loads((images / "a.sarif").read_text())["runs"][0]["results"]
    run = lockgate("image", "oci:layout:app-1", "--format", "json=a.json", cwd=images)
    assert "2 layers, " in run.stdout
    assert json.loads((images / "a.json").read_text())["findings"]


def test_the_page_counts_what_is_attached_in_each_form(lockgate, tmp_path):
    made = Layout(tmp_path / "layout")
    entry = made.name(made.image({"a": b"a"}), "1")
    payload = made.blob(b"{}", "application/vnd.dev.cosign.simplesigning.v1+json", annotations={"x": "y"})
    body = {"schemaVersion": 2, "mediaType": MANIFEST, "config": made.blob(b"{}", CONFIG), "layers": [payload]}
    made.name(made.blob(json.dumps(body).encode(), MANIFEST), f"{entry['digest'].replace(':', '-')}.sig")
    run = lockgate("image", "oci:layout:1", "--family", "images", "--no-store", cwd=tmp_path)
    assert "signed   attached: 1 simple-signing; lockgate verify" in run.stdout, run.stderr


def test_what_an_image_says_cannot_move_the_cursor(lockgate, tmp_path):
    made = Layout(tmp_path / "layout")
    escape = "\x1b[2J\u202e"
    steps = [f"ADD {escape}"]
    made.name(made.image([plain(f"usr/bin/{escape}gcc", 0o4755)], steps=steps, User=escape, Labels={"a": escape}), "1")
    for action in (["show"], ["diff", "layout"], ["files"]):
        run = lockgate("image", action[0], "layout", *action[1:], "--no-store", cwd=tmp_path)
        assert "\x1b" not in run.stdout + run.stderr
        assert "\u202e" not in run.stdout + run.stderr


def test_two_images_are_compared(lockgate, images):
    run = lockgate("image", "diff", "oci:layout:app-1", "oci:layout:app-2", cwd=images)
    assert run.returncode == 0, run.stderr
    assert "0 layers are shared, 2 are others" in run.stdout
    assert "packages: 0 added, 0 removed, 1 changed" in run.stdout
    assert f"upgrade   Debian libssl3 {OLD_VERSION} -> 3.0.99-1" in run.stdout
    assert "user: 10001 -> 10002" in run.stdout
    assert "env MODE: (none) -> x" in run.stdout
    assert "env DB_PASSWORD: (none) -> ***" in run.stdout
    assert "label team: web -> (none)" in run.stdout
    back = lockgate("image", "diff", "oci:layout:app-2", "oci:layout:app-1", "--format", "json", cwd=images)
    found = json.loads(back.stdout)
    assert back.returncode == 1
    rules = {one["rule"] for one in found["findings"]["new"]}
    assert rules >= {"images/setuid-unusual", "dependencies/known-vulnerability"}
    assert [(one["change"], one["before"], one["after"]) for one in found["packages"]] == [
        ("downgrade", "3.0.99-1", OLD_VERSION)
    ]
    same = lockgate("image", "diff", "oci:layout:app-1", "oci:layout:app-1", "--format", "json", cwd=images)
    assert json.loads(same.stdout) == {
        "packages": [], "configuration": [], "findings": {"gone": [], "new": []}, "layers": {"shared": 2, "other": 0}
    }  # fmt: skip


def test_another_base_is_tried_on_paper(lockgate, images):
    ask = "image", "base", "oci:layout:app-1", "--replace", "oci:layout:base-2"
    run = lockgate(*ask, cwd=images)
    assert (run.returncode, "where its base ends is not known" in run.stderr) == (2, True)
    run = lockgate(*ask, "--base", "oci:layout:base-1", "--format", "json", cwd=images)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    told = [(one["change"], one["name"], one["after"]) for one in found["packages"]]
    assert told == [("upgrade", "libssl3", "3.0.99-1")]
    assert [one["aliases"][0] for one in found["findings"]["gone"]] == ["CVE-2026-900001"]
    assert found["findings"]["new"] == []


def test_the_record_says_which_images_stand_on_which_base_and_which_are_stale(lockgate, images):
    for name in ("base-1", "app-1"):
        lockgate("image", "scan", f"oci:layout:{name}", "--family", "images", cwd=images)
    run = lockgate("image", "base", "--format", "json", cwd=images)
    assert run.returncode == 0, run.stderr
    rows = {(one["base"] or {}).get("name"): one["images"] for one in json.loads(run.stdout)}
    assert [one["name"] for one in rows["oci:layout:base-1"]] == ["oci:layout:app-1"]
    made = Layout.__new__(Layout)
    made.folder, made.entries = images / "layout", []
    made.name(made.image(layer(NEW), steps=["ADD base"], **SAFE), "base-1")  # the name moves on
    run = lockgate("image", "base", "--moved", "oci:layout:base-1", "--format", "json", cwd=images)
    assert run.returncode == 1, run.stderr
    assert [one["name"] for one in json.loads(run.stdout)["stale"]] == ["oci:layout:app-1"]


def test_digests_of_programs_are_kept_once_as_the_base_of_drift(lockgate, tmp_path):
    made = Layout(tmp_path / "layout")
    program = member("app/run", mode=0o755)
    base = [("", member("bin/sh", mode=0o755)), ("lib/libc.so.6", b"old"), ("etc/plain", b"text"), ("bin/gone", b"x")]
    again = member("app/again", "hard", "app/run")
    top = [("lib/libc.so.6", b"new"), ("", program), ("", again), ("bin/.wh.gone", b"")]
    made.name(made.image(base, top), "1")
    empty = hashlib.sha256(b"").hexdigest()
    told = []
    for _ in range(2):
        run = lockgate("image", "files", "layout", "--format", "json", cwd=tmp_path)
        assert run.returncode == 0, run.stderr
        told.append([(one["path"], one["sha256"], one["mode"]) for one in json.loads(run.stdout)])
    assert told[0] == told[1] == [
        ("app/again", empty, "0755"), ("app/run", empty, "0755"), ("bin/sh", empty, "0755"),
        ("lib/libc.so.6", hashlib.sha256(b"new").hexdigest(), "0644"),
    ]  # fmt: skip
    kept = Record.open(tmp_path / ".lockgate").rows("ImageFiles")
    assert sorted((one["Path"], one["Sha256"], one["Mode"]) for one in kept) == told[0]
    everything = lockgate("image", "files", "layout", "--all", cwd=tmp_path)
    assert "etc/plain" in everything.stdout


@pytest.mark.parametrize(
    "arguments", [["diff", "layout"], ["files"], ["diff", "layout", "./root"], ["files", "./root"]]
)
def test_what_cannot_be_compared_or_kept_is_a_usage_error(lockgate, tmp_path, arguments):
    (tmp_path / "root" / "etc").mkdir(parents=True)
    made = Layout(tmp_path / "layout")
    made.name(made.image({"a": b""}), "1")
    assert lockgate("image", *arguments, cwd=tmp_path).returncode == 2


def test_the_plan_names_the_newer_base_and_the_line_of_the_own_layer(lockgate, tmp_path):
    """The base moves on; the image has a flaw of the base, one of its own, and one that nobody will fix."""
    own = "\nPackage: curl\nStatus: install ok installed\nVersion: 7.88-1\n"
    late = "\nPackage: nano\nStatus: install ok installed\nVersion: 7.2-1\n"
    made = Layout(tmp_path / "layout")
    made.name(made.image(layer(OLD), steps=["ADD base"], **SAFE), "base")
    labels = {name: text for name, text in SAFE["Labels"].items() if ".base." not in name}
    top = [("var/lib/dpkg/status", f"{STATUS}{own}{late}".encode())]
    steps = ["ADD base", "RUN /bin/sh -c apt-get install curl nano # buildkit"]
    made.name(made.image(layer(OLD), top, steps=steps, **{**SAFE, "Labels": labels}), "app")
    (tmp_path / "Dockerfile").write_text("FROM base\n\nRUN apt-get install curl nano\n")
    events = [{"introduced": "0"}, {"fixed": "7.88-2"}]
    curl = {**FLAW, "id": "DEBIAN-CVE-2026-900002", "upstream": ["CVE-2026-900002"], "affected": [
        {"package": {"ecosystem": "Debian:12", "name": "curl"}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}]}
    nano = {**FLAW, "id": "DEBIAN-CVE-2026-900003", "upstream": ["CVE-2026-900003"], "affected": [
        {"package": {"ecosystem": "Debian:12", "name": "nano"}, "database_specific": {"fix_state": "will not fix"},
         "ranges": [{"type": "ECOSYSTEM", "events": events[:1]}]}]}  # fmt: skip
    (tmp_path / "osv.json").write_text(json.dumps([FLAW, curl, nano]))
    AdvisoryStore.build([tmp_path / "osv.json"], tmp_path / ".lockgate" / "advisories.db")
    ask = "image", "oci:layout:app", "--dockerfile", "Dockerfile"

    run = lockgate(*ask, "--base", "oci:layout:base", "--no-store", cwd=tmp_path)
    assert "rebuild on a newer base oci:layout:base (the record knows none yet)" in run.stdout, run.stderr
    assert lockgate("image", "scan", "oci:layout:base", cwd=tmp_path).returncode in (0, 1)
    made.entries.clear()
    new = made.name(made.image(layer(NEW), steps=["ADD base"], **SAFE), "base")["digest"]
    assert lockgate("image", "scan", "oci:layout:base", cwd=tmp_path).returncode in (0, 1)
    made.name(made.image(layer(OLD), top, steps=steps, **{**SAFE, "Labels": labels}), "app")

    run = lockgate(*ask, "--format", "json=a.json", "--format", "html=a.html", cwd=tmp_path)
    told = json.loads((tmp_path / "a.json").read_text())["plan"]
    rebuild = f"oci:layout:base@{new}"
    assert {one["action"]: (one["target"], one["layer"]) for one in told} == {
        "rebuild": (rebuild, None), "upgrade": ("7.88-2", 1), "none": ("", None)
    }, run.stderr  # fmt: skip
    assert told[-1]["action"] == "none"
    words = f"rebuild on base {rebuild}, which no longer has this: libssl3 {OLD_VERSION}"
    line = "upgrade curl to 7.88-2 in your layer 1 (RUN apt-get install curl nano, Dockerfile line 3)"
    gone = "no upgrade mends nano 7.2-1: the distribution will not fix it"
    for text in (words, line, gone):
        assert text in run.stdout, run.stdout
        assert text in (tmp_path / "a.html").read_text()
