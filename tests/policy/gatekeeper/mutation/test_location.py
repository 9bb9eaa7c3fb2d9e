"""The language of locations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.policy.errors import PolicyError
from lockgate.policy.gatekeeper.mutation.location import Entry, Location, Member, parse_location, spelled

_NAME = st.text(max_size=8)
_STEPS = st.lists(
    st.tuples(_NAME, st.none() | st.tuples(_NAME, st.none() | _NAME | st.integers(0, 2**63 - 1))),
    min_size=1,
    max_size=5,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("spec", (Member("spec"),)),
        ("spec.a-b_c.d", (Member("spec"), Member("a-b_c"), Member("d"))),
        (
            "spec.containers[name: main].image",
            (Member("spec"), Member("containers"), Entry("name", "main"), Member("image")),
        ),
        ("spec.containers[name:*].image", (Member("spec"), Member("containers"), Entry("name", None), Member("image"))),
        ("spec.ports[containerPort: 80]", (Member("spec"), Member("ports"), Entry("containerPort", 80))),
        ('spec.ports[name: "80"]', (Member("spec"), Member("ports"), Entry("name", "80"))),
        ("metadata.labels.'app.example/name'", (Member("metadata"), Member("labels"), Member("app.example/name"))),
        (" a . 'it\\'s' ", (Member("a"), Member("it's"))),
        ("a[ 'k' : '*' ].b", (Member("a"), Entry("k", "*"), Member("b"))),
    ],
)
def test_locations_are_read(text: str, expected: Location) -> None:
    assert parse_location(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        ".",
        "a.",
        ".a",
        "a..b",
        "a b",
        "a[b]",
        "a[b:]",
        "a[b: c",
        "a[b: c]d",
        "a[1: c]",
        "a[*: c]",
        "5",
        "a.5",
        "a.b[c: d][e: f]",
        "a.'b",
        "a.$b",
        "[a: b]",
        "a[b: 99999999999999999999]",
        "a[b: 12c]",
        "a\u00e9",
        "a" * 5000,
        ".".join("a" * 101),
    ],
)
def test_what_is_no_location_is_refused(text: str) -> None:
    with pytest.raises(PolicyError):
        parse_location(text)


def test_the_wrong_character_is_underlined() -> None:
    with pytest.raises(PolicyError) as caught:
        parse_location("spec.containers[name main]", where="Assign/a: spec.location")
    assert caught.value.where == "Assign/a: spec.location"
    assert caught.value.excerpt == "spec.containers[name main]\n                     ^^^^"


@given(_STEPS)
def test_a_location_that_is_spelled_reads_back(steps: list[tuple[str, tuple[str, str | int | None] | None]]) -> None:
    location: list[Member | Entry] = []
    for name, entry in steps:
        location.append(Member(name))
        if entry is not None:
            location.append(Entry(*entry))
    assert parse_location(spelled(tuple(location))) == tuple(location)


@given(st.text(alphabet="ab.[]:*'\"\\ 1", max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        location = parse_location(text)
    except PolicyError:
        return
    assert parse_location(spelled(location)) == location
