"""OSV and RustSec records, good and hostile."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.advisories import osv, rustsec
from lockgate.advisories.ranges import Affected, intervals_of
from lockgate.advisories.record import Advisory, Kind, RecordError
from lockgate.advisories.versions import sort_key
from lockgate.model import Severity

RECORD = {
    "id": "GHSA-aaaa-bbbb-cccc",
    "modified": "2026-01-02T03:04:05Z",
    "summary": "  Two\nlines ",
    "aliases": ["CVE-2026-900001", "GHSA-aaaa-bbbb-cccc", 7],
    "related": ["CVE-2026-900002"],
    "severity": [
        {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},
        {"type": "CVSS_V4", "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"},
    ],
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "Some.Package_Name"},
            "ranges": [
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2"}]},
                {"type": "GIT", "events": [{"introduced": "0"}]},
            ],
            "versions": ["1.0", "1.1"],
        }
    ],
    "references": [
        {"type": "WEB", "url": "https://example.com/a"},
        {"type": "ADVISORY", "url": "https://example.com/b"},
    ],
}


def test_a_record_is_read_whole():
    one = osv.advisory(RECORD)
    (package,) = one.packages
    assert (one.aliases, one.related) == (("CVE-2026-900001",), ("CVE-2026-900002",))
    assert (package.ecosystem, package.name, package.git_ranges) == ("PyPI", "some-package-name", 1)
    assert package.ranges == ((("introduced", "0"), ("fixed", "1.2")),)
    assert (one.score, one.severity, one.summary) == (9.3, Severity.CRITICAL, "Two lines")
    assert one.vector.startswith("CVSS:4.0/") and one.reference == "https://example.com/b"


def test_json_and_yaml_give_the_same_record():
    (from_json,) = osv.from_json(json.dumps(RECORD).encode())
    (from_yaml,) = osv.from_yaml(json.dumps(RECORD).encode())
    assert from_json == from_yaml == osv.advisory(RECORD)


def test_a_bare_number_in_yaml_stays_the_version_as_written():
    (one,) = osv.from_yaml(
        b"id: PYSEC-2026-1\naffected:\n- package: {ecosystem: PyPI, name: a}\n  versions: [5.10, 1.20]\n"
    )
    assert one.packages[0].versions == ("5.10", "1.20")


def test_an_array_gives_each_record_or_its_error():
    first, second = osv.from_json(json.dumps([RECORD, {"no": "id"}]).encode())
    assert isinstance(first, Advisory) and isinstance(second, RecordError)


@pytest.mark.parametrize(
    ("name", "beside", "kind"),
    [("MAL-2026-1", None, Kind.MALICIOUS), ("RUSTSEC-2026-0001", {"informational": "unmaintained"}, Kind.UNMAINTAINED),
     ("RUSTSEC-2026-0001", {"informational": "unsound"}, Kind.UNSOUND), ("RUSTSEC-2026-0001", None, Kind.VULNERABLE)],
)  # fmt: skip
def test_the_kind_is_read_from_the_id_and_the_data_base(name, beside, kind):
    record = {"id": name, "affected": [{"package": {"ecosystem": "npm", "name": "a"}, "database_specific": beside}]}
    assert osv.advisory(record).kind is kind


def test_one_upstream_that_the_id_repeats_is_an_alias_and_several_are_not():
    same = osv.advisory({"id": "DEBIAN-CVE-2026-900001", "upstream": ["CVE-2026-900001"]})
    several = osv.advisory({"id": "DSA-1-1", "upstream": ["CVE-2026-900001", "CVE-2026-900002"]})
    assert same.aliases == ("CVE-2026-900001",) and several.aliases == ()
    assert several.related == ("CVE-2026-900001", "CVE-2026-900002")


@pytest.mark.parametrize("in_range", [True, False])
@pytest.mark.parametrize(("bound", "event"), [("<= 1.4.2", ("last_affected", "1.4.2")), ("< 1.5", ("limit", "1.5"))])
def test_the_bound_beside_a_range_without_an_end_ends_it(in_range, bound, event):
    span = {"type": "SEMVER", "events": [{"introduced": "0"}]}
    entry = {"package": {"ecosystem": "npm", "name": "a"}, "ranges": [span]}
    (span if in_range else entry)["database_specific"] = {"last_known_affected_version_range": bound}
    (package,) = osv.advisory({"id": "GHSA-aaaa", "affected": [entry]}).packages
    assert package.ranges == ((("introduced", "0"), event),)


@pytest.mark.parametrize("text", [b"", b"[", b"7", b'{"id": 7}', b'{"id": "../../x"}', b"[" * 5000, b"{'id': *a}"])
def test_what_is_no_record_is_an_error_and_never_raises(text):
    for reader in (osv.from_json, osv.from_yaml, rustsec.from_markdown):
        assert all(isinstance(one, RecordError) for one in reader(text))


def test_a_record_with_too_many_packages_is_refused():
    with pytest.raises(RecordError):
        osv.advisory({"id": "GHSA-aaaa", "affected": [{}] * 5001})


def test_a_yaml_bomb_is_an_error():
    bomb = b"a: &a [x, x, x, x, x, x, x, x, x, x]\n" + b"".join(
        b"%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n" % ((98 + at, 98 + at) + (97 + at,) * 10)
        for at in range(9)
    )
    (error,) = osv.from_yaml(bomb)
    assert isinstance(error, RecordError)


def crate(patched, unaffected=(), **more):
    lines = ["```toml", "[advisory]", 'id = "RUSTSEC-2026-0001"', 'package = "rope"', 'date = "2026-01-01"']
    lines += [f'{key} = "{value}"' for key, value in more.items()]
    lines += ["[versions]", f"patched = {json.dumps(patched)}", f"unaffected = {json.dumps(list(unaffected))}", "```"]
    (one,) = rustsec.from_markdown("\n".join([*lines, "", "# A title", "", "text"]).encode())
    return one


def affects(one, version):
    events = one.packages[0].ranges[0]
    return Affected(intervals_of("crates.io", events)).holds(sort_key("crates.io", version), version)


@pytest.mark.parametrize(
    ("patched", "unaffected", "bad", "good"),
    [
        ([">= 1.2.3"], [], ["0.1.0", "1.2.2", "1.2.3-rc.1"], ["1.2.3", "2.0.0"]),
        ([">= 1.2.3"], ["< 1.0.0"], ["1.0.0", "1.2.2"], ["0.9.9", "1.2.3"]),
        (["^0.8.2", ">= 0.10.1"], [], ["0.8.1", "0.9.0", "0.10.0"], ["0.8.2", "0.8.9", "0.10.1", "1.0.0"]),
        ([">= 0.2.5, <0.3.0", ">=0.3.3"], [], ["0.2.4", "0.3.0", "0.3.2"], ["0.2.5", "0.2.9", "0.3.3"]),
        (["> 0.8.20"], [], ["0.8.20", "0.1.0"], ["0.8.21"]),
        (
            ["= 1.0.5", "~1.2.3"],
            ["<= 0.5.0"],
            ["0.5.1", "1.0.4", "1.0.6", "1.2.2", "1.3.0"],
            ["0.5.0", "1.0.5", "1.2.9"],
        ),
        ([], [], ["0.1.0", "99.0.0"], []),
        ([], [">= 0"], [], ["0.1.0"]),
        (["0.4.2"], [], ["0.4.1", "0.5.0"], ["0.4.2", "0.4.9"]),
    ],
)
def test_what_rustsec_calls_well_is_not_affected(patched, unaffected, bad, good):
    one = crate(patched, unaffected)
    assert [version for version in bad if not affects(one, version)] == []
    assert [version for version in good if affects(one, version)] == []


def test_a_version_that_does_not_exist_is_never_called_a_fix():
    assert crate(["> 0.8.20"]).packages[0].ranges[0][-1] == ("last_affected", "0.8.20")


def test_rustsec_kinds_and_texts_are_read():
    one = crate([], informational="unmaintained", cvss="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")
    assert (one.kind, one.score, one.summary) == (Kind.UNMAINTAINED, 9.8, "A title")
    assert crate([], informational="unmaintained").severity is Severity.LOW
    assert isinstance(crate([], informational="notice"), RecordError)
    assert isinstance(crate(["weird"]), RecordError)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from([*RECORD, "package", "ranges", "events", "type", "introduced", "fixed", "versions", "score"]),
        inner, max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(JSON)
def test_any_json_is_a_record_or_an_error(value):
    content = json.dumps(value).encode()
    for one in (*osv.from_json(content), *osv.from_yaml(content)):
        assert isinstance(one, Advisory | RecordError)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 400))
def test_any_bytes_and_a_record_cut_in_half_never_raise(noise, cut):
    whole = b'```toml\n[advisory]\nid = "RUSTSEC-2026-0001"\npackage = "a"\n[versions]\npatched = [">= 1"]\n```\n# t\n'
    for content in (noise, whole[:cut], whole[:cut] + noise, json.dumps(RECORD).encode()[:cut]):
        for reader in (osv.from_json, osv.from_yaml, rustsec.from_markdown):
            assert all(isinstance(one, Advisory | RecordError) for one in reader(content))
