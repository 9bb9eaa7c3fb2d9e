"""kubectl works against the simulator as against a real cluster."""

import shutil
import subprocess

import pytest
import yaml

DEPLOYMENT = {
    "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"},
    "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "shop"}},
             "template": {"metadata": {"labels": {"app": "shop"}},
                          "spec": {"containers": [{"name": "web", "image": "nginx:1.27"}]}}},
}  # fmt: skip


@pytest.fixture
def kubectl(cluster, tmp_path):
    """Runs kubectl as the administrator in the own namespace."""
    program = shutil.which("kubectl")
    if program is None:
        pytest.skip("kubectl is not installed (Debian package kubernetes-client)")

    def run(*arguments, stdin="", check=True, kubeconfig=cluster.kubeconfig):
        done = subprocess.run(
            [program, "--kubeconfig", str(kubeconfig), "--cache-dir", str(tmp_path / "cache"), "-n", cluster.namespace,
             *arguments], input=stdin, capture_output=True, text=True, timeout=50, env={"HOME": str(tmp_path)},
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stderr
        return done

    return run


def test_apply_creates_then_changes_then_leaves_alone(kubectl):
    text = yaml.safe_dump(DEPLOYMENT)
    assert kubectl("apply", "-f", "-", stdin=text).stdout == "deployment.apps/shop created\n"
    newer = text.replace("1.27", "1.28")
    assert kubectl("apply", "-f", "-", stdin=newer).stdout == "deployment.apps/shop configured\n"
    assert kubectl("apply", "-f", "-", stdin=newer).stdout == "deployment.apps/shop unchanged\n"
    got = kubectl("get", "deploy", "shop", "-o", "jsonpath={.spec.template.spec.containers[0].image}")
    assert got.stdout == "nginx:1.28"


def test_get_prints_a_table_that_the_server_drew(kubectl):
    kubectl("apply", "-f", "-", stdin=yaml.safe_dump(DEPLOYMENT))
    header, row = kubectl("get", "deployments").stdout.splitlines()
    assert header.split() == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert row.split()[:2] == ["shop", "0/0"]


def test_delete_waits_until_the_object_is_gone(kubectl):
    kubectl("apply", "-f", "-", stdin=yaml.safe_dump(DEPLOYMENT))
    assert 'deployment.apps "shop" deleted' in kubectl("delete", "deployment", "shop").stdout
    assert "NotFound" in kubectl("get", "deployment", "shop", check=False).stderr


def test_can_i_answers_by_the_rules(kubectl, cluster):
    assert kubectl("auth", "can-i", "create", "pods").stdout == "yes\n"
    if cluster.simulator:
        token = cluster.simulator.token("ada", rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}])
        ada = cluster.simulator.kubeconfig(token)
        assert kubectl("auth", "can-i", "list", "pods", kubeconfig=ada).stdout == "yes\n"
        assert kubectl("auth", "can-i", "list", "secrets", kubeconfig=ada, check=False).stdout == "no\n"


def test_server_side_apply_refuses_to_take_a_field_from_another(kubectl):
    text = yaml.safe_dump(DEPLOYMENT)
    kubectl("apply", "--server-side", "--field-manager", "one", "-f", "-", stdin=text)
    newer = text.replace("1.27", "1.28")
    refused = kubectl("apply", "--server-side", "--field-manager", "two", "-f", "-", stdin=newer, check=False)
    assert 'conflict with "one": .spec.template.spec.containers[name="web"].image' in refused.stderr
    kubectl("apply", "--server-side", "--field-manager", "two", "--force-conflicts", "-f", "-", stdin=newer)
