"""`lockgate init`, and the other pipelines we ship: valid by their vendors' schemas, quiet under our own rules."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lockgate import __version__, settings
from lockgate.engine import Request, scan
from lockgate.gates.check import GATE
from lockgate.model import Family, Severity
from lockgate.rules import load
from lockgate.sources.repository import TreeSource

TOP = Path(__file__).resolve().parents[2]
WRITTEN = {"github": ".github/workflows/lockgate.yml", "azure": "azure-pipelines-lockgate.yml"}


def valid(schema: str, path: Path) -> None:
    """Azure's schema holds patterns that the strict dialect of regular expressions refuses."""
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema",
         "--regex-variant", "nonunicode", "--builtin-schema", schema, str(path)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def weaknesses(folder: Path) -> list[str]:
    """What our rules for workflows say at medium or above; fails when nothing was judged."""
    told = []
    scan(
        [TreeSource(folder)], load({Family.WORKFLOWS}), GATE, store=None, ledger=None,
        request=Request(families=(Family.WORKFLOWS,), tell=told.append),
    )  # fmt: skip
    assert "nothing of this kind" not in told[0].coverage["workflows"], "no file was judged"
    assert told[0].skips == ()
    return [
        f"{one.finding.rule}: {one.finding.message}"
        for one in told[0].findings
        if one.finding.severity >= Severity.MEDIUM
    ]


@pytest.mark.parametrize("ci", WRITTEN)
def test_the_pipeline_fits_the_schema_of_its_vendor(lockgate, tmp_path, ci):
    done = lockgate("init", "--ci", ci, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    valid({"github": "vendor.github-workflows", "azure": "vendor.azure-pipelines"}[ci], tmp_path / WRITTEN[ci])


@pytest.mark.parametrize("ci", WRITTEN)
def test_our_own_rules_find_nothing_in_the_pipeline(lockgate, tmp_path, ci):
    lockgate("init", "--ci", ci, cwd=tmp_path)
    assert weaknesses(tmp_path) == []


def test_the_workflow_that_builds_is_sound_and_its_build_known_to_the_command_line(lockgate, tmp_path):
    done = lockgate("init", "--build", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    path = tmp_path / ".github" / "workflows" / "lockgate-build.yml"
    valid("vendor.github-workflows", path)
    assert weaknesses(tmp_path) == []
    steps = yaml.safe_load(path.read_text())["jobs"]["build"]["steps"]
    (step,) = (one for one in steps if "buildx" in one.get("run", ""))
    words = step["run"].partition("lockgate build")[2].replace("\\\n", " ").replace('"', "").split()
    assert subprocess.run(["bash", "-n"], input=step["run"], text=True).returncode == 0
    told = lockgate("build", *words, cwd=tmp_path)  # the shell has not put in the name: it is refused, and nothing else
    assert "--tag: " in told.stderr
    assert (lockgate("init", "--build", "--ci", "azure", cwd=tmp_path)).returncode == 2


def test_the_check_of_the_pipeline_is_known_to_the_command_line(lockgate, secrets_only):
    """The very words that the workflow runs."""
    lockgate("init", "--force", cwd=secrets_only.folder)
    steps = yaml.safe_load((secrets_only.folder / WRITTEN["github"]).read_text())["jobs"]["check"]["steps"]
    words = next(step["run"] for step in steps if step.get("name") == "Check").replace("\\\n", " ").split()
    assert words[0] == "lockgate"
    secrets_only.commit()
    done = lockgate(*words[1:], cwd=secrets_only.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (secrets_only.folder / "lockgate.sarif").is_file()


def test_the_settings_it_writes_load(lockgate, tmp_path):
    lockgate("init", "--ci", "none", cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["lockgate.yaml"]
    assert settings.load(tmp_path / "lockgate.yaml").families


def test_files_that_are_there_are_kept_until_forced(lockgate, tmp_path):
    (tmp_path / "lockgate.yaml").write_text("version: 1\n")
    done = lockgate("init", cwd=tmp_path)
    assert "kept    lockgate.yaml" in done.stdout
    assert (tmp_path / "lockgate.yaml").read_text() == "version: 1\n"
    assert (tmp_path / WRITTEN["github"]).exists()
    lockgate("init", "--force", cwd=tmp_path)
    assert (tmp_path / "lockgate.yaml").read_text() != "version: 1\n"


def test_a_folder_that_is_not_there_is_an_error(lockgate, tmp_path):
    done = lockgate("init", "nowhere", cwd=tmp_path)
    assert done.returncode == 5
    assert "nowhere: there is no such folder" in done.stderr


def test_a_place_that_cannot_be_written_is_an_error_and_no_defect(lockgate, tmp_path):
    (tmp_path / ".github").write_text("a file where a folder must be")
    done = lockgate("init", cwd=tmp_path)
    assert done.returncode == 5
    assert "a defect of Lockgate" not in done.stderr


def test_the_action_fits_the_schema_and_our_rules(tmp_path):
    valid("vendor.github-actions", TOP / "action.yml")
    (tmp_path / "action.yml").write_bytes((TOP / "action.yml").read_bytes())
    assert weaknesses(tmp_path) == []


def test_the_steps_template_for_azure_passes_our_rules(tmp_path):
    template = (TOP / "templates" / "azure-pipelines.yml").read_bytes()
    (tmp_path / "azure-pipelines.yml").write_bytes(template)
    assert weaknesses(tmp_path) == []
    parameters = {one["name"]: one["default"] for one in yaml.safe_load(template)["parameters"]}
    assert parameters["version"] == __version__


@pytest.mark.parametrize("place", ["action.yml", "templates/azure-pipelines.yml"])
def test_a_pipeline_judges_every_family_but_dependencies_without_advisories(place: str) -> None:
    text = (TOP / place).read_text()
    assert all(one in text for one in ("secrets", "workflows", "dockerfiles", "policy"))


def test_our_own_workflows_fit_the_schema():
    for path in sorted((TOP / ".github" / "workflows").glob("*.yml")):
        valid("vendor.github-workflows", path)


def test_every_hook_names_a_command_that_exists():
    """The keys that pre-commit demands, and an entry that our own parser takes."""
    from lockgate.cli import _parser

    hooks = yaml.safe_load((TOP / ".pre-commit-hooks.yaml").read_text())
    assert hooks
    for hook in hooks:
        assert {"id", "name", "entry", "language", "stages"} <= set(hook)
        assert hook["language"] == "python"
        program, *arguments = hook["entry"].split()
        assert program == "lockgate"
        assert _parser.parse(arguments).command == arguments[0]
