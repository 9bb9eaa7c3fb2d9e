"""Calls that mend are calls that GitHub has, with bodies that it takes, as its own description says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest
from graphql import build_schema, parse, validate
from openapi_schema_validator import OAS30Validator
from tests.octokit import DESCRIPTION, GRAPHQL, MISSING, description
from tests.scanners.posture.test_rule_samples import fired, policies
from tests.simulators.github_organization import GitHub

from lockgate.formats.forge_settings import github_query
from lockgate.model import Object, Rule
from lockgate.policy.catalogue.forge import Call

pytestmark = pytest.mark.skipif(not DESCRIPTION.is_file(), reason=MISSING)


@cache
def patterns() -> list[tuple[re.Pattern[str], str]]:
    paths = sorted(description()["paths"], key=lambda one: one.count("{"))
    return [(re.compile(re.sub(r"\\\{.*?\\\}", "[^/]+", re.escape(path))), path) for path in paths]


def operation(method: str, path: str) -> dict[str, Any]:
    for pattern, name in patterns():
        if pattern.fullmatch(path) and method.lower() in description()["paths"][name]:
            found: dict[str, Any] = description()["paths"][name][method.lower()]
            return found
    raise AssertionError(f"GitHub has no {method} {path}")


def faults(schema: dict[str, Any], value: Any) -> list[str]:
    return [f"{one.json_path}: {one.message[:200]}" for one in
            OAS30Validator({**schema, "components": description()["components"]}).iter_errors(value)]  # fmt: skip


def calls() -> Iterator[tuple[Rule, Object, Call]]:
    for rule, judged in fired():
        for hit in policies(rule).judge(judged).hits:
            call = policies(rule).remedy(hit, judged).call
            if call is not None and rule.id.startswith("posture/github-"):
                yield rule, judged, call


def test_each_call_is_one_that_github_describes() -> None:
    seen = 0
    for rule, _, call in calls():
        seen += 1
        body = operation(call.method, call.path).get("requestBody")
        if call.body is None:
            assert body is None or not body.get("required"), rule.id
            continue
        assert body is not None, rule.id
        assert faults(body["content"]["application/json"]["schema"], call.body) == [], rule.id
    assert seen >= 40


@pytest.mark.skipif(not GRAPHQL.is_file(), reason=MISSING)
def test_github_understands_what_it_is_asked_in_graphql() -> None:
    schema = build_schema(needed(GRAPHQL.read_text()), assume_valid=True, no_location=True)
    for query in (github_query.REPOSITORIES, github_query.ONE):
        assert [one.message for one in validate(schema, parse(query))] == []


def needed(schema: str) -> str:
    """The types that the questions may touch: the whole takes many seconds to build."""
    bare = re.sub(r'^ *\"\"\"[\s\S]*?\"\"\"\n', "", schema, flags=re.MULTILINE)
    words_of_types = "type|enum|union|interface|input|scalar"
    form = rf"^(?:{words_of_types}) (\w+)[\s\S]*?(?=^(?:{words_of_types}|directive)\b|\Z)"
    blocks = {block[1]: block[0] for block in re.finditer(form, bare, re.MULTILINE)}
    asked = github_query.REPOSITORIES + github_query.ONE
    wanted, held = ["Query", *re.findall(r"\.\.\. on (\w+)", asked)], {}
    words = set(re.findall(r"\w+", asked))
    while wanted:
        name = wanted.pop()
        if name not in held and name in blocks:
            held[name] = thinned(blocks[name], words)
            wanted += re.findall(r"\b[A-Z]\w+", held[name])
    return "\n".join(held.values())


def thinned(block: str, words: set[str]) -> str:
    """A type with those of its fields alone that are asked for."""
    if not block.startswith(("type", "interface")):
        return block
    head = block[: block.index("{") + 1]
    fields = re.findall(r"^  (?:  )?(\w+)(\((?:[^()]|\([^()]*\))*\))?: ([\w!\[\]]+)", block, re.MULTILINE)
    kept = [f"  {name}{arguments}: {kind}" for name, arguments, kind in fields if name in words]
    return "\n".join([head, *(kept or ["  nothing: Int"]), "}"])


ASKED = ["/orgs/acme", "/orgs/acme/repos?per_page=100&type=all", "/repos/acme/shop/hooks?per_page=100"]


def test_the_simulator_answers_as_github_describes() -> None:
    told = GitHub()
    told.add("shop")
    asked = [*ASKED, *(f"/orgs/acme/{part}" for part in told.parts)]
    for target in asked:
        status, body, _ = told.answer("GET", target, None)
        assert status == 200, target
        answer = operation("GET", urlsplit(target).path)["responses"]["200"]
        assert faults(answer["content"]["application/json"]["schema"], body) == [], target
