"""A Kubernetes API server for tests: real HTTP and TLS on loopback, real semantics, no network beyond.

What it does as the real one: discovery (plain and aggregated, ETag), OpenAPI v3, lists in chunks at one revision, 410
after compaction, Tables, watches with bookmarks, create, update, four kinds of patch, server-side apply with managed
fields and conflicts, optimistic locking, generateName, finalizers, owner references, dry run, the status subresource,
tokens and client certificates, RBAC from stored roles, access reviews, custom kinds, admission webhooks over TLS.
Facts follow the API conventions and the recorded behaviour of Kubernetes 1.30 to 1.36.

Where it is less than the real one:

* Logs and summaries of nodes are what a test gives ``kubelet``; without it a log is 400 and a summary 503.
* No controllers but garbage collection, emptying of namespaces, establishing of CRDs, and the constraint CRDs that
  Gatekeeper makes from its templates; all happen within the request. No scheduler, no kubelet: a Pod stays Pending.
* ``exec``, ``attach``, ``token``, ``eviction``, ``binding``, ``scale``, ``ephemeralcontainers``: 501.
* Answers in JSON and YAML only; protobuf is read for the kinds that kubectl posts so. HTTP/1.1 only. OpenAPI v2 is an
  empty document, and v3 describes built-in kinds no deeper than their top level.
* Built-in kinds are checked for unknown fields and wrong types of every kind, and for what is required or immutable in
  the common ones only. Defaults: Pods, workloads, Services, Secrets, namespaces, webhook configurations.
* ``autoscaling/v1`` and ``events.k8s.io/v1`` are served for reading only; CRD conversion is ``None``.
* CEL is run in ``matchConditions`` alone, without the libraries of Kubernetes and without ``authorizer``; not in the
  rules of CRDs, and ValidatingAdmissionPolicy objects are only kept.
* No quotas, no Pod Security admission, no priority and fairness, no escalation check of RBAC.
"""

from __future__ import annotations

import base64
import ssl
import tempfile
import threading
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from . import access, definitions, kinds
from .access import Authenticator, Authorizer, User
from .admission import Admission
from .certificates import Authority
from .discovery import Registry
from .kubelet import Kubelet
from .server import Fault, FaultFinder, Listener
from .store import Store
from .verbs import Call, Verbs

__all__ = ["Authority", "Fault", "Simulator"]

_ROOT = User("system:admin", ("system:masters", "system:authenticated"))


class Simulator:
    """One API server; a context manager that listens between enter and exit."""

    def __init__(self, folder: Path | None = None, *, tls: bool = True, history: int = 4000) -> None:
        """``folder`` takes certificates and kubeconfig files; ``history`` is how many changes can be watched again."""
        self._temporary = tempfile.TemporaryDirectory() if folder is None else None
        self.folder = Path(self._temporary.name) if self._temporary else folder
        assert self.folder is not None
        self.store, self.registry = Store(history=history), Registry(kinds.builtin())
        self.authenticator, self.authorizer = Authenticator(), Authorizer(self.store)
        self.admission = Admission(self.store)
        self.kubelet = Kubelet()
        self.verbs = Verbs(self.store, self.registry, self.admission, self._changed)
        self.audit: deque[dict[str, Any]] = deque(maxlen=20_000)
        """Requests with method, path, query, user, verb, code, and the audit annotations of webhooks."""
        self.fault: FaultFinder | None = None
        """Asked before each request is answered; for clients that must survive a bad server."""
        self.bookmark_every = 60.0
        self.stopping = threading.Event()
        self.authority = Authority("kubernetes-ca") if tls else None
        self._listener = Listener(self, self._context() if tls else None, "127.0.0.1")
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._listener.server_address[1]}"
        self.admin_token = self.token("admin", groups=("system:masters",))
        self._seed()

    def __enter__(self) -> Simulator:
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        with self.store.changed:
            self.store.changed.notify_all()
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join(5)
        if self._temporary:
            self._temporary.cleanup()

    def _context(self) -> ssl.SSLContext:
        assert self.authority is not None and self.folder is not None
        names = ("127.0.0.1", "localhost", "kubernetes")
        certificate, key = self.authority.issue(self.folder, "apiserver", names=names)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(cadata=self.authority.certificate)
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def _changed(self, kind: kinds.Kind, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
        definitions.changed(self.store, self.registry, kind, before, after)

    def _seed(self) -> None:
        for name in ("default", "kube-system", "kube-public", "kube-node-lease"):
            self.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for _, body in access.bootstrap():
            self.add(body)
        for body in definitions.seeded():
            self.add(body)

    def add(self, *bodies: dict[str, Any]) -> list[dict[str, Any]]:
        """Create objects as the administrator would, admission webhooks among it."""
        made = []
        for body in bodies:
            group, _, _ = body["apiVersion"].rpartition("/")
            kind = self.registry.of_kind(group, body["kind"])
            assert kind is not None, f"{body['apiVersion']} {body['kind']} is not served"
            namespace = (body["metadata"].get("namespace") or "default") if kind.namespaced else ""
            call = Call(_ROOT, kind, namespace, body["metadata"].get("name", ""), manager="simulator")
            made.append(self.verbs.create(call, body))
        return made

    def measured(self) -> None:
        """Serve ``metrics.k8s.io``, as a metrics server adds it; its objects are added like all others."""
        verbs = ("create", "get", "list")
        for kind, plural, namespaced in (("NodeMetrics", "nodes", False), ("PodMetrics", "pods", True)):
            made = kinds.Kind("metrics.k8s.io", "v1beta1", kind, plural, namespaced, verbs=verbs, custom=True)
            self.registry.replace("metrics.k8s.io", plural, [made])

    def token(self, user: str, *, groups: Iterable[str] = (), rules: list[dict[str, Any]] | None = None,
              seconds: float = 0) -> str:  # fmt: skip
        """A bearer token of ``user``; with ``rules`` (as in a ClusterRole) a role and its binding are stored too."""
        token = f"{user}-token"
        self.authenticator.add(token, User(user, (*groups, "system:authenticated")), seconds=seconds)
        if rules is not None:
            self.add(access.cluster_role(user, rules), access.cluster_role_binding(user, user, "User", user))
        return token

    def kubeconfig(self, token: str = "", *, user: str = "", groups: tuple[str, ...] = (), name: str = "harbour",
                   authority: Authority | None = None) -> Path:  # fmt: skip
        """A kubeconfig file: by token (the administrator's by default), or by a client certificate of ``user``."""
        assert self.folder is not None
        who: dict[str, Any] = {"token": token or self.admin_token}
        if user:
            assert self.authority is not None
            certificate, key = self.authority.issue(self.folder, f"client-{user}", user=user, groups=groups)
            who = {"client-certificate": str(certificate), "client-key": str(key)}
        cluster: dict[str, Any] = {"server": self.url}
        trusted = authority or self.authority
        if trusted is not None:
            cluster["certificate-authority-data"] = base64.b64encode(trusted.certificate.encode()).decode()
        path = self.folder / f"kubeconfig-{user or token or 'admin'}-{name}{'-other' if authority else ''}"
        path.write_text(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": name, "preferences": {},
            "clusters": [{"name": name, "cluster": cluster}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "users": [{"name": name, "user": who}],
        }))  # fmt: skip
        path.chmod(0o600)
        return path
