"""``lockgate build`` with a real builder: the same source makes the same image, and all that is said of it is there."""

import base64
import json
import os
import shutil
import subprocess

import pytest
from tests.signing.notary.authorities import chain, key_pem, pem
from tests.simulators.registry import Behaviour, serving
from tests.sources.image.building import Layout

BUSYBOX = next((one for one in (shutil.which("busybox"), "/bin/busybox") if one and os.path.exists(one)), None)
needs_buildah = pytest.mark.skipif(
    shutil.which("buildah") is None or BUSYBOX is None or os.geteuid() != 0,
    reason="buildah, a static busybox and root, which its isolation needs here",
)
DOCKERFILE = """\
FROM scratch AS base
COPY busybox /bin/busybox
FROM base
ARG WORDS=hello
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox mkdir /data && /bin/busybox date > /tmp.txt; /bin/busybox rm /tmp.txt"]
COPY status /var/lib/dpkg/status
COPY os-release /etc/os-release
ENTRYPOINT ["/bin/busybox"]
"""
STATUS = "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2.15-2\n\n"


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A repository with a Dockerfile, a key, and a store for buildah that is not the machine's."""
    storage = tmp_path / "storage.conf"
    storage.write_text(f'[storage]\ndriver = "vfs"\ngraphroot = "{tmp_path}/graph"\nrunroot = "{tmp_path}/run"\n')
    for name, value in (("CONTAINERS_STORAGE_CONF", str(storage)), ("BUILDAH_ISOLATION", "chroot"),
                        ("TMPDIR", str(tmp_path))):  # fmt: skip
        monkeypatch.setenv(name, value)
    for name in ("SOURCE_DATE_EPOCH", "GITHUB_ACTIONS", "TF_BUILD"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "shop"
    folder.mkdir()
    if BUSYBOX:
        shutil.copy(BUSYBOX, folder / "busybox")
    for name, text in (("Dockerfile", DOCKERFILE), ("status", STATUS), ("os-release", 'ID=debian\nVERSION_ID="12"\n')):
        (folder / name).write_text(text)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-C", str(folder)]
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True)
    for arguments in (["remote", "add", "origin", "https://who:pass@git.example/team/shop.git"], ["add", "-A"],
                      ["commit", "-q", "-m", "first", "--date", "2024-01-02T03:04:05Z"]):  # fmt: skip
        subprocess.run([*git, *arguments], check=True)
    for command in (["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "k.pem"],
                    ["pkey", "-in", "k.pem", "-pubout", "-out", "k.pub"]):  # fmt: skip
        subprocess.run(["openssl", *command], cwd=tmp_path, check=True, capture_output=True)
    return folder


def told(run) -> dict:
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@needs_buildah
def test_the_same_source_makes_the_same_image_with_all_that_is_said_of_it(lockgate, source, tmp_path):
    build = ("build", "shop", "--tag", "harbour.example/team/shop:1", "--builder", "buildah", "--format", "json")
    first = told(lockgate(*build, "--output", "one", "--key", "k.pem", "--provenance", "p.json", cwd=tmp_path))
    again = told(lockgate(*build, "--output", "two", cwd=tmp_path))
    assert first["digest"] == again["digest"]
    assert first["sbom"] == again["sbom"]
    assert not again["signature"]
    assert "lockgate-build" not in subprocess.run(["buildah", "images"], capture_output=True, text=True).stdout
    revision = subprocess.run(["git", "-C", str(source), "rev-parse", "HEAD"], capture_output=True, text=True)
    head = revision.stdout.strip()
    seen = told(lockgate("image", "inspect", "one", "--name", "1", "--format", "json", cwd=tmp_path))
    assert seen["labels"] == {
        "org.opencontainers.image.source": "https://git.example/team/shop", "org.opencontainers.image.revision": head,
    }  # fmt: skip
    (tmp_path / "lockgate-images.yaml").write_text(
        "authorities: {us: {keys: [k.pub]}}\nimages:\n- match: ['*']\n  signed_by: [us]\n"
        "  provenance: {by: [us], repository: https://git.example/team/shop, ref: refs/heads/main}\n"
    )
    verified = lockgate("verify", "one", "--name", "1", "--no-store", cwd=tmp_path)
    assert verified.returncode == 0, verified.stdout
    assert lockgate("verify", "two", "--name", "1", "--no-store", cwd=tmp_path).returncode == 1
    definition = json.loads((tmp_path / "p.json").read_text())["buildDefinition"]
    assert definition["resolvedDependencies"] == [
        {"uri": "git+https://git.example/team/shop@refs/heads/main", "digest": {"gitCommit": head}}
    ]
    assert "pass" not in (tmp_path / "p.json").read_text()


@needs_buildah
def test_a_build_is_signed_as_notation_does_where_that_is_asked_for(lockgate, source, tmp_path):
    key, certificates = chain()
    (tmp_path / "k.pem").write_bytes(key_pem(key))
    (tmp_path / "chain.pem").write_bytes(pem(*certificates))
    made = Layout(tmp_path / "registry")
    made.index_json()
    with serving(made.folder, Behaviour(lists=True)) as registry:
        build = ("build", "shop", "--tag", f"{registry.host}/team/cart:9", "--builder", "buildah", "--format", "json")
        more = ("--key", "k.pem", "--notary", "cose", "--certificates", "chain.pem", "--expires", "30")
        body = told(lockgate(*build, *more, cwd=tmp_path))
        assert body["signature"]
        assert body["notary_signature"].startswith("sha256:")
        store = tmp_path / "notation" / "truststore" / "x509" / "ca" / "ours"
        store.mkdir(parents=True)
        (store / "root.crt").write_bytes(pem(certificates[-1]))
        statement = {"name": "ours", "registryScopes": ["*"], "signatureVerification": {"level": "strict"},
                     "trustStores": ["ca:ours"], "trustedIdentities": ["*"]}  # fmt: skip
        policy = tmp_path / "notation" / "trustpolicy.json"
        policy.write_text(json.dumps({"version": "1.0", "trustPolicies": [statement]}))
        (tmp_path / "lockgate-images.yaml").write_text(
            "authorities: {us: {notary: notation/trustpolicy.json}}\nimages:\n- match: ['*']\n  signed_by: [us]\n"
        )
        verified = lockgate("verify", f"{registry.host}/team/cart:9", "--no-store", cwd=tmp_path)
    assert verified.returncode == 0, verified.stdout
    for wrong, words in ((("--notary", "jws"), "certificates go with"), (("--certificates", "k"), "--notary jws"),
                         (("--notary", "jws", "--certificates", "chain.pem"), "none signs")):  # fmt: skip
        run = lockgate("build", "shop", "--tag", "a/b:1", "--output", "o", *wrong, cwd=tmp_path)
        assert (run.returncode, words in run.stderr) == (2, True), run.stderr


@needs_buildah
def test_a_push_brings_the_image_and_its_tag_last(lockgate, source, tmp_path):
    made = Layout(tmp_path / "registry")
    made.index_json()
    with serving(made.folder, Behaviour(lists=True)) as registry:
        name = f"{registry.host}/team/cart:9"
        build = ("build", "shop", "--tag", name, "--builder", "buildah", "--format", "json", "--key", "k.pem")
        body = told(lockgate(*build, "--build-arg", "WORDS=other", cwd=tmp_path))
        assert registry.tags()["9"]["digest"] == body["digest"]
        written = [path.rpartition("/")[2] for method, path, _ in registry.requests
                   if method == "PUT" and "/manifests/" in path]  # fmt: skip
        assert written[-1] == "9"
        assert written[0] == body["digest"]
        sent = json.loads(registry.blob(registry.tags()[f"sha256-{body['digest'][7:]}.att"]["digest"]))
        envelopes = [json.loads(registry.blob(one["digest"])) for one in sent["layers"]]
    kinds = {json.loads(base64.b64decode(one["payload"]))["predicateType"] for one in envelopes}
    assert kinds == {"https://slsa.dev/provenance/v1", "https://cyclonedx.org/bom"}


def test_what_is_missing_is_named_with_a_way_to_have_it(lockgate, source, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "git").symlink_to(shutil.which("git"))
    run = lockgate("build", "shop", "--tag", "a/b:1", "--output", "o", cwd=tmp_path, env={"PATH": str(empty)})
    assert run.returncode == 2
    for name in ("buildah", "podman", "buildkit", "docker", "apt-get install buildah"):
        assert name in run.stderr
    run = lockgate(
        "build", "shop", "--tag", "a/b:1", "--output", "o", "--builder", "podman", cwd=tmp_path,
        env={"PATH": str(empty)},
    )  # fmt: skip
    assert (run.returncode, "podman is not there" in run.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere", "--tag", "a/b:1"), "no folder"), (("shop", "--tag", "a/b@sha256:" + "a" * 64), "a tag"),
        (("shop", "--tag", "a/B:1"), "lower case"), (("shop", "--tag", "a/b:1", "--build-arg", "x"), "NAME=VALUE"),
        (("shop", "--tag", "a/b:1", "--file", "absent"), "No such file"),
        (("shop", "--tag", "a/b:1", "--output", "shop"), "something other"),
    ],
)  # fmt: skip
@needs_buildah
def test_what_cannot_be_built_is_told(lockgate, source, tmp_path, arguments, words):
    run = lockgate("build", "--output", "o", *arguments, cwd=tmp_path)
    assert run.returncode == 2, run.stderr
    assert words in run.stderr


@needs_buildah
def test_a_build_that_fails_leaves_nothing_at_its_goal(lockgate, source, tmp_path):
    (source / "Dockerfile").write_text("FROM scratch\nCOPY absent /\n")
    run = lockgate("build", "shop", "--tag", "a/b:1", "--output", "o", cwd=tmp_path)
    assert run.returncode == 5
    assert "buildah build failed" in run.stderr
    assert json.loads((tmp_path / "o" / "index.json").read_text())["manifests"] == []
