"""The compiled advisory store: what goes in, what comes out, and what hostile inputs do to it."""

import gzip
import json
import os
import sqlite3
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from tests.corpora import CORPORA

from lockgate.advisories.record import Kind
from lockgate.errors import NothingCheckedError, SourceError, StoreError
from lockgate.model import Component, SkipKind
from lockgate.store import _osv_input
from lockgate.store._alias_groups import AliasGroups
from lockgate.store.advisories import AdvisoryStore

ADVISORIES = CORPORA / "advisories"
EXAMPLES = Path(__file__).parents[2] / "examples" / "advisories"
needs_corpora = pytest.mark.skipif(not ADVISORIES.is_dir(), reason="the corpora are not here (LOCKGATE_CORPORA)")


def record(name, *, package="forms", fixed="1.5", ecosystem="PyPI", **more):
    events = [{"introduced": "0"}, {"fixed": fixed}]
    affected = {
        "package": {"ecosystem": ecosystem, "name": package},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    return {"id": name, "modified": "2026-01-01T00:00:00Z", "affected": [affected], **more}


def build(folder, *records, **more):
    source = folder / "records"
    source.mkdir(exist_ok=True)
    for at, one in enumerate(records):
        (source / f"{at:03}.json").write_text(one if isinstance(one, str) else json.dumps(one))
    return AdvisoryStore.build([source], folder / "advisories.db", **more)


def ask(folder, *components):
    with AdvisoryStore.open(folder / "advisories.db") as store:
        return store.match(components)


FORMS = Component("PyPI", "forms", "1.4", "requirements.txt")


@pytest.fixture(scope="module")
def corpora_store(tmp_path_factory):
    target = tmp_path_factory.mktemp("store") / "advisories.db"
    report = AdvisoryStore.build([ADVISORIES / "pypa", ADVISORIES / "rustsec"], target)
    return report, target


@needs_corpora
def test_every_record_of_the_corpora_is_kept_or_counted(corpora_store):
    report, target = corpora_store
    assert (report.read, report.kept, report.packages) == (3866, 3835, 1555)
    assert report.skipped == {
        "it informs only: no vulnerability, not unsound, not unmaintained": 6,
        "no package with versions that can be judged": 2,
        "ranges over commits": 1391,
        "ranges with a version that is none in its ecosystem": 2,
        "withdrawn": 23,
    }
    assert report.bytes == target.stat().st_size < 1_100_000
    with AdvisoryStore.open(target) as store:
        meta = store.meta()
    assert meta["ecosystems"] == {"PyPI": 2649, "crates.io": 1186} and meta["newest"] == "2026-08-20"


@needs_corpora
def test_known_packages_of_the_corpora_match_as_their_records_say(corpora_store):
    components = [
        Component("PyPI", "django", "4.2.10", "a"), Component("PyPI", "django", "99.0", "a"),
        Component("crates.io", "windows", "0.31.0", "b"), Component("crates.io", "windows", "0.32.0", "b"),
        Component("crates.io", "windows", "0.1.1", "b"),
    ]  # fmt: skip
    with AdvisoryStore.open(corpora_store[1]) as store:
        matches = store.match(components)
    django = [match for match in matches if match.component.version == "4.2.10"]
    assert len(django) == 10 and {match.fixes_all for match in django} == {"4.2.16"}
    assert "PYSEC-2024-102" in {name for match in django for name in match.ids}
    rest = [match for match in matches if match not in django]
    assert [(match.group, match.kind, match.component.version) for match in rest] == [
        ("GHSA-x4mq-m75f-mx8m", Kind.UNSOUND, "0.31.0")
    ]


def test_the_sample_advisories_of_the_example_answer_for_their_packages(tmp_path):
    report = AdvisoryStore.build([EXAMPLES], tmp_path / "advisories.db")
    assert (report.read, report.kept, report.problems) == (5, 5, ())  # the README beside them is not taken for one
    matches = ask(
        tmp_path,
        Component("PyPI", "harbour-forms", "1.4.2", "a"), Component("PyPI", "harbour-forms", "1.5.1", "a"),
        Component("npm", "harbour-cart", "2.3.0", "b"), Component("npm", "harbour-cart", "2.5.0", "b"),
        Component("Maven", "com.example.harbour:ledger", "2.3.1", "c"),
        Component("Maven", "com.example.harbour:ledger", "2.4", "c"),
    )  # fmt: skip
    assert [(m.group, m.fixed_in, m.fixes_all) for m in matches] == [
        ("LG-SAMPLE-2026-0001", "1.5.1", "1.5.1"), ("LG-SAMPLE-2026-0002", "2.4.1", "2.5.0"),
        ("LG-SAMPLE-2026-0004", "2.5.0", "2.5.0"), ("LG-SAMPLE-2026-0003", "", ""),
    ]  # fmt: skip


def test_a_withdrawn_record_is_counted_and_not_kept(tmp_path):
    report = build(tmp_path, record("A-1", withdrawn="2026-02-01T00:00:00Z"), record("A-2"))
    assert report.skipped == {"withdrawn": 1} and [match.group for match in ask(tmp_path, FORMS)] == ["A-2"]


def test_aliases_chain_to_one_flaw(tmp_path):
    build(
        tmp_path,
        record("PYSEC-2026-1", aliases=["GHSA-aaaa-bbbb-cccc"]),
        record("GHSA-aaaa-bbbb-cccc", aliases=["CVE-2026-900010"]),
        record("LG-1", aliases=["CVE-2026-900009", "CVE-2026-900010"], fixed="1.6"),
    )
    (match,) = ask(tmp_path, FORMS)
    assert match.group == "CVE-2026-900009"
    assert match.ids == ("CVE-2026-900009", "CVE-2026-900010", "GHSA-aaaa-bbbb-cccc", "LG-1", "PYSEC-2026-1")
    assert match.fixed_in == "1.6"  # the first that no record of the flaw still holds


def test_groups_are_the_same_in_any_order():
    pairs = [("B-1", ["CVE-2026-10"]), ("GHSA-x", ["B-1"]), ("CVE-2026-9", ["GHSA-x"]), ("C-1", ["D-1"])]
    for ordered in (pairs, pairs[::-1], pairs[2:] + pairs[:2]):
        groups = AliasGroups()
        for name, aliases in ordered:
            groups.join(name, aliases)
        assert groups.canonical("B-1") == "CVE-2026-9" and groups.canonical("D-1") == "C-1"
        assert groups.members() == {"CVE-2026-9": ["B-1", "CVE-2026-10", "CVE-2026-9", "GHSA-x"], "C-1": ["C-1", "D-1"]}


def test_the_newer_of_two_copies_counts(tmp_path):
    old, new = record("A-1", fixed="1.3"), record("A-1", fixed="1.9", modified="2026-05-01T00:00:00Z")
    for order in ((old, new), (new, old)):
        report = build(tmp_path, *order, record("A-2"), record("A-3"))
        assert report.kept == 3 and report.skipped == {"an older copy of the same record": 1}
        assert [(match.group, match.fixed_in) for match in ask(tmp_path, FORMS)] == [
            ("A-1", "1.9"), ("A-2", "1.5"), ("A-3", "1.5"),
        ]  # fmt: skip


def test_exploitation_and_its_likelihood_are_joined_by_any_alias(tmp_path):
    kev, epss = tmp_path / "kev.json", tmp_path / "epss.csv.gz"
    kev.write_text(json.dumps({"vulnerabilities": [{"cveID": "CVE-2026-900001", "dateAdded": "2026-04-01"}]}))
    epss.write_bytes(gzip.compress(b"#model\ncve,epss,percentile\nCVE-2026-900001,0.93,0.99\nCVE-2026-2,oops,1\n"))
    build(tmp_path, record("GHSA-aaaa-bbbb-cccc", aliases=["CVE-2026-900001"]), kev=kev, epss=epss)
    (match,) = ask(tmp_path, FORMS)
    assert (match.kev, match.epss) == ("2026-04-01", 0.93)


def test_a_list_that_cannot_be_read_is_an_error_and_no_empty_list(tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("[]")
    for more in ({"kev": wrong}, {"epss": wrong}, {"kev": tmp_path / "absent"}, {"epss": tmp_path / "absent"}):
        with pytest.raises(SourceError):
            build(tmp_path, record("A-1"), **more)


def test_a_failed_build_leaves_the_store_as_it_was(tmp_path):
    build(tmp_path, record("A-1"))
    before = (tmp_path / "advisories.db").read_bytes()
    with pytest.raises(SourceError):
        AdvisoryStore.build([tmp_path / "records", tmp_path / "absent"], tmp_path / "advisories.db")
    assert (tmp_path / "advisories.db").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["advisories.db", "records"]


def test_an_open_store_answers_on_while_a_new_one_is_put_in_place(tmp_path):
    build(tmp_path, record("A-1"))
    with AdvisoryStore.open(tmp_path / "advisories.db") as store:
        build(tmp_path, record("A-2"))
        assert [match.group for match in store.match([FORMS])] == ["A-1"]
    assert [match.group for match in ask(tmp_path, FORMS)] == ["A-2"]


def test_a_broken_record_does_not_hide_the_others(tmp_path):
    report = build(tmp_path, record("A-1"), "{ cut in ha", '{"id": 1}', "", "[" * 100_000)
    assert (report.read, report.kept, len(report.problems)) == (5, 1, 4)
    assert {problem.kind for problem in report.problems} == {SkipKind.MALFORMED}


def test_an_unknown_ecosystem_is_matched_by_listed_versions_alone(tmp_path):
    one = record("A-1", ecosystem="Nowhere")
    one["affected"][0]["versions"] = ["2.0"]
    report = build(tmp_path, one)
    assert report.skipped == {"ranges of an ecosystem whose order of versions is not known": 1}
    here = Component("Nowhere", "forms", "2.0", "x")
    assert [match.component.version for match in ask(tmp_path, here, replace(here, version="1.0"))] == ["2.0"]


def test_a_zip_gives_the_same_store_as_its_folder(tmp_path):
    build(tmp_path, *(record(f"A-{at}") for at in range(40)))
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for path in sorted((tmp_path / "records").iterdir()):
            made.write(path, f"../../up/{path.name}")
    report = AdvisoryStore.build([archive], tmp_path / "zip.db")
    assert report.kept == 40 and sorted(path.name for path in tmp_path.iterdir()) == [
        "advisories.db", "all.zip", "records", "zip.db",
    ]  # fmt: skip


def test_an_entry_that_unpacks_to_too_much_is_a_skip(tmp_path, monkeypatch):
    monkeypatch.setattr(_osv_input, "MAX_DOCUMENT", 1_000_000)
    archive = tmp_path / "bomb.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("bomb.json", b" " * 50_000_000)
        made.writestr("good.json", json.dumps(record("A-1")))
    report = AdvisoryStore.build([archive], tmp_path / "advisories.db")
    assert report.kept == 1 and [problem.kind for problem in report.problems] == [SkipKind.TOO_LARGE]


def test_an_archive_of_many_bombs_stops_at_the_sum(tmp_path, monkeypatch):
    monkeypatch.setattr(_osv_input, "MAX_UNPACKED", 3_000_000)
    archive = tmp_path / "bombs.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for at in range(10):
            made.writestr(f"{at}.json", (json.dumps(record(f"A-{at}")) + " " * 1_000_000)[:1_000_000])
    report = AdvisoryStore.build([archive], tmp_path / "advisories.db")
    assert report.read == 3 and report.problems[-1].kind is SkipKind.LIMIT


def test_entries_that_are_too_large_count_towards_the_sum(tmp_path, monkeypatch):
    monkeypatch.setattr(_osv_input, "MAX_DOCUMENT", 1_000_000)
    monkeypatch.setattr(_osv_input, "MAX_UNPACKED", 3_500_000)
    archive = tmp_path / "bombs.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("0.json", json.dumps(record("A-1")))
        for at in range(1, 20):
            made.writestr(f"{at:02}.json", b" " * 2_000_000)
    report = AdvisoryStore.build([archive], tmp_path / "advisories.db")
    assert [problem.kind for problem in report.problems] == [SkipKind.TOO_LARGE] * 3 + [SkipKind.LIMIT]


def test_a_zip_cut_in_half_is_an_error(tmp_path):
    archive = tmp_path / "cut.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("a.json", json.dumps(record("A-1")))
    archive.write_bytes(archive.read_bytes()[:60])
    with pytest.raises(SourceError, match="archive"):
        AdvisoryStore.build([archive], tmp_path / "advisories.db")


def test_links_and_pipes_in_a_folder_are_skips(tmp_path):
    build(tmp_path, record("A-1"))
    (tmp_path / "records" / "link.json").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "records" / "pipe.json")
    report = AdvisoryStore.build([tmp_path / "records"], tmp_path / "advisories.db")
    assert report.kept == 1 and [problem.kind for problem in report.problems] == [SkipKind.SPECIAL] * 2


@pytest.mark.parametrize(
    "address",
    ["http://example.com/a.zip", "file:///etc/passwd", "ftp://example.com/a", "https://", "https://127.0.0.1/a.zip",
     "https://[::1]/a.zip", "https://169.254.169.254/latest", "https://10.0.0.1/a", "https://[::ffff:10.0.0.1]/a"],
)  # fmt: skip
def test_an_address_that_is_not_https_to_a_public_host_is_refused(address, tmp_path):
    with pytest.raises(SourceError):
        AdvisoryStore.build([address], tmp_path / "advisories.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [("8.8.8.8", True), ("2606:4700::1111", True), ("127.0.0.1", False), ("10.1.2.3", False), ("192.168.0.1", False),
     ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False), ("::1", False), ("fe80::1%eth0", False),
     ("fd00::1", False), ("::ffff:127.0.0.1", False), ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False),
     ("224.0.0.1", False)],
)  # fmt: skip
def test_only_addresses_everybody_can_reach_are_public(address, expected):
    assert _osv_input.public(address) is expected


