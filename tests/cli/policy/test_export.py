"""`lockgate policy export`: files that a cluster takes."""

import json

import pytest

from lockgate.formats.yaml_safe import load_all
from lockgate.rules import load


def test_standard_output_holds_the_objects_of_one_rule(lockgate, tmp_path):
    done = lockgate("policy", "export", "--rules", "privileged-container", cwd=tmp_path)
    assert [body["kind"] for body in load_all(done.stdout)] == ["ConstraintTemplate", "LockgatePrivilegedContainer"]
    assert (done.returncode, done.stderr) == (0, "")


def test_a_folder_gets_one_file_a_rule(lockgate, tmp_path):
    done = lockgate("policy", "export", "--format", "vap", "--rules", "policy/rbac-*", "--out", "out", cwd=tmp_path)
    wanted = [one for one in load(["policy"]).rules if one.id.startswith("policy/rbac-")]
    assert len(list((tmp_path / "out").iterdir())) == len(wanted) > 10
    assert done.stdout == f"{len(wanted)} of {len(wanted)} rules exported to out as vap\n"


def test_templates_stand_apart_from_constraints(lockgate, tmp_path):
    lockgate("policy", "export", "--rules", "host-*", "--action", "warn", "--out", "out", cwd=tmp_path)
    templates, constraints = (
        {one.name for one in (tmp_path / "out" / name).iterdir()} for name in ("templates", "constraints")
    )
    assert templates == constraints
    (body,) = load_all((tmp_path / "out" / "constraints" / "lockgate-host-port.yaml").read_bytes())
    assert body["spec"]["enforcementAction"] == "warn"


def test_parameters_are_those_of_the_settings(lockgate, tmp_path):
    (tmp_path / "lockgate.yaml").write_text("version: 1\nscanners: {policy: {allowed_registries: [r.example]}}\n")
    done = lockgate("policy", "export", "--rules", "registry-not-allowed", cwd=tmp_path)
    assert list(load_all(done.stdout))[1]["spec"]["parameters"] == {"allowed_registries": ["r.example"]}


def test_azure_definitions_are_json(lockgate, tmp_path):
    done = lockgate("policy", "export", "--format", "azure", "--rules", "acr-admin-user", cwd=tmp_path)
    assert json.loads(done.stdout)["type"] == "Microsoft.Authorization/policyDefinitions"


@pytest.mark.parametrize("name", ["nothing-like-it", "policy/acr-admin-user"])
def test_a_rule_that_there_is_not_is_a_mistake(lockgate, tmp_path, name):
    done = lockgate("policy", "export", "--rules", name, cwd=tmp_path)
    assert done.returncode == 2
    assert name in done.stderr
