"""The programs that build images, as they run on a machine of somebody, each with a store of its own; and a base."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.sources.image.building import Layout

BUSYBOX = shutil.which("busybox")
PROGRAMS = {
    "buildah": ("buildah",), "podman": ("podman",), "buildkit": ("buildctl", "buildkitd", "runc"),
    "docker": ("docker", "buildx", "buildkitd", "runc"),
}  # fmt: skip
"""What each needs on PATH. docs/build.md says how to have those that Debian does not bring."""
STAND_INS = {
    "apt-get": 'case "$*" in *sudo*) printf "#!/bin/sh\\n" > /usr/bin/sudo; chmod 4755 /usr/bin/sudo;; esac',
    "curl": "echo true", "npm": "true", "pip": "true", "useradd": "true",
}  # fmt: skip
"""For what the Dockerfiles of the example call; they leave behind what the real ones do."""


def skip_without(name: str) -> None:
    """Skip the test where the builder cannot run, with the reason."""
    missing = [one for one in PROGRAMS[name] if shutil.which(one) is None]
    if missing:
        pytest.skip(f"not on PATH: {', '.join(missing)}")
    if os.geteuid() != 0 or BUSYBOX is None:
        pytest.skip("building needs root, which its isolation wants here, and a static busybox")


def base_image(folder: Path) -> tuple[Layout, dict]:
    """A base, and its descriptor: a busybox, the database of a distribution, and the stand-ins."""
    assert BUSYBOX is not None
    programs = {"bin/busybox": Path(BUSYBOX).read_bytes()}
    programs |= {f"usr/bin/{name}": f"#!/bin/sh\n{text}\n".encode() for name, text in STAND_INS.items()}
    texts = {
        "etc/os-release": b'ID=debian\nVERSION_ID="12"\n',
        "var/lib/dpkg/status": b"Package: base-files\nStatus: install ok installed\nVersion: 12.4\nArchitecture: all\n",
    }
    folders = ("bin", "usr", "usr/bin", "etc", "srv", "tmp", "proc", "sys", "dev", "var", "var/lib", "var/lib/dpkg")
    files = [(name, content, 0o755) for name, content in programs.items()]
    files += [(name, content, 0o644) for name, content in texts.items()]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in folders:
            archive.addfile(_entry(name, tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755))
        for name, content, mode in files:
            entry = _entry(name, tarfile.REGTYPE, mode)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for name in ("sh", "chmod", "date", "mkdir"):
            entry = _entry(f"bin/{name}", tarfile.SYMTYPE, 0o777)
            entry.linkname = "busybox"
            archive.addfile(entry)
    made = Layout(folder)
    return made, made.image(out.getvalue(), steps=["COPY root /"], Env=["PATH=/usr/bin:/bin"])


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = kind, mode
    return entry


@contextmanager
def surroundings(name: str, folder: Path, registry: str) -> Iterator[dict[str, str]]:
    """The environment in which the builder works, while what it needs runs. ``registry`` is asked without TLS."""
    storage, registries = folder / "storage.conf", folder / "registries.conf"
    storage.write_text(f'[storage]\ndriver = "vfs"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n')
    registries.write_text(f'[[registry]]\nlocation = "{registry}"\ninsecure = true\n')
    found = {
        "CONTAINERS_STORAGE_CONF": str(storage), "CONTAINERS_REGISTRIES_CONF": str(registries),
        "BUILDAH_ISOLATION": "chroot", "TMPDIR": str(folder),
    }  # fmt: skip
    if name in ("buildah", "podman"):
        yield found
        return
    with _buildkit(folder, registry) as address:
        found["BUILDKIT_HOST"] = address
        yield found | (_docker(folder, address) if name == "docker" else {})


@contextmanager
def _buildkit(folder: Path, registry: str) -> Iterator[str]:
    """Its address. Networks of its own need more than is here, so that its steps have that of the machine."""
    settings = folder / "buildkitd.toml"
    settings.write_text(
        f'root = "{folder}/buildkit"\n[worker.containerd]\nenabled = false\n[worker.oci]\nenabled = true\n'
        f'snapshotter = "native"\nnetworkMode = "host"\n[registry."{registry}"]\nhttp = true\n'
    )
    # The path of a socket has 107 bytes at most, which folders of tests may be over.
    socket = Path(f"/tmp/lockgate-buildkit-{os.getpid()}.sock")
    log = (folder / "buildkitd.log").open("w")
    process = subprocess.Popen(
        ["buildkitd", "--config", str(settings), "--addr", f"unix://{socket}"], stdout=log, stderr=log
    )
    try:
        for _ in range(200):
            if socket.exists() or process.poll() is not None:
                break
            time.sleep(0.05)
        if process.poll() is not None:
            pytest.skip(f"buildkitd does not run here: {(folder / 'buildkitd.log').read_text()[-300:]}")
        yield f"unix://{socket}"
    finally:
        process.terminate()
        process.wait()
        log.close()
        socket.unlink(missing_ok=True)


def _docker(folder: Path, address: str) -> dict[str, str]:
    """Docker's client with buildx and a builder of its, which is the daemon at ``address``."""
    plugins = folder / "docker" / "cli-plugins"
    plugins.mkdir(parents=True)
    (plugins / "docker-buildx").symlink_to(str(shutil.which("buildx")))
    found = {
        "DOCKER_CONFIG": str(folder / "docker"), "BUILDX_CONFIG": str(folder / "buildx"), "BUILDX_BUILDER": "tests",
    }  # fmt: skip
    create = ["docker", "buildx", "create", "--name", "tests", "--driver", "remote", address]
    subprocess.run(create, env={**os.environ, **found}, check=True, capture_output=True)
    return found