def test_what_is_no_advisory_store_is_refused(tmp_path):
    with pytest.raises(StoreError, match="no advisory store"):
        AdvisoryStore.open(tmp_path / "absent.db")
    other = tmp_path / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE meta (key, value)")
    connection.close()
    with pytest.raises(StoreError, match="no advisory store"):
        AdvisoryStore.open(other)
    build(tmp_path, record("A-1"))
    whole = (tmp_path / "advisories.db").read_bytes()
    other.write_bytes(whole[:5000])
    with pytest.raises(StoreError, match="damaged"), AdvisoryStore.open(other) as store:
        store.match([FORMS])


@pytest.mark.parametrize(("key", "value"), [("key_form", "99"), ("form", "2"), ("form", "99")])
def test_a_store_of_another_form_asks_to_be_compiled_anew(tmp_path, key, value):
    build(tmp_path, record("A-1"))
    connection = sqlite3.connect(tmp_path / "advisories.db")
    assert connection.execute("UPDATE meta SET value = ? WHERE key = ?", (value, key)).rowcount == 1
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="another version") as caught:
        AdvisoryStore.open(tmp_path / "advisories.db")
    assert "lockgate advisories update" in caught.value.hint


def test_names_are_compared_as_their_ecosystem_does(tmp_path):
    build(tmp_path, record("A-1", package="Some_Thing.X"), record("A-2", package="Big.Lib", ecosystem="NuGet"))
    found = ask(tmp_path, Component("PyPI", "some-thing-x", "1.0", "a"), Component("NuGet", "big.LIB", "1.0", "b"))
    assert [match.group for match in found] == ["A-1", "A-2"]


def test_more_components_than_one_query_takes_are_all_asked(tmp_path):
    build(tmp_path, *(record(f"A-{at}", package=f"forms-{at}") for at in range(1200)))
    matches = ask(tmp_path, *(replace(FORMS, name=f"forms-{at}") for at in range(1200)))
    assert [match.group for match in matches] == [f"A-{at}" for at in range(1200)]


def test_a_source_without_a_usable_record_leaves_the_good_store_in_place(tmp_path):
    build(tmp_path, record("A-1"))
    before = (tmp_path / "advisories.db").read_bytes()
    (tmp_path / "empty").mkdir()
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "A-2.json").write_text(json.dumps(record("A-2"))[:40])
    for name in ("empty", "cut"):
        with pytest.raises(NothingCheckedError):
            AdvisoryStore.build([tmp_path / name], tmp_path / "advisories.db")
        assert (tmp_path / "advisories.db").read_bytes() == before
