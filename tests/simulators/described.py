"""An HTTP API as its OpenAPI 3.0 description has it: what may be asked, and what an answer must look like."""

import copy
import re
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from openapi_schema_validator import OAS30Validator

JSON = "application/json"


class NotDescribedError(AssertionError):
    """A request or an answer is other than described."""


class Operation:
    """One method of one path."""

    def __init__(self, description: dict[str, Any], template: str, method: str) -> None:
        self._description, self.template, self.method = description, template, method
        self._excused: set[str] = set()
        self._told = description["paths"][template][method]

    def check_request(self, query: str, body: Any) -> None:
        """Raises for a parameter or a body that is not described."""
        shared = self._description["paths"][self.template].get("parameters", [])
        listed = [self._resolved(one) for one in [*shared, *self._told.get("parameters", [])]]
        names = {one["name"] for one in listed if one["in"] == "query"}
        if unknown := {key for key, _ in parse_qsl(query)} - names:
            raise NotDescribedError(f"{self.method} {self.template} takes no {sorted(unknown)}")
        told = self._told.get("requestBody")
        schema = self._resolved(told)["content"].get(JSON, {}).get("schema") if told else None
        if body is not None and schema is None:
            raise NotDescribedError(f"{self.method} {self.template} takes no body")
        if schema is not None and body is not None:
            self._check(schema, body, "request")

    def check_answer(self, status: int, body: Any) -> None:
        """Raises for another status or body than described; what the example of GitHub lacks may be lacking."""
        answers = self._told["responses"]
        if str(status) not in answers:
            raise NotDescribedError(f"{self.method} {self.template} is never answered {status}")
        schema = self._resolved(answers[str(status)]).get("content", {}).get(JSON, {}).get("schema")
        if schema is not None:
            self._excused = {one.message for one in self._errors(schema, self.example(status))}
            self._check(schema, body, "answer")

    def example(self, status: int) -> Any:
        """The description's own example of an answer."""
        content = self._resolved(self._told["responses"][str(status)])["content"][JSON]
        examples = content.get("examples")
        if examples:
            return copy.deepcopy(self._resolved(next(iter(examples.values())))["value"])
        return copy.deepcopy(content["example"])

    def _check(self, schema: dict[str, Any], body: Any, what: str) -> None:
        errors = [one for one in self._errors(schema, body) if one.message not in self._excused]
        if errors:
            told = "; ".join(f"{list(one.path)}: {one.message[:200]}" for one in errors[:3])
            raise NotDescribedError(f"{what} of {self.method} {self.template}: {told}")

    def _errors(self, schema: dict[str, Any], body: Any) -> list[Any]:
        whole = {"allOf": [schema], "components": self._description["components"]}
        return sorted(OAS30Validator(whole).iter_errors(body), key=lambda error: len(error.path))

    def _resolved(self, told: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in told:
            found: Any = self._description
            for step in told["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            told = found
        return told


class Described:
    """All operations of a description."""

    def __init__(self, description: dict[str, Any]) -> None:
        self._description = description
        _let_nothing_be_chosen(description["components"])

    @cached_property
    def _templates(self) -> list[tuple[re.Pattern[str], str]]:
        found = []
        for template in self._description["paths"]:
            pattern = re.sub(r"\\\{[^/]+?\\\}", "([^/]+)", re.escape(template))
            found.append((template.count("{"), re.compile(pattern + r"\Z"), template))
        return [(pattern, template) for _, pattern, template in sorted(found, key=lambda one: one[0])]

    def operation(self, method: str, path: str) -> Operation:
        """The one that a request asks for; the path with fewest parameters counts."""
        for pattern, template in self._templates:
            if pattern.match(path) and method.lower() in self._description["paths"][template]:
                return Operation(self._description, template, method.lower())
        raise NotDescribedError(f"{method} {path} is not described")


def _let_nothing_be_chosen(told: Any) -> None:
    """GitHub writes ``nullable`` beside choices that do not hold ``null``, and answers it all the same."""
    if isinstance(told, dict):
        if told.get("nullable") is True and isinstance(told.get("enum"), list) and None not in told["enum"]:
            told["enum"].append(None)
        for value in told.values():
            _let_nothing_be_chosen(value)
    elif isinstance(told, list):
        for value in told:
            _let_nothing_be_chosen(value)
