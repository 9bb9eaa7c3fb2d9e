"""One cluster for tests, real or simulated: the same questions to both keep the simulator honest."""

from __future__ import annotations

import base64
import os
import secrets
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from tests.simulators.kubernetes import Simulator


@dataclass(frozen=True, slots=True)
class Cluster:
    """An API server and a namespace of the test's own."""

    api: httpx.Client
    """As the administrator."""
    kubeconfig: Path
    namespace: str
    simulator: Simulator | None
    """None: the real thing."""

    def path(self, resource: str, name: str = "", *, group: str = "", version: str = "v1") -> str:
        """The address of a resource in the own namespace."""
        root = f"/apis/{group}/{version}" if group else f"/api/{version}"
        return f"{root}/namespaces/{self.namespace}/{resource}" + (f"/{name}" if name else "")


@contextmanager
def open_cluster(folder: Path) -> Iterator[Cluster]:
    """Opens, makes a namespace, and removes it at the end."""
    named = os.environ.get("LOCKGATE_TEST_KUBECONFIG")
    if named:
        with client_of(Path(named)) as api:
            yield from _within(api, Path(named), None)
        return
    with Simulator(folder) as simulator, client_of(simulator.kubeconfig()) as api:
        yield from _within(api, simulator.kubeconfig(), simulator)


def _within(api: httpx.Client, kubeconfig: Path, simulator: Simulator | None) -> Iterator[Cluster]:
    namespace = f"lockgate-{secrets.token_hex(4)}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    assert api.post("/api/v1/namespaces", json=body).status_code == 201
    try:
        yield Cluster(api, kubeconfig, namespace, simulator)
    finally:
        api.delete(f"/api/v1/namespaces/{namespace}")


def client_of(kubeconfig: Path) -> httpx.Client:
    """A plain HTTP client with the credentials of the current context: tokens and client certificates."""
    config: dict[str, Any] = yaml.safe_load(kubeconfig.read_text())
    context = _named(config["contexts"], config["current-context"])["context"]
    cluster = _named(config["clusters"], context["cluster"])["cluster"]
    user = _named(config["users"], context["user"])["user"]
    trust = ssl.create_default_context()
    if data := cluster.get("certificate-authority-data"):
        trust = ssl.create_default_context(cadata=base64.b64decode(data).decode())
    elif path := cluster.get("certificate-authority"):
        trust = ssl.create_default_context(cafile=path)
    if "client-certificate" in user:
        trust.load_cert_chain(user["client-certificate"], user["client-key"])
    elif "client-certificate-data" in user:
        with tempfile.NamedTemporaryFile() as both:
            both.write(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
            both.flush()
            trust.load_cert_chain(both.name)
    headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
    return httpx.Client(base_url=cluster["server"], verify=trust, headers=headers, timeout=20)


def _named(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(row for row in rows if row["name"] == name)
