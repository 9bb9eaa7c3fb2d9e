"""Images that crane builds are read from Debian's registry, from crane's own, and from what crane pulls: all alike."""

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
from lockgate.sources.image.registry import Client, Credentials, RegistryPlace, Trust

CRANE, DEBIANS = shutil.which("crane"), shutil.which("docker-registry")
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
