"""Debian's docker-registry, the real one, on this machine, and layouts pushed to it."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.sources.image.building import Layout

from lockgate.sources.image.place import Held
from lockgate.sources.image.registry import Client, Credentials, Trust
from lockgate.sources.image.registry.writing import put, upload

PROGRAM = shutil.which("docker-registry")
needed = pytest.mark.skipif(PROGRAM is None, reason="Debian's docker-registry is not installed")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(folder: Path, *, tells: str = "", token: str = "") -> Iterator[str]:
    """Host and port of a registry that keeps its blobs in a folder; ``tells``: where its notifications go."""
    host = f"127.0.0.1:{free_port()}"
    config = {
        "version": 0.1, "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
        "http": {"addr": host, "secret": "not-one"},
    }  # fmt: skip
    if tells:
        endpoint = {"name": "lockgate", "url": tells, "headers": {"Authorization": [f"Bearer {token}"]},
                    "timeout": "2s", "threshold": 2, "backoff": "100ms"}  # fmt: skip
        config["notifications"] = {"endpoints": [endpoint]}
    path = folder / "registry.yml"
    path.write_text(json.dumps(config))  # JSON is YAML
    process = subprocess.Popen([str(PROGRAM), "serve", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address, port = host.split(":")
        for _ in range(400):
            with socket.socket() as one:
                if one.connect_ex((address, int(port))) == 0:
                    break
            time.sleep(0.02)
        yield host
    finally:
        process.kill()
        process.wait()


def push(host: str, repository: str, layout: Layout, entry: dict, tag: str) -> str:
    """Push an image or an index of a layout under a tag, and by digest alone with an empty one; its digest."""
    client = Client(host, repository, Credentials(), trust=Trust(), writes=True)
    try:
        return _push(client, layout, entry, tag)
    finally:
        client.close()


def _push(client: Client, layout: Layout, entry: dict, tag: str) -> str:
    def blob(digest: str) -> bytes:
        return (layout.folder / "blobs" / "sha256" / digest[7:]).read_bytes()

    content = blob(entry["digest"])
    body = json.loads(content)
    for one in body.get("manifests", ()):
        _push(client, layout, one, "")
    for one in (*body.get("layers", ()), *([body["config"]] if "config" in body else ())):
        upload(client, one["digest"], Held(blob(one["digest"])))
    put(client, content, entry["mediaType"], key=tag or entry["digest"])
    return str(entry["digest"])
