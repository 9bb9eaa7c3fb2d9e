"""What is shipped and how the source is kept: the wheel, the floors, docstrings, sizes, nothing of a machine."""

import ast
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lockgate.formats import credentials, lockfiles
from lockgate.prepared import prepared

TOP = Path(__file__).resolve().parents[1]
PACKAGE = TOP / "src" / "lockgate"
MODULES = sorted(PACKAGE.rglob("*.py"))
pytestmark = pytest.mark.timeout(180)
"""Building a wheel compiles every policy, in the first test that asks for it."""
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: cart}
spec: {containers: [{name: cart, image: "nginx:1.27", securityContext: {privileged: true}}]}
"""


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


SAME_RULES = """
from dataclasses import replace
from itertools import combinations
from lockgate.rules import OWN_FAMILIES, digest_of, load
every = load().rules
for count in range(1, len(OWN_FAMILIES) + 1):
    for families in combinations(OWN_FAMILIES, count):
        read, made = [rule for rule in every if rule.family in families], load(families, samples=False)
        assert made.digest == digest_of(read), families
        assert made.rules == tuple(replace(rule, samples=()) for rule in read), families
        assert not any(rule.samples for rule in made.rules)
print(len(every))
"""
SAME_POLICIES = """
from types import CodeType
from lockgate.policy.catalogue import _prepared
from lockgate.policy.catalogue._plan import guards_of
from lockgate.policy.catalogue.kubernetes import _AMONG_VARIABLES, VARIABLES, _compiled, compile_policy, expression_of
from lockgate.rules import load

def shape(code):
    consts = tuple(shape(one) if isinstance(one, CodeType) else (type(one), one) for one in code.co_consts)
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, consts

def said(one):
    return one.source, one.where, one.kind, one.libraries, one.names, shape(one._code)

rules = [rule for rule in load().rules if rule.family == "policy" and "kinds" in rule.logic]
made = [compile_policy(rule, {}) for rule in rules]
guards = guards_of((one for one in made if one.among is None), {})
for rule, policy in zip(rules, made):
    names = _AMONG_VARIABLES if "among" in rule.logic else VARIABLES
    read = _prepared.read(rule, names)
    deny, message, needs, guard, fields = _compiled(rule, policy.path, {}, names)
    assert read is not None, rule.id
    assert (said(read[0]), said(read[1]), *read[2:]) == (said(deny), said(message), needs, guard, fields), rule.id
for (_, text), guard in guards.items():
    assert said(_prepared.guard_of(text, VARIABLES)) == said(expression_of(text, "guard", {})) == said(guard), text
print(len(rules), len(guards))
"""


SAME_READERS = """
import sys
from lockgate.formats import credentials, lockfiles
from lockgate.prepared import prepared

PATHS = sys.stdin.read().splitlines()
made = [(lockfiles.wants(path), credentials.wants(path)) for path in PATHS]
tests = {name: list(map(test, PATHS)) for name, test in credentials._tests().items()}
assert not any(name.startswith("lockgate.formats.credentials.") and "._" not in name for name in sys.modules)
assert tests == {name: list(map(reader.matches, PATHS)) for name, reader in credentials.readers().items()}
assert all(credentials._reader(name) is reader for name, reader in credentials.readers().items())
assert lockfiles.endings() == prepared("readers").LOCKFILES
for at, path in enumerate(PATHS):
    assert made[at][0] == (lockfiles.reader_of(path) is not None), path
    assert made[at][1] >= any(one[at] for one in tests.values()), path  # it may say yes where no reader does
print(sum(a for a, _ in made), sum(map(any, zip(*tests.values()))))
"""


SAME_CLASSES = """
import sys
from importlib import import_module
from types import CodeType
from lockgate.cli import main
from lockgate.prepared import prepared

made = prepared("inits").INITS
module = import_module("lockgate.dataclass")
compiled = []
module.compile = lambda *given: compiled.append(given[0]) or compile(*given)
assert main(["check", "--quiet", "--family", "policy", "one.yaml"]) == 1
for shape, code in made.items():
    whole = compile(module._text(*shape), "<string>", "exec")
    own = next(one for one in whole.co_consts if isinstance(one, CodeType))
    assert own.co_code == code.co_code and own.co_names == code.co_names and own.co_varnames == code.co_varnames, shape
    assert own.co_consts == code.co_consts, shape
