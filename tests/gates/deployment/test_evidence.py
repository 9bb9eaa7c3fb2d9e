"""What is known of a deployment, and its digest."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.gates.deployment.evidence import (
    CheckSeen,
    CheckState,
    CommitSeen,
    Evidence,
    FindingSeen,
    GateSeen,
    ImageSeen,
    PackageChange,
    PolicyVerdict,
    SurfaceChange,
    WaiverSeen,
    plain,
    read,
)

TEXT = st.text(max_size=6)


def some(shape, **fields):
    return st.lists(st.builds(shape, **fields), max_size=3).map(tuple)


EVIDENCE = st.builds(
    Evidence,
    checks=some(CheckSeen, name=TEXT, state=st.sampled_from(list(CheckState))),
    gate=st.none() | st.builds(GateSeen, TEXT, st.lists(TEXT, max_size=2).map(tuple), TEXT),
    images=some(ImageSeen, name=TEXT, digest=TEXT, reasons=st.lists(TEXT, max_size=2).map(tuple),
                scanned_at=st.none() | st.datetimes(timezones=st.just(UTC))),
    new_findings=some(FindingSeen, identity=TEXT, rule=TEXT, severity=TEXT, message=TEXT),
    packages=some(PackageChange, image=TEXT, name=TEXT, before=TEXT, after=TEXT),
    commits=some(CommitSeen, id=TEXT, authors=st.lists(TEXT, max_size=2).map(tuple), subject=TEXT),
    policies=some(PolicyVerdict, rule=TEXT, subject=TEXT, verdict=TEXT, message=TEXT),
    network=some(SurfaceChange, subject=TEXT, text=TEXT, added=st.booleans()),
    waivers=some(WaiverSeen, id=TEXT, by=TEXT, reason=TEXT, until=TEXT),
    unread=st.lists(TEXT, max_size=2).map(tuple),
)  # fmt: skip


@given(EVIDENCE, st.randoms())
def test_the_order_in_which_it_was_gathered_is_no_part_of_it(evidence, random) -> None:
    mixed = {
        field.name: tuple(random.sample(value, len(value))) + value[:1]  # and one twice
        for field in dataclasses.fields(Evidence) if isinstance(value := getattr(evidence, field.name), tuple)
    }  # fmt: skip
    assert dataclasses.replace(evidence, **mixed).digest == evidence.digest


@given(EVIDENCE)
def test_it_comes_back_as_it_was_kept(evidence) -> None:
    assert read(plain(evidence)) == evidence


@given(EVIDENCE, EVIDENCE)
def test_two_have_one_digest_only_where_they_say_the_same(one, other) -> None:
    def told(evidence):
        lasting = dataclasses.replace(
            evidence, gate=evidence.gate and dataclasses.replace(evidence.gate, run=""),
            images=tuple(dataclasses.replace(image, scanned_at=None) for image in evidence.images),
        )  # fmt: skip
        values = ((field.name, getattr(lasting, field.name)) for field in dataclasses.fields(lasting))
        return {
            name: frozenset(map(repr_sorted, value)) if isinstance(value, tuple) else repr_sorted(value)
            for name, value in values
        }  # fmt: skip

    def repr_sorted(value):
        for name in ("reasons", "authors"):
            if hasattr(value, name):
                value = dataclasses.replace(value, **{name: tuple(sorted(set(getattr(value, name))))})
        return repr(value)

    assert (one.digest == other.digest) is (told(one) == told(other))


def test_when_an_image_was_scanned_is_no_part_of_it_and_the_verdict_is() -> None:
    image = ImageSeen("cart", "sha256:1", scan="allow", scanned_at=datetime(2026, 1, 1, tzinfo=UTC))
    later = dataclasses.replace(image, scanned_at=datetime(2026, 1, 2, tzinfo=UTC))
    assert Evidence(images=(image,)).digest == Evidence(images=(later,)).digest
    assert Evidence(images=(image,)).digest != Evidence(images=(dataclasses.replace(image, scan="deny"),)).digest


@pytest.mark.parametrize("content", [b"[]", b"{", b'{"images": [1]}', b'{"checks": [{"name": "a", "state": "x"}]}'])
def test_what_is_no_evidence_is_refused(content) -> None:
    with pytest.raises(ValueError):
        read(content)
