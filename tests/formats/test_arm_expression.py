"""Expressions of Azure Resource Manager become trees, and anything else becomes one typed error with its column."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.formats.arm_expression import (
    MAX_CHARACTERS,
    MAX_DEPTH,
    Access,
    Call,
    ExpressionError,
    Literal,
    is_expression,
    literal_text,
    parse,
)
from lockgate.model import SkipKind


def written(tree) -> str:
    """The text of a tree."""
    match tree:
        case Literal(value):
            return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)
        case Call(name, arguments):
            return f"{name}({', '.join(map(written, arguments))})"
        case Access(target, index, safe):
            return f"{written(target)}[{'?' if safe else ''}{written(index)}]"


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("[concat('a', parameters('b'))]", "concat('a', parameters('b'))"),
        ("[ resourceGroup( ) . location ]", "resourceGroup()['location']"),
        ("['it''s']", "'it''s'"),
        ("[variables('x')[0].y[?'z'].?w]", "variables('x')[0]['y'][?'z'][?'w']"),
        ("[sub(-1, +2)]", "sub(-1, 2)"),
        ("[contoso.unique('a')]", "contoso.unique('a')"),
        ("[lambda('x', lambdaVariables('x'))]", "lambda('x', lambdaVariables('x'))"),
        ("[true()]", "true()"),
        ("[if(TRUE, null, (false))]", "if(True, None, False)"),
        ("[a().b-c?.d?['e']]", "a()['b-c'][?'d'][?'e']"),
        ("[a()[0]]]", "a()[0]"),
        ("[-1.5]", "-1.5"),
    ],
)
def test_an_expression_is_read(text, again):
    assert is_expression(text)
    assert written(parse(text)) == again


@pytest.mark.parametrize(("text", "shown"), [("[[a]", "[a]"), ("[a] b", "[a] b"), ("", ""), ("[]", "[]")])
def test_other_texts_stand_for_themselves(text, shown):
    assert not is_expression(text)
    assert literal_text(text) == shown


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("[concat('a']", 2), ("[concat('a',)]", 13), ("[a]", 2), ("[a() b()]", 6), ("[a().]", 6), ("[a()[1]", 5),
        ("['a]", 2), ("[a(%)]", 4), ("[99999999999999999999999]", 2), ("[ ]", 3), ("plain", 1), ("[a()[0)]", 5),
        ("[a()]]]", 5), ("[(a()]", 2), ("[1x]", 2), ("[a(1, 'b)]", 7), ("[true.x]", 2), ("[a()?]", 5),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_column(text, column):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert (caught.value.kind, caught.value.column) == (SkipKind.MALFORMED, column)


@pytest.mark.parametrize(
    "text",
    [
        "[" + "a(" * (MAX_DEPTH + 2) + ")" * (MAX_DEPTH + 2) + "]",
        "[a()" + ".b" * 10_000 + "]",
        "['" + "x" * MAX_CHARACTERS + "']",
    ],
)
def test_depth_and_length_are_bounded(text):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.kind is SkipKind.TOO_LARGE


names = st.from_regex(r"[a-zA-Z][a-zA-Z0-9]{0,5}", fullmatch=True)
leaves = st.builds(Literal, st.text(max_size=8) | st.integers(-(2**62), 2**62)) | st.builds(Call, names)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.builds(Call, names, st.lists(inner, max_size=3).map(tuple)) | st.builds(Access, inner, inner, st.booleans())
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(trees)
def test_a_tree_that_is_written_is_read_again(tree):
    assert written(parse(f"[{written(tree)}]")) == written(tree)


@settings(deadline=None)
@given(st.text(alphabet="[]()'.,?ab1- \n", max_size=40))
def test_any_text_is_a_tree_or_one_typed_error(text):
    try:
        parse(text)
    except ExpressionError:
        return
