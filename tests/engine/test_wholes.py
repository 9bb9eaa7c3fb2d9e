"""Answers about a source as a whole: kept while nothing has changed that they depend on, and never longer."""

import os
import random
import shutil
from pathlib import Path

import pytest

from lockgate.engine import Request, scan
from lockgate.engine.scan import members
from lockgate.gates.check import GATE
from lockgate.model import Family
from lockgate.rules import load
from lockgate.sources.repository import TreeSource, tree
from lockgate.store.cache import Cache

FAMILIES = (Family.POLICY, Family.WORKFLOWS)
RULES = load(FAMILIES)
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop}\nspec: {selector: {app: %s}}\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec: {template: {metadata: {labels: {app: cart}}, spec: {containers: [{name: cart, image: cart}]}}}
"""
OVERLAY = "resources: [deploy.yaml]\npatches: [{path: patch.json}]\nnamespace: shop\n"
PATCH = '{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "cart"}, "spec": {"replicas": %d}}\n'
TEMPLATE = """\
# Source: cart/templates/pod.yaml
apiVersion: v1
kind: Pod
metadata: {name: %s}
spec: {containers: [{name: a}]}
"""
BICEP = "module inner 'inner.bicep' = {\n  name: 'inner'\n}\n"
REGISTRY = """\
resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  name: 'cart'
  location: 'westeurope'
  sku: { name: 'Basic' }
  properties: { adminUserEnabled: %s }
}
"""
WORKFLOW = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n"
PIPELINE = (
    "trigger: [main]\npool: {vmImage: ubuntu-latest}\nsteps:\n  - script: curl http://example.com/install.sh | bash\n"
)
FILES = {
    "plain/service.yaml": SERVICE % "card",
    "plain/deploy.yaml": DEPLOYMENT,
    "overlay/kustomization.yaml": OVERLAY,
    "overlay/deploy.yaml": DEPLOYMENT,
    "overlay/patch.json": PATCH % 1,
    "chart/Chart.yaml": "apiVersion: v2\nname: cart\nversion: 1.0.0\n",
    "chart/values.yaml": "a: 1\n",
    "chart/templates/pod.yaml": TEMPLATE % "one",
    "infra/main.bicep": BICEP,
    "infra/inner.bicep": REGISTRY % "true",
    ".github/workflows/ci.yml": WORKFLOW,
    "azure-pipelines.yml": PIPELINE,
    "src/main.go": "package main\n",
}


class Project:
    """A folder that is judged with a cache and without, and what was read of it."""

    def __init__(self, folder: Path, made: Path, monkeypatch):
        self.folder, self.monkeypatch = folder / "tree", monkeypatch
        self.cache, self.made = folder / "cache", made
        self.helm = folder / "bin" / "helm"
        self.helm.parent.mkdir(parents=True)
        self.helm.write_text("#!/bin/sh\ncat chart/templates/*.yaml\n")
        self.helm.chmod(0o755)
        monkeypatch.setenv("LOCKGATE_HELM", str(self.helm))
        self.reads: list[str] = []
        whole = tree._read
        monkeypatch.setattr(tree, "_read", lambda path, size: self.reads.append(path) or whole(path, size))
        for path, content in FILES.items():
            self.write(path, content)

    def write(self, path: str, content: str) -> None:
        """Write a file whose time is long past, as that of nearly every file is."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
        os.utime(target, (1_700_000_000, 1_700_000_000))

    def judged(self, cache: Cache | None = None, **asked):
        told = []
        request = Request(families=FAMILIES, tell=told.append, cache_dir=self.made, made_dir=self.made, **asked)
        self.reads.clear()
        scan([TreeSource(self.folder)], RULES, GATE, store=None, ledger=None, request=request, cache=cache)
        (result,) = told
        places = [(one.identity, one.finding.message, one.locations) for one in result.findings]
        return places, result.skips, dict(result.coverage), result.run.files, result.run.bytes

    def kept(self, **asked):
        with Cache.open(self.cache / "scans.db") as cache:
            return self.judged(cache, **asked)


@pytest.fixture
def project(tmp_path, tmp_path_factory, monkeypatch):
    return Project(tmp_path, tmp_path_factory.getbasetemp() / "made", monkeypatch)


def test_an_unchanged_source_is_not_read_again_and_says_the_same(project):
    first = project.kept()
    assert project.reads
    rules = {identity for identity, _, _ in first[0]}
    assert len(rules) > 10
    assert project.kept() == first
    assert project.reads == []
    assert project.judged() == first


def test_every_scanner_has_something_to_say(project):
    lines = "; ".join(project.judged()[2].values())
    for part in ("objects beside each other", "overlays and 1 charts", "Azure resources", "Azure pipelines"):
        assert part in lines


def change(path, content):
    return lambda project: project.write(path, content)


def remove(path):
    return lambda project: (project.folder / path).unlink()


def without_helm(project):
    project.monkeypatch.setenv("LOCKGATE_HELM", "no-such-program")


