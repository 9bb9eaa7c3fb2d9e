"""Images that crane builds are read from Debian's registry, from crane's own, and from what crane pulls: all alike.

What is attached to them there is what ORAS finds, and the other way round.
"""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.formats.oci.archives import tar

from lockgate.sources.image import LayerSource, opened, place_of, sources_of
from lockgate.sources.image.attached import attach, attached, content_of, subject_of
from lockgate.sources.image.registry import Client, Credentials, RegistryPlace, Trust

CRANE, DEBIANS, LISTS = (shutil.which(name) for name in ("crane", "docker-registry", "referrers-registry"))
ORAS = shutil.which("oras")
pytestmark = pytest.mark.skipif(CRANE is None, reason="crane builds and pushes the images (.ci/fetch-oracles)")
LAYERS = [{"etc/os-release": b"ID=lockgate\n", "app/.env": b"A=b\n"}, {"app/.wh..env": b"", "app/main": b"#!" * 5000}]
FILES = {(1, "app/main", False), (0, "etc/os-release", False), (0, "app/.env", True)}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(kind: str, folder: Path) -> Iterator[str]:
    host = f"127.0.0.1:{free_port()}"
    if kind == "crane":
        command = [str(CRANE), "registry", "serve", "--address", host]
    elif kind == "lists":
        command = [str(LISTS), host]
    else:
        config = folder / "registry.yml"
        config.write_text(
            f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n"
            f"http: {{addr: '{host}', secret: not-one}}\n"
        )
        command = [str(DEBIANS), "serve", str(config)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address, port = host.split(":")
        for _ in range(200):
            with socket.socket() as one:
                if one.connect_ex((address, int(port))) == 0:
                    break
            time.sleep(0.05)
        yield host
    finally:
        process.kill()
        process.wait()


def crane(*arguments: str) -> str:
    done = subprocess.run([str(CRANE), *arguments], capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def files(image) -> set[tuple[int, str, bool]]:
    """(layer, path, whether it is hidden) of every file."""
    found = set()
    for source in sources_of(image):
        if isinstance(source, LayerSource):
            rows = list(source.collect(lambda path, size: True))
            found |= {(source.layer.index, row.path, source.standing[row.path].hidden is not None) for row in rows}
    return found


@pytest.mark.parametrize(
    "kind",
    ["crane", pytest.param("debian", marks=pytest.mark.skipif(DEBIANS is None, reason="Debian's docker-registry"))],
)
def test_what_crane_pushes_is_read_as_it_was_built(tmp_path, kind):
    layers = []
    for number, content in enumerate(LAYERS):
        layers.append(tmp_path / f"{number}.tar")
        layers[-1].write_bytes(tar(content))
    with running(kind, tmp_path) as host:
        name = f"{host}/team/cart:1"
        for more in ((), ("--oci-empty-base",)):  # media types of Docker, and of OCI
            crane("append", "-t", name, *(f"--new_layer={one}" for one in layers), *more)
            client = Client(host, "team/cart", Credentials(), trust=Trust())
            image = opened(RegistryPlace(client), "1", name=name)
            assert image.digest == crane("digest", name)
            assert files(image) == FILES
            client.close()
        crane("pull", name, str(tmp_path / "pulled.tar"))
        crane("pull", "--format", "oci", name, str(tmp_path / "pulled"))
    for path, key in ((tmp_path / "pulled.tar", ""), (tmp_path / "pulled", "")):
        named = place_of(str(path), name=key)
        assert files(opened(named.place, named.key, name="cart")) == FILES


@pytest.mark.skipif(ORAS is None, reason="oras reads and writes referrers (.ci/fetch-oracles)")
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("lists", marks=pytest.mark.skipif(LISTS is None, reason="a registry with a list of referrers")),
        pytest.param("debian", marks=pytest.mark.skipif(DEBIANS is None, reason="Debian's docker-registry")),
        "layout",
    ],
)
def test_what_is_attached_is_what_oras_finds_and_the_other_way_round(tmp_path, kind):
    type_, content = "application/spdx+json", b'{"spdxVersion":"SPDX-2.3"}'
    (tmp_path / "theirs.json").write_bytes(b"{}")
    (tmp_path / "0.tar").write_bytes(tar(LAYERS[0]))
    with running("debian" if kind == "layout" and DEBIANS else "crane" if kind == "layout" else kind, tmp_path) as host:
        name, flags = f"{host}/team/cart:1", ["--plain-http"]
        crane("append", "-t", name, f"--new_layer={tmp_path / '0.tar'}", "--oci-empty-base")
        if kind == "layout":
            crane("pull", "--format", "oci", "--annotate-ref", name, str(tmp_path / "pulled"))
            name, flags = f"{tmp_path / 'pulled'}@{crane('digest', name)}", ["--oci-layout"]
            place = place_of(str(tmp_path / "pulled")).place
            key = name.rpartition("@")[2]
        else:
            place, key = RegistryPlace(Client(host, "team/cart", Credentials(), trust=Trust(), writes=True)), "1"
        subject = subject_of(place, key)
        ours = attach(place, subject, type_, [(type_, content)])
        oras("attach", *flags, "--artifact-type", "application/theirs", name, "theirs.json", at=tmp_path)
        told = json.loads(oras("discover", *flags, "--format", "json", name, at=tmp_path))["manifests"]
        mine = {one["digest"]: one for one in told}[ours.digest]
        assert len(told) == 2
        if kind != "lists":  # this registry names the configuration where the type should stand
            assert {one["artifactType"] for one in told} == {type_, "application/theirs"}
        at = f"{name.partition('@')[0].removesuffix(':1')}@{mine['digest']}"
        fetched = json.loads(oras("manifest", "fetch", *flags, at, at=tmp_path))
        assert fetched["layers"][0]["size"] == len(content)
        for wanted, said in ((type_, content), ("application/theirs", b"{}")):
            assert [content_of(place, one, most=100) for one in attached(place, subject.digest, wanted)] == [said]


def oras(*arguments: str, at: Path) -> str:
    done = subprocess.run([str(ORAS), *arguments], capture_output=True, text=True, timeout=50, check=False, cwd=at)
    assert done.returncode == 0, done.stderr
    return done.stdout
