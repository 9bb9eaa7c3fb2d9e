"""lockgate.yaml is read strictly, and every complaint names its line."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import jsonschema
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lockgate import settings
from lockgate.errors import ConfigurationError
from lockgate.model import Confidence, Family, Severity
from lockgate.settings import Condition, Settings


def complaint(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        settings.loads(text.encode())
    return str(caught.value)


def test_no_file_means_the_defaults() -> None:
    assert settings.load(None) == Settings()


def test_an_empty_file_means_the_defaults() -> None:
    assert settings.loads(b"") == settings.loads(b"# nothing yet\n") == Settings()


def test_the_starting_text_says_what_the_defaults_are() -> None:
    assert settings.loads(settings.starting_text().encode()) == Settings()


def test_conditions_are_read_into_typed_values(tmp_path: Path) -> None:
    path = tmp_path / "lockgate.yaml"
    path.write_text("gate:\n  deny:\n    - {family: secrets, severity: low, confidence: high}\n    - epss: 1\n")
    assert settings.load(path).gate.deny == (
        Condition(family=Family.SECRETS, severity=Severity.LOW, confidence=Confidence.HIGH),
        Condition(epss=1),
    )


def test_an_unknown_key_is_refused_with_the_nearest_name_and_its_line() -> None:
    said = complaint("version: 1\ngate:\n  deny:\n    - severety: high\n")
    assert said.startswith("lockgate.yaml:4: ") and "gate.deny[0].severety" in said and "'severity'" in said


def test_a_wrong_word_is_refused_with_the_nearest_word() -> None:
    assert "did you mean 'high'?" in complaint("gate:\n  deny:\n    - severity: hihg\n")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("exclude: vendor", 1, "a list"),
        ("limits:\n  seconds: soon", 2, "a whole number"),
        ("limits:\n  seconds: true", 2, "a whole number"),
        ("limits:\n  seconds: 0", 2, "at least 1"),
        ("gate:\n  warn:\n  - fixable: yes", 3, "true or false"),
        ("gate:\n  warn:\n  - {}", 3, "names nothing"),
        ("gate:\n  warn:\n  - epss: 1.5", 3, "at most 1"),
        ("families: []", 1, "empty"),
        ("version: 2", 1, "must be 1"),
        ("waivers: 7", 1, "a text"),
        ("waivers: ''", 1, "1 to 1000"),
        ("scanners:\n  secret: {}", 2, "'secrets'"),
        ("tables:\n  Perf: {retention: 3}", 2, "'retention_days'"),
        ("tables:\n  Perf-1: {}", 2, "no name of a table"),
        ("tables:\n  Perf: {plan: basic}", 2, "'Basic'"),
        ("tables:\n  Perf:\n    access:\n      - people: []", 4, "is empty"),
        ("scanners:\n  secrets:\n    a: {b: 1}", 3, "a text, a number"),
        ("- a", 1, "a mapping"),
        ("a: &x 1\nb: *x", 1, "anchors"),
        ("version: !!python/object:os.system 1", 1, "tags"),
        ("version: 1\nversion: 1", 2, "twice"),
        ("version: 1\n---\nversion: 1", 2, "second document"),
        ("version: [1", 1, "not valid YAML"),
        ("[" * 50 + "]" * 50, 1, "deeper"),
        ("? [a]\n: b", 1, "key"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, line: int, words: str) -> None:
    said = complaint(text)
    assert said.startswith(f"lockgate.yaml:{line}: ") or "not valid YAML" in said
    assert words in said


def test_a_missing_or_binary_or_huge_file_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        settings.load(tmp_path / "absent.yaml")
    for content in (b"\xff\xfe\x00", b"\x00" * 10, b"a: " + b"x" * 2_000_000):
        with pytest.raises(ConfigurationError):
            settings.loads(content)


def shapes(shape: Any = Settings) -> list[Any]:
    found = [shape]
    for item in fields(shape):
        default = item.default
        inner = default[0] if isinstance(default, tuple) and default else default
        if is_dataclass(inner) and type(inner) not in found:
            found += shapes(type(inner))
    return found


def of_values(shape: Any) -> list[Any]:
    """A shape that stands below names of the user's, and those within it: they have no default to be found by."""
    hints = [one for hint in get_type_hints(shape).values() for one in (hint, *get_args(hint))]
    return [shape, *(one for one in dict.fromkeys(hints) if is_dataclass(one))]


def test_every_setting_is_described() -> None:
    valued = (settings.RebuildSettings, settings.TableSettings, settings.NoticeSettings, settings.PeopleSettings)
    every = [*shapes(), *(one for shape in valued for one in of_values(shape))]
    assert len(every) == 24
    for shape in every:
        assert shape.__doc__
        for item in fields(shape):
            assert item.metadata["about"].endswith("."), f"{shape.__name__}.{item.name}"
            assert f"`{item.name}`" in settings.reference_markdown(lambda family: ())


