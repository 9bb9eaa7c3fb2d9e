"""The quick way to the lines of a package lock and the thorough one agree."""

import json

import pytest

from lockgate.formats import json_safe, lockfiles


@pytest.mark.parametrize("indent", [None, 1, 2, 4, "\t"])
def test_lines_do_not_depend_on_the_layout(indent):
    places = {
        "": {"dependencies": {"a": "1", "b": "1"}},
        "node_modules/a": {"version": "1.0.0", "bin": {"node_modules/b": {}}},
    }
    places["node_modules/b"] = {"version": "2.0.0"}
    lock = {"lockfileVersion": 2, "packages": places, "dependencies": {"a": {"version": "1.0.0"}}}
    content = json.dumps(lock, indent=indent).encode()
    lines = json_safe.container_lines(content)
    reading = lockfiles.read("package-lock.json", content, lambda _: None)
    assert [(item.name, item.line) for item in reading.components] == [
        ("a", lines["packages", "node_modules/a"]),
        ("b", lines["packages", "node_modules/b"]),
    ]
