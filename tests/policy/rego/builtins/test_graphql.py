"""GraphQL beyond OPA's own cases: places of errors, comments, bounds, and what documents as objects may hold."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.policy.budget import Budget
from lockgate.policy.errors import BudgetExceededError
from lockgate.policy.rego.builtins.contract import BuiltinError, Context, LimitError
from lockgate.policy.rego.builtins.graphql.lexer import Lexer, block_string_value
from lockgate.policy.rego.builtins.graphql.suggestions import or_list, similar
from lockgate.policy.rego.builtins.table import BUILTINS

SCHEMA = """
type Query { a(x: Int = 3): Int! b: B u: U n(i: In): Node e(e: E): E }
type B implements Node { id: ID! b: B s(first: Int!): String }
type C implements Node { id: ID! other: Int }
interface Node { id: ID! }
union U = | B | C
enum E { FIRST SECOND }
input In @oneOf { a: Int b: String }
type Subscription { s: Int t: Int }
"""


def call(name: str, *arguments: Any, steps: int = 1_000_000) -> Any:
    function = BUILTINS[f"graphql.{name}"].function
    assert function is not None
    return function(Context(budget=Budget(steps)), *arguments)


def refusal(query: str, schema: str = SCHEMA) -> str:
    with pytest.raises(BuiltinError) as caught:
        call("parse", query, schema)
    assert call("is_valid", query, schema) is False
    assert call("parse_and_verify", query, schema) == [False, {}, {}]
    return str(caught.value)


class TestDocuments:
    def test_comments_in_front_of_a_field_are_kept(self) -> None:
        operation = call("parse_query", "query { # why\n a }")["Operations"][0]
        assert operation["SelectionSet"] == [{"Alias": "a", "Name": "a", "Comment": {"List": [{"Value": "# why"}]}}]

    def test_a_block_string_loses_the_indent_of_its_lines(self) -> None:
        assert block_string_value("\n    a\n      b\n  ") == "a\n  b"

    def test_escapes_are_resolved(self) -> None:
        query = call("parse_query", '{ a(x: "\\u00e9\\uD83D\\uDE00\\u{1F600}\\n") }')
        value = query["Operations"][0]["SelectionSet"][0]["Arguments"][0]["Value"]
        assert value == {"Raw": "é😀😀\n", "Kind": 3, "ExpectedTypeHasDefault": False}

    def test_what_was_parsed_is_valid_as_an_object_too(self) -> None:
        query, schema = call("parse_query", "{ a b { id } }"), call("parse_schema", SCHEMA)
        assert call("is_valid", query, schema) is True
        assert call("schema_is_valid", schema) is True

    def test_an_object_with_a_field_of_another_type_is_refused_with_its_place(self) -> None:
        with pytest.raises(BuiltinError, match=r"QueryDocument\.Operations\[0\]\.Name must be a string"):
            call("parse", {"Operations": [{"Name": 1}]}, SCHEMA)
        assert call("is_valid", {"Operations": [{"Name": 1}]}, SCHEMA) is False
        assert call("schema_is_valid", {"Definitions": [{"Fields": [{"Name": "a"}]}]}) is False


class TestPlacesOfErrors:
    def test_a_character_that_no_token_has(self) -> None:
        with pytest.raises(BuiltinError, match=r"^Unexpected <Invalid> in GraphQL string at location 2:3$"):
            call("parse_query", "{ a(x:\n  ?) }")

    def test_the_first_error_gives_the_place_and_the_others_keep_theirs(self) -> None:
        assert refusal("{ zz\n yy }") == (
            'Cannot query field "zz" on type "Query".\n'
            'input:2:2: Cannot query field "yy" on type "Query" in GraphQL string at location 1:3'
        )

    def test_a_schema_that_does_not_hold_together(self) -> None:
        assert refusal("{ a }", "type Query { a: Nope }") == (
            "Error in gqlparser SchemaDocument to Schema conversion: input:1:17: Undefined type Nope."
        )


class TestRules:
    @pytest.mark.parametrize(
        ("query", "reason"),
        [
            ("{ x: a x: b { id } }", 'Fields "x" conflict because "a" and "b" are different fields'),
            ("{ b { ...F } } fragment F on B { b { ...F } }", 'Cannot spread fragment "F" within itself'),
            ("{ a } fragment F on B { id }", 'Fragment "F" is never used'),
            ("{ n(i: {a: 1, b: 2}) { id } }", 'OneOf Input Object "In" must specify exactly one key'),
            ("{ e(e: FIRTS) }", 'Value "FIRTS" does not exist in "E" enum. Did you mean the enum value "FIRST"?'),
            ("{ a(x: 99999999999) b { s(first: true) } }", "Int cannot represent non-integer value: true"),
            ("query ($v: String) { a(x: $v) }", 'Variable "$v" of type "String" used in position expecting type "Int"'),
            ("{ u { ... on Query { a } } }", 'objects of type "U" can never be of type "Query"'),
            ("subscription { s t }", "Anonymous Subscription must select only one top level field"),
            ("mutation { a }", 'Schema does not support operation type "mutation"'),
            ("{ b { s } }", 'Field "s" argument "first" of type "Int!" is required, but it was not provided'),
            ("{ a @include }", 'Directive "@include" argument "if" of type "Boolean!" is required'),
            ("{ b }", 'Did you mean "b { ... }"?'),
        ],
    )
    def test_a_query_that_breaks_one_is_refused(self, query: str, reason: str) -> None:
        assert reason in refusal(query)

    @pytest.mark.parametrize(
        ("schema", "valid"),
        [
            ("type Query { a: Int }", True),
            ("extend type Query { a: Int }", True),
            ("input A { b: B! } input B { a: A! }", False),
            ("input A { b: B } input B { a: A! }", True),
            ("interface I { a: Int } type T implements I { a: String }", False),
            ("type T { a: Int a: Int }", False),
            ("union U = T | T type T { a: Int }", False),
            ("enum E { true }", False),
            ("type Query { __a: Int }", False),
            ("directive @d(x: Int @d) on FIELD", False),
            ("schema { query: E } enum E { A }", False),
        ],
    )
    def test_a_schema_is_checked(self, schema: str, valid: bool) -> None:
        assert call("schema_is_valid", schema) is valid

    def test_suggestions_are_the_nearest_names(self) -> None:
        assert similar("nmae", ["other", "name", "names"]) == ["name"]
        assert or_list(["a", "b"]) == '"a" or "b"'
        assert or_list(list("abcdefg")) == '"a", "b", "c", "d", or "e"'


class TestBounds:
    @pytest.mark.parametrize("text", ["{a" * 60 + "}" * 60, "{ a(x: " + "[" * 60 + "]" * 60 + ") }"])
    def test_nesting_past_the_bound_is_an_error(self, text: str) -> None:
        with pytest.raises(LimitError, match="more than 50 levels of nesting"):
            call("parse_query", text)
        with pytest.raises(LimitError, match="more than 50 levels of nesting"):
            call("is_valid", text, SCHEMA)

    def test_a_long_chain_of_fragments_is_an_error(self) -> None:
        chain = "".join(f"fragment F{n} on B {{ b {{ ...F{n + 1} }} }} " for n in range(500))
        with pytest.raises(LimitError, match="selections inside one another"):
            call("is_valid", f"{{ b {{ ...F0 }} }} {chain} fragment F500 on B {{ id }}", SCHEMA)

    def test_comparing_many_fields_costs_steps(self) -> None:
        with pytest.raises(BudgetExceededError):
            call("is_valid", "{ " + "a " * 1_000 + "}", SCHEMA, steps=100_000)


class TestAnyText:
    @given(st.text(alphabet=st.sampled_from('{}()[]:=!|&@$#".\\\n\r\t aon1-e\u00e9\x00,'), max_size=60))
    def test_a_document_parses_or_is_refused_with_a_reason(self, text: str) -> None:
        for name in ("parse_query", "parse_schema"):
            try:
                assert isinstance(call(name, text), dict)
            except BuiltinError as error:
                assert str(error)

    @given(st.text(alphabet=st.sampled_from('{}"\\a1 \n#.'), max_size=60))
    def test_the_lexer_always_comes_to_an_end(self, text: str) -> None:
        lexer = Lexer(text)
        kinds = [lexer.read().kind for _ in range(len(text) + 1)]
        assert kinds[-1] in ("<EOF>", "<Invalid>")

    @given(st.text(max_size=40))
    def test_a_string_literal_has_the_value_it_was_written_for(self, text: str) -> None:
        written = "".join(f"\\u{{{ord(c):x}}}" if c < " " or c in '"\\' else c for c in text)
        query = call("parse_query", f'{{ a(x: "{written}") }}')
        value = query["Operations"][0]["SelectionSet"][0]["Arguments"][0]["Value"]
        assert value["Raw"] == text