def test_the_schema_is_a_valid_schema_and_accepts_the_defaults() -> None:
    import yaml

    jsonschema.Draft202012Validator.check_schema(settings.schema())
    jsonschema.validate(yaml.safe_load(settings.starting_text()), settings.schema())


_words = st.sampled_from(["secrets", "high", "low", "runtime", "malformed", "x", "", "a/**", "imported", "critical"])
_scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 3), st.sampled_from([0.5, 1.0, 2.5]), _words, st.text("ab*:#", max_size=3)
)
_leaves = st.one_of(_scalars, st.lists(_scalars, max_size=2))


def _some_of(names: list[str], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(names), values, max_size=2)


_condition = _some_of([*(item.name for item in fields(Condition)), "other"], _scalars)
_must_read = st.fixed_dictionaries(
    {},
    optional={
        "families": st.one_of(st.none(), st.lists(_words, max_size=2)),
        "max_skips": _scalars,
        "deny_skips": st.lists(_some_of(["kind", "family", "path", "no"], _words), max_size=2),
    },
)
_gate = st.fixed_dictionaries(
    {}, optional={"warn": st.lists(_condition, max_size=2), "deny": _leaves, "must_read": _must_read}
)
_documents = st.fixed_dictionaries(
    {},
    optional={
        "version": st.one_of(st.just(1), _scalars),
        "families": _leaves,
        "exclude": _leaves,
        "waivers": _scalars,
        "limits": st.one_of(_scalars, _some_of(["seconds", "file_bytes", "bytes"], _scalars)),
        "scanners": st.one_of(_scalars, _some_of(["secrets", "nothing"], _some_of(["a", "b"], _leaves))),
        "gate": st.one_of(_gate, _scalars),
    },
)


@given(_documents)
@hypothesis_settings(max_examples=100, deadline=None)
def test_the_schema_and_the_loader_agree(document: dict[str, Any]) -> None:
    accepts = jsonschema.Draft202012Validator(settings.schema()).is_valid(document)
    try:
        settings.loads(json.dumps(document).encode())
        reads = True
    except ConfigurationError:
        reads = False
    assert reads is accepts


@given(st.one_of(st.binary(max_size=300), st.text("{}[]:-&*!? \n'\"ab", max_size=200).map(str.encode)))
@hypothesis_settings(max_examples=100, deadline=None)
def test_any_bytes_are_settings_or_a_configuration_error(content: bytes) -> None:
    try:
        assert isinstance(settings.loads(content), Settings)
    except ConfigurationError as error:
        assert error.where.startswith("lockgate.yaml")


def test_importing_settings_does_not_import_yaml_or_re2() -> None:
    code = "import sys, lockgate.settings; sys.exit(any(name in sys.modules for name in ('yaml', 're2')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


DECLARED = {
    "secrets": (
        settings.ScannerOption("max_bytes", int, "A larger file is not read.", minimum=1),
        settings.ScannerOption("hosts", str, "Where from.", many=True),
    )
}


def declared(family):
    return DECLARED.get(family, ())


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ("secrets: {max_byte: 1}", "has no option 'max_byte'", "did you mean 'max_bytes'?"),
        ("secrets: {zzz: 1}", "has no option 'zzz'", "known: max_bytes, hosts"),
        ("workflows: {a: 1}", "has no option 'a'", "known: none"),
        ("secrets: {max_bytes: big}", "scanners.secrets.max_bytes must be a whole number", ""),
        ("secrets: {max_bytes: 0}", "at least 1", ""),
        ("secrets: {hosts: a}", "must be a list", ""),
        ("secrets: {hosts: [a, 1]}", "scanners.secrets.hosts[1] must be a text", ""),
    ],
)
def test_an_option_that_no_scanner_declares_is_refused_with_the_nearest_one(text, words, hint):
    with pytest.raises(ConfigurationError) as caught:
        settings.loads(f"scanners:\n  {text}".encode(), options=declared)
    assert words in caught.value.message and caught.value.where == "lockgate.yaml:2"
    assert hint in caught.value.hint


def test_declared_options_are_read_and_on_the_page():
    read = settings.loads(b"scanners:\n  secrets: {max_bytes: 9, hosts: [a]}", options=declared)
    assert read.scanners == {"secrets": {"max_bytes": 9, "hosts": ("a",)}}
    page = settings.reference_markdown(declared)
    assert "## `scanners.secrets`" in page and "| `max_bytes` | whole number from 1 |  | A larger file" in page


def test_a_file_that_names_no_option_asks_no_scanner():
    settings.loads(b"version: 1\nscanners: {secrets: {}}", options=lambda family: pytest.fail("asked"))
