"""``lockgate build`` with each builder that there is: an image of the example, pushed, with all that is said of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.simulators import builders, docker_registry

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
POLICY = """\
authorities: {us: {keys: [k.pub]}}
images:
- match: ["*"]
  signed_by: [us]
  provenance: {by: [us], repository: https://git.example/team/harbour, ref: refs/heads/main}
"""


@pytest.fixture
def harbour(tmp_path):
    """The example in a repository with a remote, and a key beside it."""
    sys.path.insert(0, str(EXAMPLES))
    try:
        from lay_out import lay_out
    finally:
        sys.path.remove(str(EXAMPLES))
    folder = tmp_path / "harbour"
    lay_out(folder)
    for command in (["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "k.pem"],
                    ["pkey", "-in", "k.pem", "-pubout", "-out", "k.pub"]):  # fmt: skip
        subprocess.run(["openssl", *command], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "lockgate-images.yaml").write_text(POLICY)
    return folder


def committed(folder: Path, base: str) -> str:
    """The commit of the example, whose images stand on ``base``."""
    path = folder / "services/storefront/Dockerfile.safe"
    lines = [f"FROM {base}" if line.startswith("FROM ") else line for line in path.read_text().splitlines()]
    step = ["USER 0", "RUN date > /srv/built.txt; rm /srv/built.txt", "USER 10001"]
    path.write_text("\n".join([*lines[:-1], *step, lines[-1], ""]))
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-C", str(folder)]
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True)
    for arguments in (["remote", "add", "origin", "git@git.example:team/harbour.git"], ["add", "-A"],
                      ["commit", "-q", "-m", "first", "--date", "2024-01-02T03:04:05Z"]):  # fmt: skip
        subprocess.run([*git, *arguments], check=True)
    return subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.timeout(120)
@docker_registry.needed
@pytest.mark.parametrize("name", builders.PROGRAMS)
def test_an_image_of_the_example_is_the_same_twice_and_verifies_where_it_was_pushed(lockgate, harbour, tmp_path, name):
    builders.skip_without(name)
    (tmp_path / "registry").mkdir()
    with docker_registry.running(tmp_path / "registry") as host:
        layout, entry = builders.base_image(tmp_path / "base")
        based = docker_registry.push(host, "library/python", layout, entry, "3.12")
        head = committed(harbour, f"{host}/library/python:3.12")
        image = f"{host}/harbour/storefront:1"
        context = "harbour/services/storefront"
        build = ("build", context, "--file", f"{context}/Dockerfile.safe", "--builder", name, "--format", "json")
        with builders.surroundings(name, tmp_path, host) as environment:
            first = lockgate(*build, "--tag", image, "--key", "k.pem", cwd=tmp_path, env=environment)
            assert first.returncode == 0, first.stderr[-3000:]
            again = lockgate(*build, "--tag", image, "--output", "again", cwd=tmp_path, env=environment)
            assert again.returncode == 0, again.stderr[-3000:]
        made, other = json.loads(first.stdout), json.loads(again.stdout)
        assert (other["digest"], other["sbom"], other["revision"]) == (made["digest"], made["sbom"], head)
        verified = lockgate("verify", image, "--no-store", "--format", "json", cwd=tmp_path)
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert json.loads(verified.stdout)["digest"] == made["digest"]
    config = json.loads(blob(tmp_path, json.loads(blob(tmp_path, made["digest"]))["config"]["digest"]))
    labels = {key.removeprefix("org.opencontainers.image."): value for key, value in config["config"]["Labels"].items()}
    assert labels == {
        "source": "https://git.example/team/harbour", "revision": head, "base.digest": based,
        "base.name": f"{host}/library/python:3.12",
    }  # fmt: skip
    bill = json.loads(blob(tmp_path, json.loads(blob(tmp_path, made["sbom"]))["layers"][0]["digest"]))
    assert "base-files" in {one["name"] for one in bill["components"]}


def blob(folder: Path, digest: str) -> bytes:
    """Of the layout that the second build was written to."""
    return (folder / "again" / "blobs" / "sha256" / digest.removeprefix("sha256:")).read_bytes()
