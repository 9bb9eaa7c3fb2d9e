"""Scores against published examples and, where it is installed, an independent implementation."""

import contextlib
import random
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.advisories import cvss
from lockgate.advisories.cvss import VectorError, _cvss2, _cvss3, _cvss4
from lockgate.model import Severity

# From the examples of FIRST (https://www.first.org/cvss/v4.0/examples, /v3.1/examples, /v2/guide).
PUBLISHED = [
    ("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.3),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:A/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 8.6),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10.0),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N/E:P", 7.8),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0.0),
    ("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:A/VC:N/VI:N/VA:N/SC:L/SI:N/SA:N", 2.1),
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
    ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4),
    ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1),
    ("CVSS:3.0/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.8),
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
    ("AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8),
    ("AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0),
    ("AV:L/AC:H/Au:N/C:C/I:C/A:C", 6.2),
]


@pytest.mark.parametrize(("vector", "expected"), PUBLISHED)
def test_published_examples_get_their_published_scores(vector, expected):
    assert cvss.score(vector) == expected


@pytest.mark.parametrize(
    "vector",
    ["", "CVSS:3.1", "CVSS:5.0/AV:N", "CVSS:3.1/AV:N/AC:L", "CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
     "CVSS:3.1/AV:Q/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N",
     "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/ZZ:N", "x" * 600],
)  # fmt: skip
def test_a_text_that_is_no_complete_vector_is_refused(vector):
    with pytest.raises(VectorError):
        cvss.score(vector)


@pytest.mark.parametrize(
    ("points", "band"),
    [(10.0, Severity.CRITICAL), (9.0, Severity.CRITICAL), (8.9, Severity.HIGH), (7.0, Severity.HIGH),
     (6.9, Severity.MEDIUM), (4.0, Severity.MEDIUM), (3.9, Severity.LOW), (0.1, Severity.LOW), (0.0, Severity.INFO)],
)  # fmt: skip
def test_bands_are_those_of_the_specification(points, band):
    assert cvss.severity(points) is band


def test_every_macrovector_has_a_score_and_no_lower_one_scores_more():
    scores = _cvss4.SCORES
    assert len(scores) == 270
    for vector, value in scores.items():
        for place in range(6):
            lower = scores.get(vector[:place] + str(int(vector[place]) + 1) + vector[place + 1 :])
            assert lower is None or lower <= value, (vector, place)


def _random_vectors(prefix, mandatory, optional, count):
    chance = random.Random(5)
    for _ in range(count):
        parts = [f"{name}:{chance.choice(values)}" for name, values in mandatory.items()]
        parts += [f"{name}:{chance.choice(values)}" for name, values in optional.items() if chance.random() < 0.4]
        yield "/".join([prefix, *parts] if prefix else parts)


def test_version_4_agrees_with_another_implementation():
    other = pytest.importorskip("cvss", reason="the package cvss, used as an oracle, is not installed")
    scored = {name: values for name, values in _cvss4.OPTIONAL.items() if name not in ("S", "AU", "R", "V", "RE", "U")}
    for vector in [*_random_vectors("CVSS:4.0", _cvss4.MANDATORY, {}, 3000),
                   *_random_vectors("CVSS:4.0", _cvss4.MANDATORY, scored, 1500)]:  # fmt: skip
        assert cvss.score(vector) == float(other.CVSS4(vector).base_score), vector


def test_version_3_agrees_with_another_implementation_on_every_base_vector():
    other = pytest.importorskip("cvss", reason="the package cvss, used as an oracle, is not installed")
    chance = random.Random(3)
    every = list(product(*([f"{name}:{value}" for value in values] for name, values in _cvss3.MANDATORY.items())))
    for parts in chance.sample(every, 900):
        for prefix in ("CVSS:3.0", "CVSS:3.1"):
            vector = "/".join([prefix, *parts])
            assert cvss.score(vector) == float(other.CVSS3(vector).base_score), vector


def test_version_2_agrees_with_another_implementation_on_every_base_vector():
    other = pytest.importorskip("cvss", reason="the package cvss, used as an oracle, is not installed")
    for parts in product(*([f"{name}:{value}" for value in values] for name, values in _cvss2.MANDATORY.items())):
        vector = "/".join(parts)
        assert cvss.score(vector) == float(other.CVSS2(vector).base_score), vector


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.text(max_size=80), st.text(alphabet="CVS:34.01/AVNLPCHIUR", max_size=60)))
def test_any_text_has_a_score_or_is_refused(text):
    with contextlib.suppress(VectorError):
        assert 0 <= cvss.score(text) <= 10
