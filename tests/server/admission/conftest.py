"""A running webhook with a small real rule, over TLS."""

import json
import ssl
import threading
import time
from contextlib import ExitStack

import httpx
import pytest

from lockgate.server.admission import AdmissionServer, Denial, Options, Verdict
from lockgate.server.tls.authority import OwnAuthority


class NoPrivileged:
    """Denies Pods with a privileged container; warns of ``latest``; sets a label where it mutates."""

    def __init__(self, version="v1"):
        self.version, self.seen = version, []

    def review(self, request, *, deadline):
        self.seen.append(request)
        body = request.get("object") or {}
        spec = body.get("spec") or {}
        containers = spec.get("containers") or []
        denials = tuple(
            Denial("no-privileged", f"container {one['name']} is privileged")
            for one in containers if (one.get("securityContext") or {}).get("privileged")
        )  # fmt: skip
        warnings = tuple(f"container {one['name']} runs latest" for one in containers if
                         one.get("image", "").endswith(":latest"))  # fmt: skip
        return Verdict(not denials, self.version, denials, warnings, {"judged": str(len(containers))})


class SetLabel:
    """Answers every request with a label."""

    version = "labels-1"

    def review(self, request, *, deadline):
        patch = ({"op": "add", "path": "/metadata/labels", "value": {"checked": "yes"}},)
        return Verdict(True, self.version, patch=patch)


class Keeper:
    """A recorder in memory, which a test may hold up or break."""

    def __init__(self):
        self.kept, self.go_on, self.broken = [], threading.Event(), False
        self.go_on.set()

    def record(self, records):
        self.go_on.wait(20)
        if self.broken:
            raise OSError("disk full")
        self.kept += records


class Running:
    """A webhook in a thread, and a client that trusts it."""

    def __init__(self, folder, judge, **more):
        self.options = Options(**{"host": "127.0.0.1", "port": 0, "drain_seconds": 0.0, "certificate_seconds": 0.05,
                                  **more.pop("options", {})})  # fmt: skip
        self.bundles = []
        self.authority = more.pop("certificates", None) or OwnAuthority(
            folder / "authority", names=["127.0.0.1", "lockgate.lockgate-system.svc"]
        )
        self.server = AdmissionServer(judge, self.authority, options=self.options, bundle_changed=self.bundles.append,
                                      **more)  # fmt: skip
        self.failure = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        end = time.monotonic() + 10
        while not self.server.started.wait(0.02):
            assert self.thread.is_alive() and time.monotonic() < end, f"not started: {self.failure}"
        self.url = f"https://127.0.0.1:{self.server.port}"
        self.clients = ExitStack()
        self.client = self.connect()

    def _run(self):
        try:
            self.server.run()
        except Exception as error:
            self.failure = error

    def connect(self, bundle=None):
        """A client that trusts the bundle."""
        trust = ssl.create_default_context(cadata=bundle or self.bundles[-1])
        return self.clients.enter_context(httpx.Client(base_url=self.url, verify=trust, timeout=20))

    def review(self, request=None, *, path="/validate", timeout="10s", **changes):
        """The response part of the answer to a review."""
        body = review_of(request or pod_request(**changes))
        answer = self.client.post(path, params={"timeout": timeout}, json=body)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert (body["kind"], body["apiVersion"]) == ("AdmissionReview", "admission.k8s.io/v1")
        return body["response"]

    def metrics(self):
        """Values by sample name, labels included."""
        lines = self.client.get("/metrics").text.splitlines()
        return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))

    def close(self):
        self.clients.close()
        self.server.stop()
        self.thread.join(20)
        assert not self.thread.is_alive()


def pod_request(*, privileged=False, image="nginx:1.27", namespace="default", **more):
    container = {"name": "web", "image": image, "securityContext": {"privileged": privileged}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}
    return {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"}, "name": "p", "namespace": namespace,
        "operation": "CREATE", "userInfo": {"username": "ada"}, "object": pod, "oldObject": None, "dryRun": False,
        "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"}, **more,
    }  # fmt: skip


def review_of(request):
    return json.loads(json.dumps({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}))


@pytest.fixture
def serve(tmp_path):
    """Starts webhooks; all are stopped at the end."""
    made = []

    def start(judge=None, **more):
        made.append(Running(tmp_path / str(len(made)), judge or NoPrivileged(), **more))
        return made[-1]

    yield start
    for one in made:
        one.close()


def until(condition, seconds=8.0):
    """Wait for something that another thread does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)
