"""The table of builtins: what is declared, of what kind, and whether a function answers."""

from lockgate.policy.rego.builtins.contract import Type
from lockgate.policy.rego.builtins.table import BUILTINS

ANY = Type("any")


class TestDeclarations:
    def test_all_of_opa_1_22_are_there(self) -> None:
        assert len(BUILTINS) == 206

    def test_types_are_read(self) -> None:
        texts = Type("union", (Type("array", (Type("string"),)), Type("set", (Type("string"),))))
        assert BUILTINS["concat"].arguments == (Type("string"), texts)
        assert BUILTINS["concat"].result == Type("string")
        assert BUILTINS["time.clock"].result == Type("tuple", (Type("number"),) * 3)
        patch = BUILTINS["json.patch"].arguments[1].of[0]
        assert patch == Type("object", (ANY, ANY), (("op", Type("string")), ("path", ANY)))

    def test_print_takes_any_number_of_arguments_and_has_no_result(self) -> None:
        builtin = BUILTINS["print"]
        assert (builtin.arity, builtin.variadic, builtin.result) == (0, True, None)

    def test_operators_have_their_sign(self) -> None:
        assert {builtin.name: builtin.infix for builtin in BUILTINS.values() if builtin.kind == "operator"} == {
            "and": "&", "assign": ":=", "div": "/", "eq": "=", "equal": "==", "gt": ">", "gte": ">=", "lt": "<",
            "lte": "<=", "minus": "-", "mul": "*", "neq": "!=", "or": "|", "plus": "+", "rem": "%",
            "internal.member_2": "in", "internal.member_3": "in",
        }  # fmt: skip

    def test_eleven_exist_in_version_0_only(self) -> None:
        assert sum(builtin.deprecated for builtin in BUILTINS.values()) == 11


class TestKinds:
    def test_those_that_need_the_network_have_no_function(self) -> None:
        network = [builtin for builtin in BUILTINS.values() if builtin.kind == "network"]
        assert [builtin.name for builtin in network] == ["http.send", "net.lookup_ip_addr"]
        assert all(builtin.function is None for builtin in network)


COMPILED = {"assign", "eq", "internal.print", "internal.test_case", "print", "rego.parse_module"} | {
    "rego.metadata.chain",
    "rego.metadata.rule",
}


class TestWhatIsMissing:
    def test_only_what_needs_the_network_has_neither_a_function_nor_code_of_the_compiler(self) -> None:
        without = {builtin.name for builtin in BUILTINS.values() if builtin.function is None}
        assert without - COMPILED == {"http.send", "net.lookup_ip_addr"}
