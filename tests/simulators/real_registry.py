"""Debian's registry on this machine, and what is needed beside it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

REGISTRY = shutil.which("docker-registry")
needs_registry = pytest.mark.skipif(REGISTRY is None, reason="Debian's docker-registry is not installed")
needs_cosign = pytest.mark.skipif(
    None in (REGISTRY, shutil.which("cosign"), shutil.which("skopeo")),
    reason="cosign (docs/signatures.md says how to build it), docker-registry and skopeo are needed",
)


@contextmanager
def debians_registry(folder: Path, *, tls: tuple[Path, Path] | None = None) -> Iterator[str]:
    """Its address while it runs; ``tls``: certificate and key."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    host = f"127.0.0.1:{port}"
    secured = f", tls: {{certificate: '{tls[0]}', key: '{tls[1]}'}}" if tls else ""
    config = folder / "registry.yml"
    config.write_text(
        f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder}/registry}}}}\n"
        f"http: {{addr: '{host}', secret: not-one{secured}}}\n"
    )
    process = subprocess.Popen(
        [str(REGISTRY), "serve", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield host
    finally:
        process.kill()
        process.wait()
