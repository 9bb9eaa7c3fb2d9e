"""The dependency review."""

from dataclasses import replace

from lockgate.advisories.review import Direction, compare
from lockgate.model import Component


def npm(name, version, path="package-lock.json", licence=""):
    return Component("npm", name, version, path, licence=licence)


def test_what_came_and_went_is_told():
    review = compare([npm("a", "1.0.0"), npm("b", "1.0.0")], [npm("b", "1.0.0"), npm("c", "2.0.0")])
    assert [c.name for c in review.added] == ["c"] and [c.name for c in review.removed] == ["a"]
    assert review.changed == () and review.arrived == review.added and review.left == review.removed


def test_a_version_goes_up_or_down_in_the_order_of_its_ecosystem():
    review = compare([npm("a", "1.9.0"), npm("b", "2.0.0")], [npm("a", "1.10.0"), npm("b", "2.0.0-rc.1")])
    assert [(change.after.name, change.direction) for change in review.changed] == [
        ("a", Direction.UPGRADE), ("b", Direction.DOWNGRADE),
    ]  # fmt: skip
    assert [c.version for c in review.arrived] == ["1.10.0", "2.0.0-rc.1"]


def test_a_new_licence_is_a_change_even_at_the_same_version():
    review = compare([npm("a", "1.0.0", licence="MIT")], [npm("a", "1.0.0", licence="GPL-3.0-only")])
    (change,) = review.licences
    assert not change.version_changed and change.direction is Direction.OTHER and review.arrived == ()


def test_a_lock_file_that_moved_changes_nothing():
    review = compare([npm("a", "1.0.0")], [npm("a", "1.0.0", path="web/package-lock.json")])
    assert (review.added, review.removed, review.changed) == ((), (), ())


def test_several_versions_of_a_package_are_paired_from_the_oldest_on():
    review = compare([npm("a", "1.0.0"), npm("a", "2.0.0")], [npm("a", "2.0.0"), npm("a", "1.0.1"), npm("a", "3.0.0")])
    assert [(c.before.version, c.after.version) for c in review.changed] == [("1.0.0", "1.0.1")]
    assert [c.version for c in review.added] == ["3.0.0"]


def test_a_version_without_an_order_is_still_a_change():
    odd = replace(npm("a", "x"), version="not a version")
    (change,) = compare([npm("a", "1.0.0")], [odd]).changed
    assert change.direction is Direction.OTHER


def test_two_equal_sides_have_no_difference():
    side = [npm("a", "1.0.0"), npm("a", "1.0.0"), npm("b", "2.0.0")]
    review = compare(side, list(reversed(side)))
    assert (review.added, review.removed, review.changed) == ((), (), ())
