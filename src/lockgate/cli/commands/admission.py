"""``lockgate admission``: judge what enters a cluster, as its webhook."""

from __future__ import annotations

import argparse

from lockgate.cli._bundle import add_options
from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    below = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _serve(below.add_parser("serve", help="answer AdmissionReviews over HTTPS until told to stop"))
    _manifests(below.add_parser("manifests", help="print what a cluster needs to ask this webhook"))


def _serve(serve: argparse.ArgumentParser) -> None:
    add = serve.add_argument
    add("--project", metavar="PATH", default=".", help="folder with the settings, waivers and workspace")
    add("--config", metavar="FILE", help="settings to use instead of lockgate.yaml")
    add("--policies", action="append", default=[], metavar="PATH", help="further file or folder of policies")
    add("--cluster", action="store_true",
        help="judge by the policies of the cluster as well, as they change, and ask it what users may")  # fmt: skip
    add("--cluster-name", default="", metavar="NAME", help="name of the cluster, for waivers that name one")
    add_options(serve)
    add("--state", metavar="FOLDER",
        help="where journal, caches and authority lie (default: the workspace, or .lockgate)")  # fmt: skip
    add("--host", default="0.0.0.0", help="address to listen on (default: every one)")  # noqa: S104 -- a Pod's
    add("--port", type=int, default=8443, help="port to listen on; 0 takes a free one (default: 8443)")
    add("--name", action="append", default=[], metavar="NAME",
        help="name the API server calls the webhook by (default: lockgate.lockgate-system.svc)")  # fmt: skip
    add("--tls", metavar="FOLDER", help="folder with tls.crt and tls.key, as cert-manager writes them")
    add("--authority", metavar="FOLDER", help="folder of an authority of our own (default: in the workspace)")
    add("--client-authority", metavar="FILE", help="demand client certificates that this authority signed")
    add("--publish", metavar="NAME", help="write the authority into the webhook configurations of this name")
    add("--kubeconfig", metavar="FILE", help="kubeconfig to use (default: KUBECONFIG, then ~/.kube/config)")
    add("--context", default="", metavar="NAME", help="context of the kubeconfig")
    add("--in-cluster", action="store_true", help="use the account of the Pod that this runs in")
    add("--threads", type=int, default=0, metavar="N", help="threads that judge (default: 0, the event loop does)")
    add("--workers", type=int, default=1, metavar="N",
        help="processes that serve on the port, each with its own journal (default: 1)")  # fmt: skip
    add("--reload-seconds", type=float, default=2.0, metavar="S", help="between looks for changed policies")
    add("--drain-seconds", type=float, default=5.0, metavar="S", help="between saying not ready and the end")
    add("--no-store", action="store_true", help="record nothing")


def _manifests(manifests: argparse.ArgumentParser) -> None:
    add = manifests.add_argument
    add("--namespace", default="lockgate-system", metavar="NAME", help="namespace it runs in")
    add("--image", required=True, metavar="IMAGE", help="image to run, best by digest")
    add("--replicas", type=int, default=0, metavar="N", help="default: 2 with cert-manager, else 1")
    add("--workers", type=int, default=1, metavar="N", help="processes in each Pod (default: 1)")
    add("--claim", metavar="NAME", help="PersistentVolumeClaim to keep the record in")
    add("--workspace", metavar="ADDRESS", help="object store to keep the record in, such as s3://bucket/team")
    add("--failure-policy", choices=("Fail", "Ignore"), default="Fail", help="when the webhook does not answer at all")
    add("--timeout", type=int, default=10, metavar="S", help="seconds the API server waits (1 to 30)")
    add("--exclude", action="append", default=[], metavar="NAMESPACE",
        help="further namespace that is not asked about (kube-system and its own never are)")  # fmt: skip
    add("--cert-manager", action="store_true", help="let cert-manager make the certificate")
    add("--mutate", action="store_true", help="register the mutating webhook as well")
    add("--project", metavar="PATH", default=".", help="folder whose lockgate.yaml and policies are mounted")
    add("--cluster", action="store_true", help="judge by the policies of the cluster as well, with the rights for it")
    add("--read", action="append", default=[], metavar="RESOURCE",
        help="with --cluster: further kind that policies look at, as ingresses.networking.k8s.io")  # fmt: skip
    add("--cluster-name", default="", metavar="NAME", help="name of the cluster, for waivers that name one")
    add("--bundle", metavar="PLACE", help="judge by a signed bundle, oci://host/repository")
    add("--bundle-tag", default="latest", metavar="TAG", help="which bundle of that place (default: latest)")
    add("--bundle-key", metavar="FILE", help="PEM of the public key it must be signed by; goes into the ConfigMap")
    add("--allow-host", action="append", default=[], metavar="HOST", help="registry that the bundle may come from")


def _run(arguments: argparse.Namespace) -> int:
    if arguments.action == "manifests":
        from lockgate.cli._admission_manifests import run as manifests

        return manifests(arguments)
    from lockgate.cli._admission import run

    return run(arguments)


COMMAND = Command(
    about="Judge what enters a cluster: the validating and mutating webhook of Kubernetes.",
    configure=_configure,
    run=_run,
    notes="Exit code: 0 stopped in order, 2 bad usage, 3 policies or settings that cannot be used, 5 what cannot be\n"
    "reached: address, files, cluster.",
    examples="""\
  lockgate admission serve --policies policies/
  lockgate admission serve --tls /certificates --in-cluster
  lockgate admission manifests --image registry.example/lockgate:1.0 | kubectl apply -f -
""",
)
