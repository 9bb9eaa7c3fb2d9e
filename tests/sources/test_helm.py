"""Charts are rendered by helm within bounds, or a Skip says why not."""

import stat
import textwrap
import time
from pathlib import Path

import pytest

from lockgate.formats import charts
from lockgate.model import SkipKind
from lockgate.sources import helm

CHART = b"apiVersion: v2\nname: shop\nversion: 0.1.0\n"
WEB = b"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-web
  labels: {{- include "shop.labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicas }}
  template:
    spec:
      {{- if .Values.hostNetwork }}
      hostNetwork: true
      {{- end }}
      containers:
      - name: web
        image: {{ .Values.image }}
        securityContext:
          privileged: true
{{- if (lookup "v1" "Secret" "" "x") }}
      found: yes
{{- end }}
"""
HELPERS = b'{{- define "shop.labels" -}}\napp: shop\n{{- end }}\n'
VALUES = b"replicas: 1\nimage: shop:1\nhostNetwork: false\n"


def chart(**more):
    files = {"Chart.yaml": CHART, "values.yaml": VALUES, "templates/web.yaml": WEB, "templates/_helpers.tpl": HELPERS}
    return {f"deploy/shop/{path}": content for path, content in (files | more).items()}


@pytest.fixture
def program():
    if helm.program() is None:
        pytest.skip("the program helm is not installed (LOCKGATE_HELM or PATH)")


def stand_in(tmp_path, monkeypatch, script: str):
    """A helm of our own."""
    binary = tmp_path / "helm"
    binary.write_text("#!/bin/sh\n" + textwrap.dedent(script))
    binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("LOCKGATE_HELM", str(binary))


def test_without_helm_the_chart_is_a_skip(monkeypatch):
    monkeypatch.setenv("LOCKGATE_HELM", "no-such-program")
    reading = helm.render("deploy/shop", chart())
    assert (reading.objects, reading.template) == ((), True)
    assert [(skip.path, skip.kind) for skip in reading.skips] == [("deploy/shop/Chart.yaml", SkipKind.MISSING_TOOL)]


def test_what_helm_prints_stands_in_its_templates(tmp_path, monkeypatch):
    stand_in(
        tmp_path,
        monkeypatch,
        r"""
        printf -- '---\n# Source: shop/templates/web.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n'
        printf '  name: release-name-web\nspec:\n  replicas: 1\n  template:\n    spec:\n      containers:\n'
        printf '      - name: web\n        image: shop:1\n        securityContext:\n          privileged: true\n'
        printf -- '---\n# Source: shop/charts/packed/templates/x.yaml\napiVersion: v1\nkind: Secret\n'
        printf 'text: "{{ kept }}"\n'
        """,
    )
    web, packed = helm.render("deploy/shop", chart()).objects
    assert (web.path, web.generated_by) == ("deploy/shop/templates/web.yaml", "helm chart ./deploy/shop")
    container = "/spec/template/spec/containers/0"
    lines = [
        web.line_of(p) for p in (f"{container}/securityContext/privileged", f"{container}/image", "/spec/replicas", "")
    ]
    assert lines == [17, 15, 7, 1]
    assert web.line_of("/metadata/name") == 3, "name stands twice in the template, so its parent answers"
    assert (packed.path, packed.line_of("/kind"), packed.body["text"]) == ("deploy/shop/Chart.yaml", 0, "{{ kept }}")


def test_helm_gets_nothing_of_the_caller_and_no_schema(tmp_path, monkeypatch):
    monkeypatch.setenv("HELM_PLUGINS", "/hostile")
    monkeypatch.setenv("KUBECONFIG", "/hostile")
    stand_in(
        tmp_path, monkeypatch, f'env > {tmp_path}/env; find . -type f > {tmp_path}/files; echo "$@" > {tmp_path}/args'
    )
    files = {"values.schema.json": b"{}", "charts/a/values.schema.json": b"{}", "../../out": b"x", "templates": b"x"}
    reading = helm.render("deploy/shop", chart(**files))
    assert "hostile" not in (tmp_path / "env").read_text()
    written = (tmp_path / "files").read_text()
    assert "./chart/templates/web.yaml" in written
    assert "schema" not in written and "out\n" not in written.replace("./out\n", "")
    assert (tmp_path / "args").read_text().split()[:3] == ["template", "release-name", "chart"]
    assert [skip.kind for skip in reading.skips] == [SkipKind.UNRESOLVED], "a chart that gives nothing is said"


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ("sleep 30", SkipKind.LIMIT),
        ("yes '# Source: a/b'", SkipKind.LIMIT),
        ("echo 'Error: found in Chart.yaml, but missing in charts/ directory: x' >&2; exit 1", SkipKind.UNRESOLVED),
        ("echo 'Error: something new' >&2; exit 1", SkipKind.UNRESOLVED),
        ("exit 3", SkipKind.UNRESOLVED),
    ],
)
def test_helm_that_fails_or_never_ends_is_a_skip(tmp_path, monkeypatch, script, kind):
    stand_in(tmp_path, monkeypatch, script)
    monkeypatch.setattr(helm, "TIMEOUT_SECONDS", 1.0)
    monkeypatch.setattr(helm, "MAX_OUTPUT", 100_000)
    begin = time.monotonic()
    reading = helm.render("deploy/shop", chart())
    assert ([skip.kind for skip in reading.skips], reading.objects) == ([kind], ())
    assert time.monotonic() - begin < 10


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for the process in /proc")
@pytest.mark.parametrize(
    "script", ["yes & echo $! >../child; wait", "yes & echo $! >../child", "sleep 60 & echo $! >../child; wait"]
)
def test_what_helm_started_ends_with_it(tmp_path, monkeypatch, script):
    stand_in(tmp_path, monkeypatch, script.replace("../child", f"{tmp_path}/child"))
    monkeypatch.setattr(helm, "TIMEOUT_SECONDS", 1.0)
    monkeypatch.setattr(helm, "MAX_OUTPUT", 100_000)
    helm.render("deploy/shop", chart())
    child = int((tmp_path / "child").read_text())
    gone = time.monotonic() + 10
    while time.monotonic() < gone and alive(child):
        time.sleep(0.05)
    assert not alive(child)


def alive(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def test_no_file_of_helm_grows_past_its_bound(tmp_path, monkeypatch):
    stand_in(tmp_path, monkeypatch, f"yes >{tmp_path}/other; sleep 0.2; exit 3")
    monkeypatch.setattr(helm, "MAX_OUTPUT", 100_000)
    helm.render("deploy/shop", chart())
    assert 0 < (tmp_path / "other").stat().st_size <= 400_000


def test_helm_itself_renders_the_chart_for_each_environment(program):
    reading = helm.render("deploy/shop", chart(**{"values-prod.yaml": b"hostNetwork: true\nreplicas: 3\n"}))
    assert reading.skips == ()
    base, prod = reading.objects
    assert [one.generated_by for one in (base, prod)] == [
        "helm chart ./deploy/shop", "helm chart ./deploy/shop with values-prod.yaml",
    ]  # fmt: skip
    assert "hostNetwork" not in base.body["spec"]["template"]["spec"]
    assert prod.body["spec"]["template"]["spec"]["hostNetwork"] is True
    assert prod.body["spec"]["replicas"] == 3
    assert prod.body["metadata"] == {"name": "release-name-web", "labels": {"app": "shop"}}
    assert "found" not in base.body["spec"]["template"]["spec"], "lookup finds nothing"
    assert prod.line_of("/spec/template/spec/hostNetwork") == 11


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"templates/bad.yaml": b"{{ .Values.x "}, SkipKind.MALFORMED),
        ({"templates/bad.yaml": b'{{ required "x" .Values.none }}'}, SkipKind.UNRESOLVED),
        ({"templates/bad.yaml": b"a: b: c: {{ 1 }}\n"}, SkipKind.MALFORMED),
        ({"Chart.yaml": CHART + b"dependencies:\n- {name: x, version: 1.0.0, repository: 'https://x.example'}\n"},
         SkipKind.UNRESOLVED),
        ({"Chart.yaml": b"nothing: 1\n"}, SkipKind.MALFORMED),
        ({"Chart.yaml": CHART + b"type: library\n"}, SkipKind.UNSUPPORTED),
        ({"templates/bad.yaml": b'a: {{ getHostByName "x.example" }}x\nkind: X\napiVersion: v1\n'}, None),
    ],
)  # fmt: skip
def test_charts_that_helm_cannot_render_are_said(program, files, kind):
    reading = helm.render("deploy/shop", chart(**files))
    assert [skip.kind for skip in reading.skips] == ([kind] if kind else [])


def test_charts_and_their_files_are_told_from_others():
    paths = [
        "Chart.yaml",
        "charts/sub/Chart.yaml",
        "other/Chart.yaml",
        "other/charts/x/Chart.yaml",
        "other/values.prod.yaml",
    ]
    assert charts.chart_folders(paths) == (".", "other")
    assert charts.chart_folders(["a/Chart.yaml", "a/b/Chart.yaml"]) == ("a", "a/b")
    assert charts.environments("other", paths) == ("values.prod.yaml",)
    rendered = ["a/templates/x.yaml", "a/crds/x.yaml", "a/charts/b/values.yaml"]
    assert all(charts.is_rendered(path, ["a"]) for path in rendered)
    assert not any(
        charts.is_rendered(path, ["a"]) for path in ("a/values.yaml", "b/templates/x.yaml", "templates/x.yaml")
    )
    assert charts.is_rendered("templates/x.yaml", ["."])
