"""``lockgate image`` finds secrets in every layer and draws what each brought, as its users run it."""

import json

import pytest
from tests.sources.image.building import Layout, docker_archive

SECRETS = ("--family", "secrets", "--format", "json")
STEPS = ["ADD base", "COPY . /app # buildkit", "RUN /bin/sh -c rm /app/.npmrc # buildkit"]


@pytest.fixture
def image(tmp_path, token):
    """An image whose second layer brings a token, which its third deletes; another stands in the environment."""
    made = Layout(tmp_path / "layout")
    npmrc = f"//registry.example.com/:_authToken={token}\n".encode()
    base = {"etc/os-release": b"ID=debian\n", "usr/big": b"x" * 5000}
    made.name(made.image(base, {"app/.npmrc": npmrc}, {"app/.wh..npmrc": b""}, steps=STEPS, Env=["PATH=/bin"]), "1.2")
    return made


def findings(run) -> list[dict]:
    return json.loads(run.stdout)["findings"]


def test_a_secret_that_a_later_layer_deleted_is_found_and_said_to_be(lockgate, image, tmp_path, token):
    run = lockgate("image", "scan", "layout", *SECRETS, cwd=tmp_path)
    assert run.returncode == 1, run.stderr
    (found,) = findings(run)
    assert "Layer 1 brought it (COPY . /app); layer 2 deleted it" in found["message"]
    assert found["location"]["path"] == "app/.npmrc"
    assert token not in run.stdout


def test_a_second_scan_reads_no_layer_and_says_the_same(lockgate, image, tmp_path):
    first = lockgate("image", "scan", "layout", "--format", "json", cwd=tmp_path)
    for blob in (tmp_path / "layout" / "blobs" / "sha256").iterdir():
        if blob.read_bytes()[:2] == b"\x1f\x8b":
            blob.unlink()
    again = lockgate("image", "scan", "layout", "--format", "json", cwd=tmp_path)
    assert again.returncode == 1, again.stderr
    told = [(one["message"], one["location"]["path"], one["facts"]) for one in findings(first)]
    assert [(one["message"], one["location"]["path"], one["facts"]) for one in findings(again)] == told


def test_secrets_in_the_environment_and_in_the_history_are_found(lockgate, tmp_path, token):
    made = Layout(tmp_path / "layout")
    steps = ["ADD base", f"-ENV NPM_TOKEN={token}"]
    made.name(made.image({"a": b""}, steps=steps, Env=[f"NPM_TOKEN={token}"]), "1")
    run = lockgate("image", "scan", "layout", "--format", "json", "--no-store", cwd=tmp_path)
    assert run.returncode == 1, run.stderr
    places = {one["location"]["path"] for one in findings(run)}
    for one in findings(run):
        places |= {place["path"] for place in one.get("places", ())}
    assert places & {"image-history/Dockerfile", "image-config/.env"}
    assert token not in run.stdout


def test_a_waiver_in_a_file_of_an_image_waives_nothing(lockgate, tmp_path, token):
    made = Layout(tmp_path / "layout")
    line = f"token = '{token}'  # lockgate: ignore[secrets/github-token] until 2099-01-01 by me because I say so\n"
    made.name(made.image({"app/settings.py": line.encode()}), "1")
    run = lockgate("image", "scan", "layout", "--format", "json", "--no-store", cwd=tmp_path)
    assert run.returncode == 1, run.stdout


