"""ConstraintTemplates as they are written, and as they must not be."""

from __future__ import annotations

from typing import Any

import pytest
from tests.policy.gatekeeper.builders import cel, template

from lockgate.policy.errors import PolicyError
from lockgate.policy.gatekeeper.template import parse_template

_REGO = 'package probe\nviolation[{"msg": "no"}] { true }\n'


def test_the_older_field_and_code_spell_the_same_rego() -> None:
    older = parse_template(template(_REGO, libs=["package lib.a"])).rego
    code = {"engine": "Rego", "source": {"rego": _REGO, "libs": ["package lib.a"]}}
    newer = parse_template(template(code=[code])).rego
    assert older is not None and newer is not None
    assert (
        (older.module, older.libs, older.version)
        == (newer.module, newer.libs, newer.version)
        == (
            _REGO,
            ("package lib.a",),
            "v0",
        )
    )


def test_cel_runs_alone_when_both_are_given_and_can_be_dropped() -> None:
    both = parse_template(template(_REGO, code=[cel({"expression": "true"})]))
    assert both.engine == "K8sNativeValidation"
    assert both.without_cel().engine == "Rego"


def test_cel_is_kept_as_it_is_written_with_its_place() -> None:
    source = cel(
        {"expression": "variables.n > 1", "message": "few", "messageExpression": "'few'"},
        variables=[{"name": "n", "expression": "2"}],
        matchCondition=[{"name": "pods", "expression": "true"}],
        failurePolicy="Ignore",
    )
    found = parse_template(template(code=[source])).cel
    assert found is not None and found.ignore_errors
    assert found.fields == source["source"]
    assert found.where == "ConstraintTemplate/probe: spec.targets[0].code[0].source"


def test_older_versions_take_any_parameters_unless_they_say_otherwise() -> None:
    body = template(_REGO)
    assert parse_template(body).schema is None
    body["apiVersion"] = "templates.gatekeeper.sh/v1beta1"
    schema = parse_template(body).schema
    assert schema is not None and not list(schema.problems({"anything": 1}, "p"))


def test_operations_narrow_what_the_webhook_asks() -> None:
    narrowed = parse_template(template(_REGO, operations=["CREATE"]))
    assert narrowed.judges("CREATE") and not narrowed.judges("DELETE")
    assert parse_template(template(_REGO, operations=["*"])).judges("DELETE")
    assert parse_template(template(_REGO)).judges("CONNECT")


def _broken(**changes: Any) -> dict[str, Any]:
    body = template(_REGO)
    for path, value in changes.items():
        holder: Any = body
        *way, last = path.split("__")
        for name in way:
            holder = holder[int(name) if name.isdigit() else name]
        holder[last] = value
    return body


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (_broken(apiVersion="templates.gatekeeper.sh/v2"), "apiVersion"),
        (_broken(metadata__name="other"), "metadata.name"),
        (_broken(spec__crd__spec__names__kind="K8s-Probe"), "spec.crd.spec.names.kind"),
        (_broken(spec__crd__spec__names={}), "spec.crd.spec.names.kind"),
        (_broken(spec__targets=[]), "spec.targets"),
        (_broken(spec__targets__0__target="elsewhere"), "spec.targets[0].target"),
        (_broken(spec__targets__0__rego=""), "spec.targets[0]"),
        (_broken(spec__targets__0__rego=7), "spec.targets[0].rego"),
        (_broken(spec__targets__0__operations=["PATCH"]), "spec.targets[0].operations[0]"),
        (_broken(spec__targets__0__code=[{"engine": "Rego", "source": {"rego": _REGO}}]), "spec.targets[0].code[0]"),
        (_broken(spec__targets__0__code=[{"engine": "Lua", "source": {}}]), "spec.targets[0].code[0].engine"),
        (
            _broken(spec__targets__0__code=[cel(variables=[{"name": "params", "expression": "1"}])]),
            "spec.targets[0].code[0].source.variables[0].name",
        ),
        (
            _broken(
                spec__targets__0__code=[cel(matchCondition=[{"name": "gatekeeper_internal_x", "expression": "1"}])]
            ),
            "spec.targets[0].code[0].source.matchCondition[0].name",
        ),
        (_broken(spec__targets__0__code=[cel(failurePolicy="Maybe")]), "spec.targets[0].code[0].source.failurePolicy"),
    ],
)
def test_a_template_that_is_wrong_is_refused_with_its_place(body: Any, place: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_template(body)
    assert caught.value.where == f"ConstraintTemplate/{body['metadata']['name']}: {place}"


@pytest.mark.parametrize("body", [None, [], "text", {}, {"kind": "ConstraintTemplate"}, {"kind": 3, "metadata": "x"}])
def test_what_is_no_manifest_is_refused(body: Any) -> None:
    with pytest.raises(PolicyError):
        parse_template(body)


def test_a_manifest_that_nests_without_end_is_refused() -> None:
    body = template(_REGO)
    deep: Any = "x"
    for _ in range(5000):
        deep = {"a": deep}
    body["spec"]["deep"] = deep
    with pytest.raises(PolicyError, match="nested deeper"):
        parse_template(body)
