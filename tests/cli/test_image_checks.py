"""``lockgate image scan`` judges what an image is made of: planted weaknesses, each with the layer and step, and safe
twins that stay quiet."""

import json

import pytest
from tests.formats.oci.archives import member
from tests.sources.image.building import Layout

SAFE = {
    "User": "10001", "Healthcheck": {"Test": ["CMD", "/app", "-ok"]}, "ExposedPorts": {"8080/tcp": {}},
    "Labels": {
        "org.opencontainers.image.source": "https://github.com/example/shop", "org.opencontainers.image.version": "1.2",
        "org.opencontainers.image.revision": "0123", "org.opencontainers.image.base.digest": "sha256:00",
    },
}  # fmt: skip
STEPS = [
    "ADD base", "RUN /bin/sh -c install -m 4755 helper /usr/local/bin # buildkit",
    "RUN /bin/sh -c rm /tmp/sdk # buildkit",
]  # fmt: skip


def plain(name: str, mode: int = 0o755, kind: str = "file") -> tuple[str, object]:
    return "", member(name, kind, mode=mode)


BASE = [plain("usr/bin/passwd", 0o4755), plain("tmp/", 0o1777), plain("usr/bin/", 0o755), plain("app/server")]


def judged(lockgate, tmp_path, *arguments) -> dict[str, dict]:
    run = lockgate(
        "image", "scan", "layout", "--family", "images", "--format", "json", "--no-store", *arguments, cwd=tmp_path
    )
    assert run.returncode in (0, 1), run.stderr
    return {one["rule"].removeprefix("images/"): one for one in json.loads(run.stdout)["findings"]}


def test_a_safe_image_has_no_finding(lockgate, tmp_path):
    made = Layout(tmp_path / "layout")
    made.name(made.image(BASE, steps=["COPY . /app"], **SAFE), "1")
    assert judged(lockgate, tmp_path) == {}


def test_each_weakness_is_told_with_what_brought_it(lockgate, tmp_path):
    made = Layout(tmp_path / "layout")
    top = [
        plain("usr/local/bin/helper", 0o4755), plain("bin/bash"), plain("usr/bin/apt-get"), plain("usr/bin/gcc"),
        plain("usr/bin/sudo"), plain("usr/sbin/sshd"), plain("srv/", 0o777), plain("srv/a.jar", 0o777),
    ]  # fmt: skip
    steps = [*STEPS[:2], "-EXPOSE map[22/tcp:{} 80/tcp:{}]", "-ADD https://u:pw@x.example/t.tgz?sig=1 /opt"]
    made.name(made.image(BASE, top, steps=steps, ExposedPorts={"22/tcp": {}, "80/tcp": {}}), "1")
    (tmp_path / "Dockerfile").write_text("FROM base\nRUN install -m 4755 helper /usr/local/bin\nEXPOSE 22 80\n")
    found = judged(lockgate, tmp_path, "--dockerfile", "Dockerfile")
    assert set(found) == {
        "user-root", "port-remote-access", "port-privileged", "healthcheck-missing", "remote-add", "source-unlabelled",
        "revision-unlabelled", "base-unlabelled", "setuid-unusual", "world-writable", "shell-left", "compiler-left",
        "package-manager-left", "elevation-left", "remote-access-left",
    }  # fmt: skip
    helper = found["setuid-unusual"]
    assert helper["location"]["path"] == "usr/local/bin/helper"
    step = "RUN install -m 4755 helper /usr/local/bin, Dockerfile line 2"
    assert helper["message"].endswith(f"Layer 1 brought it ({step}).")
    facts = {one["name"]: one["value"] for one in helper["facts"]}
    assert (facts["layer"], facts["layer-digest"][:7]) == ("1", "sha256:")
    assert "1 files and folders below it" in found["world-writable"]["message"]
    added = found["remote-add"]
    assert (added["location"]["path"], added["location"]["line"]) == ("image-history/Dockerfile", 4)
    assert added["subject"]["name"] == "https://x.example/t.tgz"


def test_what_a_later_layer_mends_is_not_told(lockgate, tmp_path):
    made = Layout(tmp_path / "layout")
    bad = [plain("usr/local/bin/helper", 0o4755), plain("bin/bash"), plain("srv/", 0o777)]
    good = [plain("usr/local/bin/helper", 0o755), plain("bin/.wh.bash"), plain("srv/", 0o755)]
    made.name(made.image(BASE, bad, good, **SAFE), "1")
    assert judged(lockgate, tmp_path) == {}


def test_the_same_is_told_of_layers_that_are_known(lockgate, tmp_path):
    made = Layout(tmp_path / "layout")
    made.name(made.image(BASE, [plain("usr/local/bin/helper", 0o4755)], steps=STEPS[:2], **SAFE), "1")
    first, again = (
        json.loads(lockgate("image", "scan", "layout", "--format", "json", cwd=tmp_path).stdout)["findings"]
        for _ in range(2)
    )
    assert [one["rule"] for one in first] == ["images/setuid-unusual"]
    assert [one["message"] for one in again] == [one["message"] for one in first]


def test_bytes_that_are_pulled_for_nothing_are_told_of_their_layer(lockgate, tmp_path):
    made = Layout(tmp_path / "layout")
    sdk = {"tmp/sdk": b"x" * 30_000_000}
    made.name(made.image(BASE, sdk, {"tmp/.wh.sdk": b""}, steps=STEPS, **SAFE), "1")
    found = judged(lockgate, tmp_path)
    assert set(found) == {"hidden-bytes"}
    assert "30.0 MB of it are deleted or replaced" in found["hidden-bytes"]["message"]
    assert "tmp/sdk (30.0 MB, layer 2)" in found["hidden-bytes"]["message"]


def test_a_root_file_system_is_asked_what_a_file_can_tell(lockgate, tmp_path):
    root = tmp_path / "layout"
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/gcc").write_bytes(b"")
    (root / "open").write_bytes(b"")
    (root / "open").chmod(0o666)
    assert {"world-writable", "compiler-left"} <= set(judged(lockgate, tmp_path)) <= {
        "world-writable", "compiler-left", "system-folder-writable"
    }  # fmt: skip


def test_parameters_of_rules_stand_in_the_settings(lockgate, tmp_path):
    made = Layout(tmp_path / "layout")
    made.name(made.image(BASE, [plain("usr/local/bin/helper", 0o4755)], **SAFE), "1")
    usual = "['usr/local/bin/*', 'usr/bin/passwd']"
    (tmp_path / "lockgate.yaml").write_text(f"scanners: {{images: {{usual_setuid: {usual}}}}}\n")
    assert judged(lockgate, tmp_path) == {}


def test_labels_of_an_image_waive_nothing(lockgate, tmp_path):
    made = Layout(tmp_path / "layout")
    labels = {**SAFE["Labels"], "x": "lockgate:waive images/user-root until 2099-01-01 by me because I say so"}
    made.name(made.image(BASE, **{**SAFE, "User": "", "Labels": labels}), "1")
    assert set(judged(lockgate, tmp_path)) == {"user-root"}


@pytest.mark.parametrize("family", ["images"])
def test_a_folder_has_no_image_to_judge(lockgate, tmp_path, family):
    run = lockgate("check", "--family", family, cwd=tmp_path)
    assert run.returncode == 2
    assert "--image" in run.stderr