def test_an_image_without_secrets_is_allowed(lockgate, tmp_path):
    path = docker_archive(tmp_path / "saved.tar", {"cart:1": [{"etc/os-release": b"ID=debian\n"}]})
    run = lockgate("image", "scan", str(path), "--no-store", cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_damaged_image_ends_the_run_and_nothing_is_recorded(lockgate, image, tmp_path):
    for blob in (tmp_path / "layout" / "blobs" / "sha256").iterdir():
        if blob.read_bytes()[:2] == b"\x1f\x8b":
            blob.write_bytes(blob.read_bytes()[:-9])
    run = lockgate("image", "scan", "layout", cwd=tmp_path)
    assert run.returncode == 5
    assert "layer 2" in run.stderr
    assert not list((tmp_path / ".lockgate").rglob("*.parquet"))


def test_the_layers_are_drawn_with_their_sizes_and_instructions(lockgate, image, tmp_path):
    run = lockgate("image", "inspect", "layout", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "COPY . /app" in run.stdout
    assert "RUN rm /app/.npmrc; deletes 1 paths" in run.stdout
    assert "5.0 kB  usr/big" in run.stdout
    assert "3 layers" in run.stdout


def test_the_layers_as_json_have_every_number(lockgate, image, tmp_path, token):
    run = lockgate("image", "inspect", "layout", "--format", "json", "--files", "1", cwd=tmp_path)
    base, middle, top = json.loads(run.stdout)["layers"]
    assert (base["files"], base["bytes"], base["hiddenBytes"]) == (2, 5010, 0)
    assert base["largest"] == [{"path": "usr/big", "bytes": 5000}]
    assert middle["hiddenBytes"] == middle["bytes"] > 40
    assert (top["files"], top["deletes"], top["instruction"]) == (0, 1, "RUN rm /app/.npmrc")


@pytest.mark.parametrize(
    "arguments",
    [["scan", "./nothing"], ["scan", "layout", "--platform", "x/y/z/w"], ["scan", "layout", "--name", "no"],
     ["inspect", "layout", "--dockerfile", "gone"]],
)  # fmt: skip
def test_what_is_not_there_is_a_usage_error(lockgate, image, tmp_path, arguments):
    assert lockgate("image", *arguments, cwd=tmp_path).returncode == 2


def test_an_image_in_a_registry_is_scanned_by_its_name(lockgate, image, tmp_path):
    from tests.simulators.registry import Behaviour, serving

    with serving(image.folder, Behaviour(bearer=True)) as registry:
        run = lockgate("image", "scan", f"{registry.host}/team/cart:1.2", *SECRETS, cwd=tmp_path)
        assert run.returncode == 1, run.stderr
        assert [one["location"]["path"] for one in findings(run)] == ["app/.npmrc"]
        before = len(registry.requests)
        again = lockgate("image", "scan", f"{registry.host}/team/cart:1.2", *SECRETS, cwd=tmp_path)
        assert again.returncode == 1, again.stderr
        assert len(registry.requests) - before == 4  # a challenge, a token, the manifest and the configuration
        gone = lockgate("image", "scan", f"{registry.host}/team/cart:2", cwd=tmp_path)
    assert gone.returncode == 5
    assert "no such image" in gone.stderr


def test_check_judges_an_image_by_itself(lockgate, image, tmp_path):
    run = lockgate("check", "--image", "layout", *SECRETS, "--no-store", cwd=tmp_path)
    assert run.returncode == 1, run.stderr
    assert [one["location"]["path"] for one in findings(run)] == ["app/.npmrc"]
    for wrong in (["."], ["--staged"], ["--family", "policy"]):
        assert lockgate("check", "--image", "layout", *wrong, cwd=tmp_path).returncode == 2


def test_every_platform_of_an_index_is_scanned_with_a_report_and_a_memory_of_its_own(lockgate, tmp_path, token):
    made = Layout(tmp_path / "layout")
    members = {
        "amd64": made.image({"app/a.env": f"GITHUB_TOKEN={token}".encode()}),
        "arm64": made.image({"app/b": b"nothing"}, architecture="arm64"),
    }
    index = made.index(
        *({**one, "platform": {"os": "linux", "architecture": name}} for name, one in members.items())
    )
    made.name(index, "1")
    arguments = ("image", "scan", "oci:layout:1", "--platform", "all", "--format", "json=out.json", "--quiet")
    for state in ("new", "known"):
        done = lockgate(*arguments, cwd=tmp_path)
        assert done.returncode == 1, done.stderr
        told = {name: json.loads((tmp_path / f"out-linux-{name}.json").read_bytes()) for name in members}
        assert [one["state"] for one in told["amd64"]["findings"] if one["rule"].startswith("secrets/")] == [state]
        assert not [one for one in told["arm64"]["findings"] if one["rule"].startswith("secrets/")]
        assert not told["arm64"]["fixed"] and not told["amd64"]["fixed"]
