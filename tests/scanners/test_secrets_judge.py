"""What the judges of the second tier leave out to be quick changes no verdict."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lockgate.scanners.secrets import _judge
from lockgate.scanners.secrets._judge import Place, Style, judge_assignment, place_of

NAMES = st.sampled_from(("password", "dbPass", "token", "clientSecret", "api_key", "secretName", "name"))
WORDS = st.sampled_from(("hunter", "abcd", "kQ", "7", "42", "-", "_", ".", "/", " ", "Zx9q", "token", "fe", "WvUt"))
VALUES = st.one_of(
    st.lists(WORDS, max_size=9).map("".join),
    st.text(st.characters(codec="ascii", exclude_categories=("Cc",)), max_size=45),
    st.from_regex(r"(?:[a-z]{4} ){3}[a-z]{4}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", fullmatch=True),
)


@settings(max_examples=600, deadline=None)
@given(NAMES, VALUES, st.sampled_from(Style), st.tuples(*[st.booleans()] * 3).map(lambda one: Place(*one)))
@example("password", "qwkx zvbj mnpt hgfd", Style.BARE, Place(code=True, prose=False, test=False))
@example("token", "deafbeef-cafe-abba-fade-facadefacade", Style.BARE, Place(code=True, prose=False, test=False))
@example("clientSecret", "kx7QpW2m", Style.QUOTED, Place(code=True, prose=False, test=False))
def test_a_value_too_plain_to_be_judged_would_not_be_told(name: str, value: str, style: Style, place: Place) -> None:
    verdict = judge_assignment(name, value, style=style, place=place)
    with patch.object(_judge, "_is_too_plain", return_value=False):
        assert judge_assignment(name, value, style=style, place=place) == verdict


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("pkg/api/token_test.go", Place(code=True, prose=False, test=True)),
        ("src/Locales/de.json", Place(code=False, prose=True, test=False)),
        ("README", Place(code=False, prose=True, test=False)),
        ("README.d/run.sh", Place(code=False, prose=False, test=False)),
        ("src/__tests__/app.TSX", Place(code=True, prose=False, test=True)),
        ("LoginTests.cs", Place(code=True, prose=False, test=True)),
        ("latest/contest.yaml", Place(code=False, prose=False, test=False)),
        ("res/messages_de.properties", Place(code=False, prose=True, test=False)),
        ("", Place(code=False, prose=False, test=False)),
    ],
)
def test_the_path_says_code_prose_and_test(path: str, place: Place) -> None:
    assert place_of(path) == place
