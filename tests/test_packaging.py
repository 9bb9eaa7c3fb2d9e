"""What is shipped and how the source is kept: the wheel, the floors, docstrings, sizes, nothing of a machine."""

import ast
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[1]
PACKAGE = TOP / "src" / "lockgate"
MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Names in the wheel, built from the tree as it stands."""
    pytest.importorskip("hatchling", reason="hatchling is not installed (requirements/dev.in)")
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=TOP, check=True, capture_output=True,
    )  # fmt: skip
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_holds_every_rule_and_every_module(wheel):
    rules = {path.relative_to(TOP / "src").as_posix() for path in PACKAGE.rglob("*.yaml")}
    assert rules
    assert rules <= set(wheel)
    assert {path.relative_to(TOP / "src").as_posix() for path in MODULES} <= set(wheel)


def test_the_wheel_holds_no_test_and_no_work_in_progress(wheel):
    odd = [n for n in wheel if not n.startswith(("lockgate/", "lockgate-")) or "test" in Path(n).parts[1:2]]
    assert odd == []
    assert not [name for name in wheel if name.endswith(".pyc") or ".lockgate" in name]


def test_the_wheel_brings_its_licence_and_its_command(wheel):
    names = {Path(name).name for name in wheel}
    assert {"LICENSE", "NOTICE", "entry_points.txt"} <= names
    entry = next(content for name, content in wheel.items() if name.endswith("entry_points.txt"))
    assert b"lockgate = lockgate.cli:main" in entry


def test_the_floors_hold():
    program = Path(sys.executable).with_name("lint-imports")
    if not program.exists():
        pytest.skip("import-linter is not installed (requirements/dev.in)")
    done = subprocess.run([str(program), "--no-cache"], cwd=TOP, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_says_what_it_is_for_and_stays_short(path):
    text = path.read_text("utf-8")
    assert ast.get_docstring(ast.parse(text)), "no docstring"
    assert text.count("\n") <= 600


def tracked():
    done = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("not a git repository")
    return [TOP / name for name in done.stdout.decode().split("\0") if name and (TOP / name).is_file()]


def test_no_tracked_file_names_a_path_or_a_registry_of_this_machine():
    places = [str(TOP), str(TOP.parent / "shared")]
    if sys.prefix != sys.base_prefix:
        places.append(sys.prefix)
    words = "|".join([*map(re.escape, places), "pypi-" + "mirror", "artif" + "actory"])
    told = []
    for path in tracked():
        content = path.read_bytes()
        if b"\0" not in content:
            lines = content.decode("utf-8", "replace").splitlines()
            told += [f"{path.relative_to(TOP)}:{n}" for n, line in enumerate(lines, 1) if re.search(words, line)]
    assert told == []


def test_every_distribution_that_is_imported_is_declared():
    """By name of module, for those whose module is called otherwise than the package."""
    import tomllib

    declared = {
        re.split(r"[<>=]", one)[0]
        for one in tomllib.loads((TOP / "pyproject.toml").read_text())["project"]["dependencies"]
    }
    called = {
        "arro3": "arro3-core", "packageurl": "packageurl-python", "re2": "google-re2", "tree_sitter": "tree-sitter",
        "yaml": "pyyaml",
    }  # fmt: skip
    imported = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {one.name.partition(".")[0] for one in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.partition(".")[0])
    foreign = imported - set(sys.stdlib_module_names) - {"lockgate"}
    assert {called.get(name, name) for name in foreign} - declared == set()
