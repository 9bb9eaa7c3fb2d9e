"""The corners of each topic: arguments that are valid but odd, and those that are just not, with OPA's own answers.

``corners/<topic>.jsonl`` has a call a line: name, arguments, and what OPA 1.22 answers, printed as an array that is
empty where the call is undefined. ``{"$set": [..]}`` stands for a set, ``{"$object": [[key, value], ..]}`` for an
object whose keys are not all strings.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from lockgate.policy.rego.values import Set, Value, key_of, literal

Call = tuple[str, tuple[Value, ...]]
TOPICS = sorted((Path(__file__).parent / "corners").glob("*.jsonl"))


def _value(raw: Value) -> Value:
    if isinstance(raw, list):
        return [_value(item) for item in raw]
    if not isinstance(raw, dict):
        return raw
    if "$set" in raw:
        return Set(map(_value, raw["$set"]))
    if "$object" in raw:
        return {key_of(_value(key)): _value(item) for key, item in raw["$object"]}
    return {key: _value(item) for key, item in raw.items()}


def _calls(topic: Path) -> list[tuple[Call, str]]:
    rows = [json.loads(line) for line in topic.read_text().split("\n") if line]
    return [((name, tuple(map(_value, arguments))), answer) for name, arguments, answer in rows]


class TestCorners:
    def test_there_are_so_many(self) -> None:
        assert {topic.stem: len(_calls(topic)) for topic in TOPICS} == {
            "aws_requests": 34,
            "encoding": 151,
            "glob": 49,
            "graphql": 233,
            "graphs": 20,
            "identifiers": 85,
            "json_paths": 70,
            "net": 521,
            "schemas": 931,
            "regex": 101,
            "semver": 380,
            "sprintf": 59,
            "strings": 142,
            "templates": 227,
            "time": 179,
            "units": 70,
            "x509": 81,
            "yaml": 155,
        }

    @pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.stem)
    def test_we_answer_as_opa_did(self, topic: Path, answer: Callable[[Call], str]) -> None:
        differ = [
            f"{name}({', '.join(map(literal, arguments))}): opa {want}, we {got}"
            for (name, arguments), want in _calls(topic)
            if (got := answer((name, arguments))) != want
        ]
        assert not differ, f"{len(differ)} differ:\n" + "\n".join(differ[:40])

    @pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.stem)
    def test_opa_still_answers_so(self, topic: Path, asked: Callable[[Sequence[Call]], list[str]]) -> None:
        calls = _calls(topic)
        # OPA tells the faults that a schema finds in the order of a Go map, which is another each time.
        assert list(map(_unordered, asked([call for call, _ in calls]))) == [_unordered(want) for _, want in calls]


def _unordered(answer: str) -> str:
    """An answer with the lists of maps in it sorted."""

    def sort(value: object) -> object:
        if isinstance(value, list):
            items = [sort(one) for one in value]
            return sorted(items, key=json.dumps) if items and all(isinstance(one, dict) for one in items) else items
        return value

    try:
        return json.dumps(sort(json.loads(answer)))
    except ValueError:
        return answer
