"""Documents written at once and member by member."""

import io

from hypothesis import given
from hypothesis import strategies as some

from lockgate.formats.plain_json import dumps, write

TEXT = some.text(some.characters(codec=None), max_size=6)  # lone surrogates and line breaks among it
SCALARS = some.none() | some.booleans() | some.integers(-(2**40), 2**40) | TEXT
VALUES = some.recursive(
    SCALARS, lambda inner: some.lists(inner, max_size=3) | some.dictionaries(TEXT, inner, max_size=3)
)


@given(some.dictionaries(some.text("abc"), VALUES | some.lists(VALUES, max_size=4), max_size=4))
def test_what_is_written_piece_by_piece_is_the_same_text(document):
    out = io.StringIO()
    write({key: iter(one) if isinstance(one, list) else one for key, one in document.items()}, out)
    assert out.getvalue() == dumps(document)
