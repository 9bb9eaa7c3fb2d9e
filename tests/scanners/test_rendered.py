"""Overlays and charts are judged by what they make, at the lines of what they are made of."""

import pytest

from lockgate.formats import charts, manifests
from lockgate.model import Confidence, Family, File, Finding, Rule, RuleId, Severity, Skip, SkipKind
from lockgate.scanners import ScanContext
from lockgate.scanners.rendered import SCANNER

POD = b"apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    tty: true\n"
PATCH = b"resources: [../base]\nnamespace: prod\npatches:\n- path: calm.yaml\n"
CALM = b"apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - {name: app, tty: false}\n"
TEMPLATE = POD.replace(b"web", b"{{ .Release.Name }}")
RULE = Rule(
    RuleId("policy/x"), Family.POLICY, "t", "w", Severity.HIGH, Confidence.HIGH, "f",
    {"kinds": ["Workload"], "each": "containers", "deny": "item.?tty.orValue(false)", "message": "'no'",
     "field": "tty"},
)  # fmt: skip


class Tree:
    """Files by path, and a helm that fills in the one thing these templates ask for."""

    def __init__(self, files, *, helm=True):
        self.files, self.helm, self.asked = files, helm, []

    def run(self, *, only=None):
        context = ScanContext(b"s" * 16, sibling=self.files.get, below=self.below)
        if self.helm:
            context = ScanContext(b"s" * 16, sibling=self.files.get, below=self.below, render=self.render)
        session = SCANNER.start([RULE], context)
        answers = []
        for path, content in self.files.items():
            if SCANNER.wants(path, len(content)) and (only is None or path in only):
                answers += session.feed(File(path, len(content), lambda content=content: content))
        return [*answers, *session.finish()]

    def below(self, folder):
        return tuple(sorted(path for path in self.files if folder == "." or path.startswith(f"{folder}/")))

    def render(self, folder, files):
        self.asked.append((folder, sorted(files)))
        inner = {path.removeprefix(f"{folder}/"): content for path, content in files.items()}
        printed = b"".join(
            b"---\n# Source: shop/" + path.encode() + b"\n" + content.replace(b"{{ .Release.Name }}", b"shop")
            for path, content in inner.items() if path.startswith("templates/")
        )  # fmt: skip
        return charts.read_rendered(folder, printed, files)


def places(answers):
    return [(one.location.path, one.location.line, one.fact("generated-by"), one.fact("namespace")) for one in answers]


def test_a_fault_of_the_base_shows_at_its_line_and_names_the_overlay():
    tree = Tree({"base/pod.yaml": POD, "prod/kustomization.yaml": b"resources: [../base/pod.yaml]\nnamespace: prod\n"})
    assert places(tree.run()) == [("base/pod.yaml", 7, "kustomize prod", "prod")]


def test_what_an_overlay_mends_is_no_fault_of_the_overlay():
    files = {"base/pod.yaml": POD, "base/kustomization.yaml": b"resources: [pod.yaml]\n"}
    files |= {"prod/kustomization.yaml": PATCH, "prod/calm.yaml": CALM}
    assert [made for _, _, made, _ in places(Tree(files).run())] == ["kustomize base"]


def test_an_overlay_of_something_far_away_is_a_skip():
    (skip,) = Tree({"kustomization.yaml": b"resources: ['https://example.com/x?ref=1']\n"}).run()
    assert isinstance(skip, Skip)
    assert skip.kind is SkipKind.UNRESOLVED


CHART = {
    "deploy/shop/Chart.yaml": b"apiVersion: v2\nname: shop\nversion: 0.1.0\n",
    "deploy/shop/templates/pod.yaml": TEMPLATE,
    "deploy/shop/notes/a.txt": b"a",
    "deploy/other.txt": b"b",
}


def test_a_chart_is_rendered_with_all_of_its_files_and_judged_at_the_lines_of_its_templates():
    tree = Tree(CHART)
    assert places(tree.run()) == [("deploy/shop/templates/pod.yaml", 7, "helm chart ./deploy/shop", "default")]
    assert tree.asked == [("deploy/shop", [path for path in sorted(CHART) if path.startswith("deploy/shop/")])]


def test_a_change_to_one_template_renders_the_chart_around_it():
    assert len(Tree(CHART).run(only={"deploy/shop/templates/pod.yaml"})) == 1
    assert Tree(CHART).run(only={"deploy/other.txt"}) == []


def test_without_helm_the_chart_and_its_templates_are_skips():
    answers = Tree(CHART, helm=False).run()
    assert [(one.path, one.kind) for one in answers if isinstance(one, Skip)] == [
        ("deploy/shop/Chart.yaml", SkipKind.MISSING_TOOL),
        ("deploy/shop/templates/pod.yaml", SkipKind.UNRESOLVED),
    ]


def test_a_template_of_no_chart_is_a_skip():
    (skip,) = Tree({"ansible/templates/pod.yaml": TEMPLATE}).run()
    assert isinstance(skip, Skip)
    assert skip.reason == manifests.CHART_TEMPLATE


def test_a_chart_within_a_chart_is_rendered_once():
    inner = {path.replace("shop/", "shop/charts/db/"): content for path, content in CHART.items() if "shop" in path}
    tree = Tree(CHART | inner)
    tree.run()
    assert [folder for folder, _ in tree.asked] == ["deploy/shop"]


@pytest.mark.parametrize("path", ["src/app.yaml", "README.md", "docs/chart.yaml"])
def test_other_files_are_not_asked_for(path):
    assert not SCANNER.wants(path, 1)


def test_findings_are_findings():
    assert all(isinstance(one, Finding) for one in Tree(CHART).run())
