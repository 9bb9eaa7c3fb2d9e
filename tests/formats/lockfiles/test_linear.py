"""Long lines made to be read again and again cost no more than their length."""

import time

import pytest

from lockgate.formats import json_safe, lockfiles

LENGTH = 400_000


@pytest.mark.parametrize("unit", ["/* ", '\\"', ",", ", /*x*/", "// ", '"', "*/", ",[", "[,"])
def test_comments_are_stripped_in_linear_time(unit):
    for start in ("", '"'):
        begin = time.process_time()
        json_safe.strip_comments((start + unit * (LENGTH // len(unit))).encode())
        assert time.process_time() - begin < 2


PATHS = [
    "requirements.txt", "yarn.lock", "mix.lock", "Gemfile.lock", "go.mod", "gradle.lockfile", "bun.lock",
    "pyproject.toml", "libs.versions.toml", "pom.xml", "a.csproj",
]  # fmt: skip
UNITS = ['\\"', '{:a, "x", [', "a-1-", "${", "$(", "--", " #", "[", "(", "a@", "a, ", "=>", "\t", "\\\n", "a:1=", "<a>"]
HEADS = {
    "yarn.lock": "# yarn lockfile v1\n",
    "mix.lock": '%{\n"a": {:hex, :a, "1", "00", ',
    "Gemfile.lock": "GEM\n  specs:\n    ",
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("unit", UNITS)
def test_hostile_lines_are_read_in_linear_time(path, unit):
    for start in ("", '"'):
        text = HEADS.get(path, "") + start + unit * (LENGTH // len(unit)) + ("},\n}\n" if path == "mix.lock" else "\n")
        begin = time.process_time()
        lockfiles.read(path, text.encode(), lambda _: None)
        assert time.process_time() - begin < 3


def test_blanks_after_the_value_are_passed_over_in_linear_time():
    begin = time.process_time()
    assert json_safe.container_lines(b"{}" + b" " * LENGTH) == {(): 1}
    assert time.process_time() - begin < 2
