"""The images of the example shop, built by buildah from its Dockerfiles: planted weaknesses are found, twins are quiet.

No base image can be pulled here, so one is made: a static busybox, the database of a distribution, and stand-ins for
what the Dockerfiles call (apt-get, pip, npm, useradd, curl) that leave behind what the real ones do. The lines of the
Dockerfiles stay where they are; only the names of bases and of the server of downloads are replaced.
"""

import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from tests.simulators.builders import BUSYBOX, STAND_INS

from lockgate.engine import Request, scan
from lockgate.engine.image_sources import image_sources
from lockgate.gates.check import GATE
from lockgate.model import Family
from lockgate.rules import load
from lockgate.sources.image import opened, place_of

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PLANTED = yaml.safe_load((EXAMPLES / "harbour" / "planted.yaml").read_text())["images"]
BUILT = {"storefront": "Dockerfile", "storefront-safe": "Dockerfile.safe", "cart": "Dockerfile", "ledger": "Dockerfile"}
SOURCE = "org.opencontainers.image.source=https://github.com/example/harbour"
FAMILIES = (Family.SECRETS, Family.IMAGES)

pytestmark = [
    pytest.mark.skipif(
        shutil.which("buildah") is None or BUSYBOX is None or os.geteuid() != 0,
        reason="building needs buildah, a static busybox and root",
    ),
    pytest.mark.timeout(300),
]


class Builder:
    """buildah with a store of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = ("--root", str(folder / "store"), "--runroot", str(folder / "run"), "--storage-driver", "vfs")

    def run(self, action: str, *arguments: str) -> None:
        done = subprocess.run(["buildah", action, *self.store, *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]

    def build(self, name: str, context: Path, dockerfile: Path, *more: str) -> None:
        self.run("bud", "--quiet", "--layers", "--isolation", "chroot", "--pull=never", "--format", "docker", *more,
                 "-t", f"localhost/{name}:1", "-f", str(dockerfile), str(context))  # fmt: skip

    def saved(self, name: str) -> Path:
        path = self.folder / f"{name}.tar"
        self.run("push", f"localhost/{name}:1", f"docker-archive:{path}:localhost/{name}:1")
        return path


def base(builder: Builder, folder: Path) -> None:
    root = folder / "root"
    for name in ("bin", "usr/bin", "tmp", "etc", "srv", "var/lib/dpkg"):
        (root / name).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    shutil.copy(BUSYBOX, root / "bin/busybox")
    for name in ("sh", "chmod"):
        (root / "bin" / name).symlink_to("busybox")
    for name, script in STAND_INS.items():
        path = root / "usr/bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    (root / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\n')
    (root / "var/lib/dpkg/status").write_text("Package: base-files\nStatus: install ok installed\nVersion: 12.4\n")
    (folder / "Dockerfile.base").write_text("FROM scratch\nCOPY root /\n")
    builder.build("base", folder, folder / "Dockerfile.base")


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> dict[str, list]:
    """Name of an image -> findings of the image that its Dockerfile makes."""
    folder = tmp_path_factory.mktemp("images")
    sys.path.insert(0, str(EXAMPLES))
    try:
        from lay_out import lay_out
    finally:
        sys.path.remove(str(EXAMPLES))
    lay_out(folder / "harbour")
    services = folder / "harbour" / "services"
    (services / "ledger" / "target").mkdir()
    (services / "ledger" / "target" / "ledger.jar").write_bytes(b"")
    private = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (services / "ledger" / "id_rsa").write_bytes(private)
    builder = Builder(folder)
    base(builder, folder)
    downloads = folder / "downloads"
    downloads.mkdir()
    (downloads / "tools.tar.gz").write_bytes(b"tools")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(downloads))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        judged = {name: _judged(builder, services, name, address) for name in BUILT}
        server.shutdown()
    return judged


def _judged(builder: Builder, services: Path, name: str, address: str) -> list:
    context = services / name.partition("-")[0]
    text = (context / BUILT[name]).read_text().replace("https://downloads.harbour.example", address)
    dockerfile = builder.folder / f"Dockerfile.{name}"
    dockerfile.write_text(re.sub(r"(?m)^FROM \S+", "FROM localhost/base:1", text))
    builder.build(name, context, dockerfile, *(("--label", SOURCE) if name.endswith("-safe") else ()))
    named = place_of(f"docker-archive:{builder.saved(name)}")
    image = opened(named.place, named.key, name=name, built_from=dockerfile)
    results: list = []
    sources = image_sources(image, families=FAMILIES, listings=None, excluded=lambda path: False, max_bytes=10_000_000)
    request = Request(families=FAMILIES, tell=results.append)
    scan(sources, load(FAMILIES), GATE, store=None, ledger=None, request=request)
    return [one.finding for one in results[0].findings]


@pytest.mark.parametrize("entry", PLANTED, ids=lambda entry: f"{entry['rule']} in {entry['image']}")
def test_a_planted_weakness_of_an_image_is_found_and_its_twin_is_quiet(entry, found):
    told = [one.message for one in found[entry["image"]] if one.rule == entry["rule"]]
    assert any(entry["at"] in message for message in told), told or sorted({one.rule for one in found[entry["image"]]})
    assert [one.message for one in found[entry["twin"]] if one.rule == entry["rule"]] == []
