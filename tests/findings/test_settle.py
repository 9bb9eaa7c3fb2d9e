"""A finding is known again, and none is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.findings import Introduction, KnownFinding, Owners, Settled, Waivers, fingerprint, settle
from lockgate.model import Confidence, Family, Finding, Fix, Location, RuleId, Severity, State, Subject

NOW = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)
LATER = datetime(2031, 6, 1, 12, 0, tzinfo=UTC)


def code(path: str, line: int = 1, key: str = "k", **more: object) -> Finding:
    """A finding whose every occurrence counts."""
    return Finding(
        RuleId(str(more.pop("rule", "dockerfiles/x"))), more.pop("family", Family.DOCKERFILES), Severity.HIGH,  # type: ignore[arg-type]
        Confidence.HIGH, Subject(str(more.pop("kind", "instruction")), "n", key), Location(path, line), "m", **more,  # type: ignore[arg-type]
    )  # fmt: skip


def secret(path: str, line: int = 1, key: str = "hash") -> Finding:
    """A finding that is one wherever it shows."""
    return code(path, line, key, kind="secret", rule="secrets/x", family=Family.SECRETS)


def flaw(*aliases: str, path: str = "uv.lock", key: str = "PyPI/requests", rule: str = "dependencies/a") -> Finding:
    """A vulnerability."""
    return code(path, 1, key, kind="component", rule=rule, family=Family.DEPENDENCIES, aliases=tuple(sorted(aliases)))


def run(*observed: Finding, known: tuple[KnownFinding, ...] = (), now: datetime = NOW, **more: object) -> Settled:
    """Settle on that day."""
    return settle(observed, known=known, today=now.date(), now=now, **more)  # type: ignore[arg-type]


def identities(settled: Settled) -> dict[tuple[str, int], str]:
    return {(one.finding.location.path, one.finding.location.line): one.identity for one in settled.findings}


def test_a_finding_nobody_knew_is_new_and_then_known() -> None:
    first = run(code("a"))
    assert [one.state for one in first.findings] == [State.NEW]
    second = run(code("a", 9), known=first.known, now=LATER)
    assert [one.state for one in second.findings] == [State.KNOWN]
    assert second.findings[0].identity == first.findings[0].identity
    assert second.findings[0].first_seen == NOW.isoformat(timespec="seconds")


def test_an_identity_is_lg1_and_32_hex_digits_and_the_same_on_every_machine() -> None:
    assert run(code("a")).findings[0].identity == fingerprint(code("another/path", 77))
    assert fingerprint(code("a")) == "lg1-" + fingerprint(code("a"))[4:]
    assert len(fingerprint(code("a"))) == 36
    assert fingerprint(code("a", key="1")) != fingerprint(code("a", key="2"))


def test_a_finding_that_moved_with_its_file_is_known_even_without_a_rename_map() -> None:
    known = run(code("old/a", 3), code("old/b", 3)).known
    moved = run(code("new/deep/a", 3), code("new/deep/b", 3), known=known)
    assert [one.state for one in moved.findings] == [State.KNOWN, State.KNOWN]
    assert moved.fixed == ()
    before, after = {one.finding.location.path[-1]: one.identity for one in known}, identities(moved)
    assert {path[-1]: identity for (path, _), identity in after.items()} == before


def test_a_rename_map_wins_over_the_likeness_of_names() -> None:
    known = run(code("x/one"), code("x/two")).known
    names = {one.finding.location.path: one.identity for one in known}
    swapped = run(code("y/two"), code("y/one"), known=known, renames={"x/one": "y/two", "x/two": "y/one"})
    assert identities(swapped) == {("y/two", 1): names["x/one"], ("y/one", 1): names["x/two"]}


def test_a_folder_move_keeps_identities_where_no_run_is_remembered() -> None:
    def names(folder: str) -> set[str]:
        return {one.identity for one in run(*(code(f"{folder}/{name}") for name in ("a", "b", "c"))).findings}

    assert names("old") == names("entirely/new")


def test_a_copy_beside_the_original_is_new_and_the_original_stays_known() -> None:
    known = run(code("m/a")).known
    both = run(code("b/a"), code("m/a"), known=known)
    assert {one.finding.location.path: one.state for one in both.findings} == {"b/a": State.NEW, "m/a": State.KNOWN}
    assert len({one.identity for one in both.findings}) == 2


def test_the_same_line_written_twice_is_two_findings_and_edits_above_move_both() -> None:
    known = run(code("a", 10), code("a", 20)).known
    names = {one.finding.location.line: one.identity for one in known}
    assert identities(run(code("a", 15), code("a", 25), known=known)) == {("a", 15): names[10], ("a", 25): names[20]}
    one_gone = run(code("a", 20), known=known)
    assert identities(one_gone) == {("a", 20): names[20]}
    assert [one.identity for one in one_gone.fixed] == [names[10]]


def test_a_secret_in_three_files_is_one_finding_with_three_places() -> None:
    settled = run(secret("c"), secret("a", 5), secret("b"), secret("a", 5))
    (only,) = settled.findings
    assert [(place.path, place.line) for place in only.locations] == [("a", 5), ("b", 1), ("c", 1)]
    assert only.finding.location == only.locations[0]


def test_a_place_told_twice_is_one_finding_and_the_gravest_speaks() -> None:
    mild = replace(code("a"), severity=Severity.LOW)
    settled = run(mild, code("a"))
    assert [one.finding.severity for one in settled.findings] == [Severity.HIGH]


def test_names_of_one_vulnerability_are_one_finding() -> None:
    settled = run(
        flaw("GHSA-1", "CVE-1"), flaw("PYSEC-1", "GHSA-1", rule="dependencies/b"), flaw("PYSEC-1", path="b.lock"),
        flaw("CVE-2"), flaw("CVE-1", key="npm/requests"),
    )  # fmt: skip
    assert sorted(one.finding.aliases for one in settled.findings) == [
        ("CVE-1",), ("CVE-1", "GHSA-1", "PYSEC-1"), ("CVE-2",),
    ]  # fmt: skip


def test_a_vulnerability_that_gets_a_better_name_keeps_its_identity() -> None:
    known = run(flaw("PYSEC-7")).known
    renamed = run(flaw("PYSEC-7", "CVE-9"), known=known)
    assert renamed.findings[0].identity == known[0].identity
    assert run(flaw("CVE-9"), known=renamed.known).findings[0].identity == known[0].identity


def test_two_vulnerabilities_that_prove_to_be_one_are_not_called_fixed() -> None:
    known = run(flaw("PYSEC-7"), flaw("GHSA-7")).known
    joined = run(flaw("PYSEC-7", "GHSA-7", "CVE-7"), known=known)
    assert (len(joined.findings), joined.fixed) == (1, ())
    assert run(flaw("CVE-7"), known=joined.known).findings[0].state is State.KNOWN


def test_what_is_gone_is_fixed_once_and_new_again_when_it_returns() -> None:
    first = run(code("a"))
    gone = run(known=first.known, now=LATER)
    assert [(one.state, one.identity) for one in gone.fixed] == [(State.FIXED, first.findings[0].identity)]
    assert run(known=gone.known).fixed == ()
    back = run(code("a"), known=gone.known).findings[0]
    assert (back.state, back.identity, back.first_seen) == (State.NEW, *_of(first))


def _of(settled: Settled) -> tuple[str, str]:
    return settled.findings[0].identity, settled.findings[0].first_seen


@pytest.mark.parametrize(
    "less",
    [{"scope": "partial"}, {"families": [Family.SECRETS]}, {"unread": ["a"]}],
    ids=["partial", "family", "unread"],
)
def test_a_run_that_did_not_look_fixes_nothing(less: dict[str, object]) -> None:
    known = run(code("a")).known
    settled = run(known=known, **less)
    assert settled.fixed == ()
    assert settled.known == known


def test_what_stands_below_a_place_that_was_not_listed_is_not_fixed() -> None:
    known = run(code("a/b/c"), code("a/bc")).known
    settled = run(known=known, unread=["a/b/"])
    assert [one.finding.location.path for one in settled.fixed] == ["a/bc"]


def test_what_history_showed_is_not_fixed_by_a_clean_tree() -> None:
    old = replace(code("a"), location=Location("a", 1, commit="c" * 40))
    assert run(known=run(old).known).fixed == ()


def test_a_partial_run_does_not_take_a_copy_for_the_original() -> None:
    known = run(code("a")).known
    settled = run(code("b"), known=known, scope="partial")
    assert settled.findings[0].state is State.NEW
    assert settled.findings[0].identity != known[0].identity
    renamed = run(code("b"), known=known, scope="partial", renames={"a": "b"})
    assert renamed.findings[0].identity == known[0].identity


def test_owners_and_introductions_are_told_and_asked_about_once() -> None:
    asked: list[object] = []

    def who(places: object) -> dict[tuple[str, int], Introduction]:
        asked.append(places)
        return {("src/a", 4): Introduction("Ada", "2030-01-01T00:00:00+00:00", "c" * 40)}

    owners = Owners.parse("* @everyone\n/src/ @core")
    first = run(code("src/a", 4), owners=owners, introductions=who)
    assert (first.findings[0].owners, first.findings[0].introduced_by) == (("@core",), "Ada")
    second = run(code("src/a", 5), known=first.known, owners=owners, introductions=who)
    assert second.findings[0].introduced_by == "Ada"
    assert asked == [[("src/a", 4)]]


def test_what_is_fixed_shows_no_snippet_and_no_fix() -> None:
    place = Location("a", 1, snippet=("FROM x",))
    first = run(replace(code("a"), location=place, fix=Fix("pin it")))
    assert first.findings[0].finding.fix == Fix("pin it")
    (fixed,) = run(known=first.known, now=LATER).fixed
    assert (fixed.finding.fix, fixed.finding.location.snippet) == (None, ())
    assert fixed.locations == (fixed.finding.location,)


def test_findings_stand_most_severe_first_then_by_place() -> None:
    low = replace(code("a", key="low"), severity=Severity.LOW)
    settled = run(low, code("c"), code("b", 2, "x"), code("b", 1, "y"))
    assert [(one.finding.location.path, one.finding.location.line) for one in settled.findings] == [
        ("b", 1), ("b", 2), ("c", 1), ("a", 1),
    ]  # fmt: skip


FINDINGS = st.lists(
    st.one_of(
        st.builds(code, st.sampled_from(["a", "d/a", "d/b"]), st.integers(1, 4), st.sampled_from("xy")),
        st.builds(secret, st.sampled_from(["a", "d/a"]), st.integers(1, 3)),
        st.builds(flaw, st.sampled_from(["CVE-1", "GHSA-1"]), st.sampled_from(["CVE-1", "PYSEC-1"])),
    ),
    max_size=14,
)


@settings(max_examples=100, deadline=None)
@given(FINDINGS, FINDINGS, st.sampled_from(["full", "partial"]))
def test_no_two_findings_share_an_identity_and_none_is_lost(
    before: list[Finding], after: list[Finding], scope: str
) -> None:
    known = run(*before).known
    settled = run(*after, known=known, scope=scope)
    names = [one.identity for one in settled.known]
    assert len(names) == len(set(names))
    assert {one.identity for one in known} <= set(names)
    shown = {(place.path, place.line) for one in settled.findings for place in one.locations}
    assert shown == {(one.location.path, one.location.line) for one in after}
    again = run(*after, known=settled.known, scope=scope)
    assert [one.identity for one in again.findings] == [one.identity for one in settled.findings]
    assert all(one.state is State.KNOWN for one in again.findings)


@settings(max_examples=60, deadline=None)
@given(FINDINGS, st.randoms(use_true_random=False))
def test_the_order_of_observation_changes_nothing(observed: list[Finding], random: object) -> None:
    shuffled = list(observed)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    places = [(one.identity, one.locations) for one in run(*observed).findings]
    assert places == [(one.identity, one.locations) for one in run(*shuffled).findings]


def test_waived_findings_stay_and_are_marked() -> None:
    waivers = Waivers.load(
        "waivers:\n- {rule: dockerfiles/x, by: ada, reason: accepted for now, expires: 2031-12-31}", where="w.yaml"
    )
    settled = settle([code("a")], waivers=waivers, today=date(2031, 5, 4), now=NOW)
    assert [one.waived for one in settled.findings] == [True]


def test_boilerplate_that_stands_in_many_files_follows_its_file_not_its_likeness() -> None:
    before = [
        code(f"old/{name}", line, key) for name in ("a", "b", "c") for line, key in ((1, "same"), (2, f"only-{name}"))
    ]
    after = [
        code(f"new/{moved}", line, key)
        for name, moved in (("a", "c"), ("b", "a"), ("c", "b"))
        for line, key in ((1, "same"), (2, f"only-{name}"))
    ]
    first = run(*before)
    second = run(*after, known=first.known)
    old, new = identities(first), identities(second)
    for name, moved in (("a", "c"), ("b", "a"), ("c", "b")):
        assert [new[f"new/{moved}", line] for line in (1, 2)] == [old[f"old/{name}", line] for line in (1, 2)]


def test_lines_that_moved_by_their_own_distance_are_not_mixed_up() -> None:
    known = run(code("a", 10), code("a", 20), code("a", 30)).known
    names = {one.finding.location.line: one.identity for one in known}
    moved = identities(run(code("a", 20), code("a", 30), code("a", 40), known=known))
    assert moved == {("a", 20): names[10], ("a", 30): names[20], ("a", 40): names[30]}