print(len(made), len(compiled))
"""


@pytest.fixture(scope="module")
def unpacked(wheel, tmp_path_factory):
    """Runs Python with the package as the wheel brings it, warnings being errors; gives what it prints."""
    folder = tmp_path_factory.mktemp("unpacked")
    for name, content in wheel.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def run(code, **more):
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        code = f"import lockgate; assert {str(folder)!r} in lockgate.__file__\n{code}"
        command = [sys.executable, "-W", "error", "-c", code]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, **more)

    return run


@pytest.mark.slow
def test_a_wheel_brings_its_rules_parsed_and_they_are_those_of_its_files(wheel, unpacked):
    done = unpacked(SAME_RULES)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == sum(name.endswith(".yaml") for name in wheel if name.startswith("lockgate/rules/"))


@pytest.mark.slow
def test_a_wheel_brings_the_shapes_of_the_classes_that_a_check_makes(unpacked, tmp_path):
    (tmp_path / "one.yaml").write_text(POD)
    done = unpacked(SAME_CLASSES, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    made, compiled = map(int, done.stdout.split()[-2:])
    assert made > 30
    assert compiled < 8


@pytest.mark.slow
def test_a_wheel_brings_its_policies_compiled_and_they_are_those_of_its_rules(unpacked):
    done = unpacked(SAME_POLICIES)
    assert done.returncode == 0, done.stderr
    policies, guards = map(int, done.stdout.split())
    assert policies >= 300 and guards >= 5


def test_a_wheel_knows_which_paths_its_readers_want(unpacked):
    """Paths that the readers name, in other folders, in capitals, with more before and after."""
    tests = credentials.path_tests().values()
    ends = [*lockfiles.endings(), *(part for parts in tests for one in parts for part in one)]
    ends += ["requirements/dev.txt", "base-requirements.txt", "packages.web.lock.json", "pylock.ci.toml", "one.yaml"]
    names = {name for end in ends for name in (end, end.upper(), f"x{end}", f"{end}x", f".{end}.yaml", f"{end}.json")}
    paths = sorted(f"{folder}{name}".replace("//", "/") for name in names for folder in ("", "deep/er/"))
    done = unpacked(SAME_READERS, input="\n".join(paths))
    assert done.returncode == 0, done.stderr
    locks, secrets = map(int, done.stdout.split())
    assert locks >= 60 and secrets >= 200


def test_a_first_check_by_a_wheel_reads_no_rule_and_compiles_no_policy(unpacked, tmp_path):
    (tmp_path / "one.yaml").write_text(POD)
    idle = {"lockgate.rules._form", "lockgate.rules._yaml", "lockgate.policy.cel.parser", "lockgate.policy.cel.emit",
            "lockgate.made.policies_others"}  # fmt: skip
    done = unpacked(
        "import sys\nfrom lockgate.cli import main\nmain(['check', 'one.yaml'])\n"
        f"print(sorted(set(sys.modules) & {idle!r}))",
        cwd=tmp_path,
    )
    assert "policy/privileged-container" in done.stdout, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_source_tree_brings_nothing_ready_made():
    assert prepared("rules_digests") is None


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

    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    extras = [one for listed in project.get("optional-dependencies", {}).values() for one in listed]
    declared = {re.split(r"[<>=]", one)[0] for one in [*project["dependencies"], *extras]}
    called = {
        "arro3": "arro3-core", "azure": "azure-core", "backports": "backports-zstd", "google": "protobuf",
        "grpc": "grpcio", "nacl": "pynacl", "opentelemetry": "opentelemetry-proto", "packageurl": "packageurl-python",
        "pkcs11": "python-pkcs11", "py4j": "pyspark", "argon2": "argon2-cffi",
        "jwt": "pyjwt", "re2": "google-re2", "rfc3161_client": "rfc3161-client", "tree_sitter": "tree-sitter",
        "ua_parser": "ua-parser",
        "yaml": "pyyaml", "yara_x": "yara-x",
    }  # fmt: skip
    imported = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {one.name.partition(".")[0] for one in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.partition(".")[0])
    newer = {"compression"}  # of the standard library from 3.14 on
    foreign = imported - set(sys.stdlib_module_names) - newer - {"lockgate"}
    assert {called.get(name, name) for name in foreign} - declared == set()