def other_helm(project):
    privileged = "s/{name: a}/{name: a, securityContext: {privileged: true}}/"
    project.helm.write_text(f"#!/bin/sh\ncat chart/templates/*.yaml | sed '{privileged}'\n")


CHANGES = {
    "a manifest changed": change("plain/service.yaml", SERVICE % "cart"),
    "a manifest came": change("plain/more.yaml", SERVICE.replace("cart", "more") % "none"),
    "a manifest went": remove("plain/deploy.yaml"),
    "a patch beside an overlay changed": change("overlay/patch.json", PATCH % 3),
    "a patch beside an overlay went": remove("overlay/patch.json"),
    "a template changed": change("chart/templates/pod.yaml", TEMPLATE % "two"),
    "a file of a chart that nobody wants came": change("chart/notes.md", "new"),
    "values of an environment came": change("chart/values-prod.yaml", "a: 2\n"),
    "a module changed": change("infra/inner.bicep", REGISTRY % "false"),
    "a module went": remove("infra/inner.bicep"),
    "a workflow changed": change(".github/workflows/ci.yml", WORKFLOW.replace("v4", "v3")),
    "a pipeline changed": change("azure-pipelines.yml", PIPELINE.replace("http:", "https:")),
    "helm is gone": without_helm,
    "helm is another": other_helm,
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_has_changed_is_judged_anew(project, name):
    before = project.kept()
    project.kept()
    CHANGES[name](project)
    after = project.kept()
    assert project.reads
    assert after == project.judged()
    if name != "a file of a chart that nobody wants came":
        assert after != before
    assert project.kept() == after


def test_a_change_that_no_scanner_of_wholes_looks_at_leaves_their_answers(project):
    first = project.kept()
    project.write("src/main.go", "package main // changed\n")
    assert project.kept()[0] == first[0]
    assert project.reads == []


def test_the_size_and_time_of_before_do_not_hide_a_change(project):
    project.kept()
    project.write("overlay/patch.json", PATCH % 2)  # as long as it was, with the same time
    assert project.kept() == project.judged()


def test_a_file_that_git_does_not_list_counts_when_it_is_asked_for(project, monkeypatch):
    import subprocess

    subprocess.run(["git", "init", "-q"], cwd=project.folder, check=True)
    project.write(".gitignore", "patch.json\n")
    project.kept()
    assert project.kept() and not project.reads
    project.write("overlay/patch.json", PATCH % 5)
    assert project.kept() == project.judged()
    remove("overlay/patch.json")(project)
    assert project.kept() == project.judged()


def test_a_fresh_file_is_never_answered_from_the_cache(project):
    (project.folder / "overlay/patch.json").write_text(PATCH % 4)
    project.kept()
    project.kept()
    assert any(path.endswith("patch.json") for path in project.reads)
    (project.folder / "overlay/patch.json").write_text(PATCH % 6)
    assert project.kept() == project.judged()


def test_a_program_that_is_missing_is_asked_for_again(project):
    without_helm(project)
    lacking = project.kept()
    assert any("helm" in skip.reason for skip in lacking[1])
    project.monkeypatch.setenv("LOCKGATE_HELM", str(project.helm))
    assert project.kept() == project.judged() != lacking


def test_other_options_and_a_part_of_the_project_have_answers_of_their_own(project):
    whole = project.kept()
    part = project.kept(partial=True)
    assert part == project.judged(partial=True) != whole
    options = {"policy": {"replicas": 5}}
    assert project.kept(options=options) == project.judged(options=options)
    assert project.kept() == whole


def test_a_damaged_answer_is_judged_anew(project, monkeypatch):
    first = project.kept()
    monkeypatch.setattr("lockgate.store.cache.CacheSession.get_whole", lambda self, name: b'["a", 1]')
    assert project.kept() == first
    assert project.reads


def test_out_of_time_says_so_and_keeps_nothing(project):
    assert "relations" in members(FAMILIES)
    cut = project.kept(seconds=-1.0)
    assert any("time budget" in skip.reason for skip in cut[1])
    assert project.kept() == project.judged()


@pytest.mark.parametrize("seed", range(2))
def test_after_any_changes_the_cache_says_what_judging_says(project, seed):
    dice = random.Random(seed)
    texts = [
        SERVICE % "card",
        SERVICE % "cart",
        DEPLOYMENT,
        OVERLAY,
        PATCH % 2,
        TEMPLATE % "x",
        REGISTRY % "true",
        "a: 1\n",
        "",
    ]
    for _ in range(8):
        for _ in range(dice.randrange(3)):
            path = dice.choice(list(FILES))
            target = project.folder / path
            if dice.random() < 0.3 and target.exists():
                target.unlink()
            else:
                project.write(path, dice.choice([FILES[path], dice.choice(texts)]))
        if dice.random() < 0.1:
            shutil.rmtree(project.folder / "chart", ignore_errors=True)
        assert project.kept() == project.judged()
