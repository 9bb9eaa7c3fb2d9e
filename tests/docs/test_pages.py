"""The reference pages name everything that the code has, and `--check` notices when they do not."""

import dataclasses
import importlib.util
import re
import sys
from pathlib import Path

import pytest

from lockgate.cli import _parser
from lockgate.errors import ExitCode
from lockgate.rules import load
from lockgate.settings import Settings, loads
from lockgate.tables import tables

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "generate.py"


@pytest.fixture
def generate():
    spec = importlib.util.spec_from_file_location("generate", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_exit_code_has_a_row(generate):
    page = generate.exit_codes()
    assert all(f"| {code.value} | {code.name.lower()} |" in page for code in ExitCode)


def test_every_command_has_a_section(generate, monkeypatch):
    monkeypatch.setenv("COLUMNS", "110")
    page = generate.command_line()
    assert all(f"## lockgate {name}\n" in page for name in _parser.command_names())


def test_every_table_and_column_is_described(generate):
    page = generate.tables()
    for name, table in tables().items():
        assert name in page
        assert all(column.name in page for column in table.columns)


def test_every_setting_is_described_and_in_the_schema(generate):
    page, schema = generate.settings(), generate.settings_schema()
    for field in dataclasses.fields(Settings):
        if field.name in ("gate", "limits", "exclude", "families", "waivers"):
            assert field.name in page
            assert f'"{field.name}"' in schema


def test_every_rule_has_its_section(generate):
    page = generate.rules()
    assert all(str(rule.id) in page for rule in load().rules)


def test_check_notices_a_page_that_differs_and_a_missing_one(generate, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(generate, "HERE", tmp_path / "reference")
    monkeypatch.setattr(generate, "PAGES", {"exit-codes.md": generate.exit_codes})
    monkeypatch.setattr(sys, "argv", ["generate.py"])
    check = ["generate.py", "--check"]
    assert generate.main() == 0
    monkeypatch.setattr(sys, "argv", check)
    assert generate.main() == 0
    page = tmp_path / "reference" / "exit-codes.md"
    page.write_text(page.read_text().replace("denied", "refused"))
    assert generate.main() == 1
    assert "exit-codes.md" in capsys.readouterr().out
    page.unlink()
    assert generate.main() == 1
    assert not page.exists()


def test_every_example_of_settings_in_the_pages_can_be_read():
    names = {field.name for field in dataclasses.fields(Settings)}
    read = 0
    for page in sorted(SCRIPT.parent.glob("*.md")):
        for block in re.findall(r"^```yaml\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
            keys = set(re.findall(r"^(\w+):", block, re.MULTILINE))
            if keys and keys <= names and not re.search(r"^waivers:$", block, re.MULTILINE):  # a file of waivers
                loads(block.encode(), where=page.name)
                read += 1
    assert read >= 9
