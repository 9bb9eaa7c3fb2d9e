"""What is worked out when the store is compiled says the same as asking every record anew."""

from itertools import groupby, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.advisories.ranges import Affected, FixPlan, careful_fix, intervals_of, listed_of
from lockgate.advisories.record import Kind
from lockgate.advisories.versions import sort_key
from lockgate.model import Severity
from lockgate.store._advisory_flaws import MAX_FIXES, MAX_ROWS, Row, columns_of, joined, stretches_of
from lockgate.store._advisory_form import Body, pack_block, pack_package, unpack_block, unpack_package
from lockgate.store._advisory_match import Package

VERSIONS = [f"{major}.{minor}" for major in range(4) for minor in range(4)]
KEYS = {version: sort_key("PyPI", version) for version in VERSIONS}
KINDS = st.sampled_from([Kind.VULNERABLE, Kind.UNMAINTAINED, Kind.MALICIOUS])
EVENTS = st.lists(
    st.tuples(st.sampled_from(["introduced", "fixed", "last_affected", "limit"]), st.sampled_from(["0", *VERSIONS])),
    min_size=1,
    max_size=5,
)
LISTED = st.lists(st.sampled_from([*VERSIONS, "no version", "nor this"]), max_size=2)


def affected(ranges, listed):
    intervals = sorted({one for events in ranges for one in intervals_of("PyPI", events)})
    return Affected(tuple(intervals), listed_of("PyPI", listed, intervals))


ADVISORIES = st.lists(
    st.tuples(st.integers(1, 3), KINDS, st.builds(affected, st.lists(EVENTS, max_size=3), LISTED)),
    min_size=1,
    max_size=6,
)
"""Of one package: which flaw, of what kind, which versions."""


def rows_of(advisories):
    """One row an advisory, flaw by flaw."""
    made = [
        (flaw, Row((record,), kind, one.intervals, one.listed)) for record, (flaw, kind, one) in enumerate(advisories)
    ]
    made.sort(key=lambda pair: pair[0])
    return [[row for _, row in rows] for _, rows in groupby(made, key=lambda pair: pair[0])]


def compiled(flaws):
    """The package as it is read back, and what its numbers stand for."""
    numbers = {}
    columns = columns_of(flaws, lambda records: numbers.setdefault(records, len(numbers)))
    return Package(unpack_package(pack_package(columns))), list(numbers)


def asked_anew(flaws, version):
    """Records and fix of every flaw of ``version``, and what fixes all, from the rows themselves."""
    key = KEYS.get(version, "")
    found = []
    for rows in flaws:
        told = [row for row in rows if Affected(row.intervals, row.listed).holds(key, version)]
        if told:
            plan = FixPlan.of((row.intervals, row.listed) for row in told)
            found.append((tuple(row.records[0] for row in told), plan.smallest(version, key) if key else ""))
    curable = [row for rows in flaws for row in rows if row.kind is Kind.VULNERABLE]
    return found, FixPlan.of((row.intervals, row.listed) for row in curable).smallest(version, key) if key else ""


@settings(max_examples=300, deadline=None)
@given(ADVISORIES)
def test_a_compiled_package_answers_as_its_records_do(advisories):
    flaws = rows_of(advisories)
    package, numbers = compiled(flaws)
    for version in (*VERSIONS, "no version", "nor this", "another"):
        key = KEYS.get(version, "")
        flawed = package.flawed("PyPI", version)
        found = [
            (numbers[body], fix if isinstance(fix, str) else careful_fix(version, fix))
            for body, fix in (flawed.found if flawed else ())
        ]
        fixes_all = package.fix_of_all(key, version) if key else ""
        assert (found, fixes_all) == asked_anew(flaws, version)


@settings(max_examples=100, deadline=None)
@given(ADVISORIES)
def test_the_stretches_of_a_flaw_do_not_overlap_and_are_not_cut_without_need(advisories):
    for rows in rows_of(advisories):
        stretches = stretches_of(rows)
        for before, after in pairwise(stretches):
            assert before.start < before.end <= after.start
            assert before.end < after.start or before[2:] != after[2:]


def test_records_that_mean_the_same_versions_are_one_stretch():
    one = affected([[("introduced", "1.0"), ("fixed", "2.0")]], [])
    (stretch,) = stretches_of([Row((at,), Kind.VULNERABLE, one.intervals, ()) for at in (4, 7)])
    assert (stretch.records, stretch.fixes) == ((4, 7), ("2.0",))


def test_very_many_advisories_about_one_flaw_are_taken_as_one():
    def row(at):
        return Row(
            (at,), Kind.VULNERABLE, affected([[("introduced", f"{at}"), ("fixed", f"{at}.5")]], []).intervals, ()
        )

    count = MAX_ROWS + 20
    stretches = stretches_of([row(at) for at in range(1, count + 1)])
    assert len(stretches) == count and {one.records for one in stretches} == {tuple(range(1, count + 1))}
    assert stretches[0].fixes == tuple(f"{at}.5" for at in range(1, MAX_FIXES + 1))
    assert stretches[-1].fixes == (f"{count}.5",)


TEXT = st.text(max_size=12)
BODIES = st.builds(
    lambda ids, at, **more: Body(ids=tuple(sorted(ids)), group=sorted(ids)[at % len(ids)], **more),
    st.sets(TEXT.filter(bool), min_size=1, max_size=3),
    st.integers(0, 2),
    kind=KINDS,
    severity=st.none() | st.sampled_from(list(Severity)),
    score=st.none() | st.sampled_from([0.0, 5.3, 9.8]),
    vector=TEXT,
    epss=st.none() | st.floats(0, 1),
    kev=TEXT,
    summary=TEXT,
    reference=TEXT | st.just("https://example.com/\x7f"),
    flaws=st.lists(TEXT, max_size=3).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(BODIES, min_size=1, max_size=4))
def test_bodies_come_back_as_they_were_packed(bodies):
    assert unpack_block(3, pack_block(bodies), range(100)) == dict(enumerate(bodies, 24))
    assert unpack_block(3, pack_block(bodies), {24}) == {24: bodies[0]}


def test_the_worst_record_speaks_for_a_flaw_and_the_others_fill_in():
    blank = Body("A", ("A", "B"), Kind.VULNERABLE, None, None, "", None, "", "", "")
    mild = blank._replace(score=4.0, severity=Severity.MEDIUM, summary="mild", reference="https://example.com/mild")
    bad = blank._replace(score=9.8, severity=Severity.CRITICAL, vector="CVSS:3.1/...", summary="bad")
    said = joined([blank, mild, bad])
    assert said == bad._replace(reference="https://example.com/mild")
    assert joined([mild, blank._replace(kind=Kind.MALICIOUS)]) == mild._replace(kind=Kind.MALICIOUS)
