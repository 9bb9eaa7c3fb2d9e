"""OSV's events as intervals, and the smallest way out."""

import time
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.advisories.ranges import Affected, End, FixPlan, Interval, intervals_of, listed_of
from lockgate.advisories.versions import VersionError, major, sort_key


def affected(*events, versions=(), ecosystem="npm"):
    intervals = intervals_of(ecosystem, events)
    return Affected(intervals, listed_of(ecosystem, versions, intervals))


def holds(one, version, ecosystem="npm"):
    return one.holds(sort_key(ecosystem, version), version)


def smallest_fix(version, key, *, affected):
    return FixPlan.of(affected).smallest(version, key)


def test_a_range_holds_from_introduced_up_to_fixed():
    one = affected(("introduced", "1.0.0"), ("fixed", "1.2.0"))
    assert [holds(one, v) for v in ("0.9.9", "1.0.0", "1.1.9", "1.2.0-rc.1", "1.2.0", "2.0.0")] == [
        False, True, True, True, False, False,
    ]  # fmt: skip


def test_last_affected_is_affected_itself():
    one = affected(("introduced", "0"), ("last_affected", "1.2.0"))
    assert holds(one, "0.0.0-alpha") and holds(one, "1.2.0") and not holds(one, "1.2.1")


def test_events_in_any_order_give_the_same_intervals():
    events = [("introduced", "0"), ("fixed", "1.0.0"), ("introduced", "2.0.0"), ("fixed", "2.1.0")]
    assert intervals_of("npm", events) == intervals_of("npm", reversed(events))
    assert len(intervals_of("npm", events)) == 2


def test_a_range_without_an_end_is_open():
    (interval,) = intervals_of("npm", [("introduced", "1.0.0")])
    assert interval.kind is End.OPEN and interval.holds(sort_key("npm", "99.0.0"))


def test_a_range_without_an_introduction_holds_nothing():
    assert intervals_of("npm", [("fixed", "1.0.0")]) == ()


def test_a_limit_ends_the_range_but_is_no_fix():
    one = affected(("introduced", "1.0.0"), ("limit", "1.5.0"))
    assert holds(one, "1.4.9") and not holds(one, "1.5.0")
    assert smallest_fix("1.4.9", sort_key("npm", "1.4.9"), affected=[one]) == ""
    assert affected(("introduced", "1.0.0"), ("limit", "*")).intervals[0].kind is End.OPEN


def test_fixed_and_introduced_at_one_version_leave_no_gap():
    one = affected(("introduced", "1.0.0"), ("fixed", "2.0.0"), ("introduced", "2.0.0"), ("fixed", "3.0.0"))
    assert holds(one, "2.0.0") and not holds(one, "3.0.0")


def test_what_is_fixed_where_it_is_introduced_affects_nothing():
    one = affected(("introduced", "1.0.0"), ("fixed", "1.2.0"), ("introduced", "2.0.0"), ("fixed", "2.0.0"))
    assert [holds(one, v) for v in ("1.1.0", "1.2.0", "2.0.0", "3.0.0")] == [True, False, False, False]
    assert intervals_of("npm", [("introduced", "2.0.0"), ("fixed", "2.0.0")]) == ()
    (later,) = intervals_of("npm", [("introduced", "2"), ("fixed", "2"), ("introduced", "3.0.0"), ("fixed", "4.0.0")])
    assert later.start == sort_key("npm", "3.0.0")


def test_listed_versions_inside_the_range_are_not_kept_twice():
    one = affected(("introduced", "1.0.0"), ("fixed", "1.2.0"), versions=["1.1.0", "0.5.0", "not a version"])
    assert len(one.listed) == 2 and holds(one, "0.5.0") and one.holds("", "not a version")


def test_a_version_that_is_none_is_refused():
    with pytest.raises(VersionError):
        intervals_of("PyPI", [("introduced", "0"), ("fixed", "2019-09-12-x")])


def test_a_fix_that_another_range_still_holds_is_no_fix():
    one = affected(("introduced", "1.0.0"), ("fixed", "1.2.0"))
    two = affected(("introduced", "1.1.0"), ("fixed", "1.3.0"), ("introduced", "2.0.0"), ("fixed", "2.0.1"))
    key = sort_key("npm", "1.1.0")
    assert smallest_fix("1.1.0", key, affected=[one]) == "1.2.0"
    assert smallest_fix("1.1.0", key, affected=[one, two]) == "1.3.0"


def test_another_major_version_is_the_last_resort():
    one = affected(("introduced", "1.0.0"), ("fixed", "2.0.0"), ("introduced", "3.0.0"), ("fixed", "3.1.0"))
    assert smallest_fix("1.1.0", sort_key("npm", "1.1.0"), affected=[one]) == "2.0.0"
    assert smallest_fix("3.0.5", sort_key("npm", "3.0.5"), affected=[one]) == "3.1.0"


VERSION = st.builds("{}.{}.{}".format, *[st.integers(0, 4)] * 3)
EVENT = st.tuples(st.sampled_from(["introduced", "fixed", "last_affected"]), VERSION)


def _by_the_book(events, version):
    """OSV's own evaluation, event by event.

    OSV takes what is introduced at a version before what is fixed there, so both together are nothing. Where a stretch
    ends at the version, we take the fix first: what is introduced again there goes on.
    """
    inside = False
    key = sort_key("npm", version)
    ordered = sorted(events, key=lambda event: sort_key("npm", event[1]))
    for at_key, group in groupby(ordered, key=lambda event: sort_key("npm", event[1])):
        kinds = {kind for kind, _ in group}
        order = ("fixed", "introduced", "last_affected") if inside else ("introduced", "last_affected", "fixed")
        for kind in order:
            if kind in kinds and kind == "introduced" and key >= at_key:
                inside = True
            elif kind in kinds and ((kind == "fixed" and key >= at_key) or (kind == "last_affected" and key > at_key)):
                inside = False
    return inside


@settings(max_examples=100, deadline=None)
@given(st.lists(EVENT, max_size=6), VERSION)
def test_intervals_answer_as_the_evaluation_of_events_does(events, version):
    assert any(i.holds(sort_key("npm", version)) for i in intervals_of("npm", events)) is _by_the_book(events, version)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(EVENT, max_size=5), min_size=1, max_size=5), VERSION)
def test_the_smallest_fix_is_the_smallest_that_no_advisory_holds(many, version):
    advisories = [affected(*events) for events in many]
    key = sort_key("npm", version)
    well = [
        (major(at) != major(version), sort_key("npm", at), at)
        for events in many
        for interval in intervals_of("npm", events)
        if (at := interval.fixed) and sort_key("npm", at) > key
        if not any(one.holds(sort_key("npm", at), at) for one in advisories)
    ]
    assert smallest_fix(version, key, affected=advisories) == (min(well)[2] if well else "")


def test_thousands_of_advisories_about_one_package_take_no_longer_than_they_must():
    many = [affected(("introduced", f"0.{at}.0"), ("fixed", f"1.{at}.0")) for at in range(5000)]
    start = time.process_time()
    assert smallest_fix("0.9.0", sort_key("npm", "0.9.0"), affected=many) == "1.4999.0"
    assert time.process_time() - start < 1


def test_an_interval_is_small():
    assert Interval("a", "b", End.FIXED, "1") == ("a", "b", 1, "1")
