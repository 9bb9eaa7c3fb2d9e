"""``lockgate policy``: write, test, understand and hand on policies."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    below = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _verify(below)
    _bundle(below)
    _export(below)
    _test(below)
    _explain(below)
    _bench(below)


def _verify(below: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    verify = below.add_parser(
        "verify", help="run suites: of Gatekeeper, of admission policies, of Azure Policy",
        description="Run every suite at or below the paths: kind Suite as gator verify runs it, kind AdmissionSuite "
        "and Kyverno's Test for admission policies, and files of Azure Policy cases. Exit code 1 when a case fails, 4 "
        "when one could not be run or none was.",
    )  # fmt: skip
    verify.add_argument("paths", nargs="*", default=["."], metavar="PATH", help="file or folder (default: .)")
    verify.add_argument(
        "--run", "-run", dest="run_filter", default="", metavar="TEST//CASE",
        help="only cases whose names these RE2 expressions find; without // either name may match",
    )  # fmt: skip
    verify.add_argument("--format", choices=("text", "json", "junit"), default="text", help="form (default: text)")
    verify.add_argument("--verbose", "-v", action="store_true", help="show the cases that passed too")
    verify.add_argument("--without-cel", action="store_true", help="judge templates that have both engines by Rego")
    verify.add_argument("--quiet", action="store_true", help="no progress line")


def _bundle(below: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    bundle = below.add_parser(
        "bundle", help="make, sign and check bundles of policies for admission",
        description="A bundle is an OCI artifact with the files of folders in it. It is signed as cosign signs with a "
        "key (ECDSA P-256), and lockgate admission serve --bundle uses it only while the signature holds.",
    )  # fmt: skip
    steps = bundle.add_subparsers(dest="step", metavar="STEP", required=True)
    create = steps.add_parser("create", help="write a bundle into an OCI layout folder")
    create.add_argument("paths", nargs="+", metavar="PATH", help="file or folder of policies")
    create.add_argument("--out", required=True, metavar="LAYOUT", help="folder of the OCI layout")
    sign = steps.add_parser("sign", help="put a signature beside a bundle")
    sign.add_argument("layout", metavar="LAYOUT", help="folder of the OCI layout")
    verify = steps.add_parser("verify", help="check the signature and list what is in it")
    verify.add_argument("place", metavar="PLACE", help="folder of an OCI layout, or oci://host/repository")
    verify.add_argument("--allow-host", action="append", default=[], metavar="HOST", help="registry that may be asked")
    for step in (sign, verify):
        step.add_argument("--key", required=True, metavar="FILE", help="PEM: private to sign, public to verify")
    for step in (create, sign, verify):
        step.add_argument("--tag", default="latest", help="name of the bundle in its place (default: latest)")


def _export(below: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    export = below.add_parser(
        "export", help="write the rulebook's policies for a cluster or for Azure",
        description="Write rules of the family policy as objects that are enforced without Lockgate. Parameters are "
        "those of lockgate.yaml. What cannot be exported is named with the reason.",
    )  # fmt: skip
    export.add_argument(
        "--format", choices=("gatekeeper", "vap", "azure"), default="gatekeeper",
        help="ConstraintTemplates, ValidatingAdmissionPolicies or Azure Policy definitions",
    )  # fmt: skip
    export.add_argument("--rules", action="append", default=[], metavar="RULE",
                        help="only rules of this name, * and ? allowed; may be repeated")  # fmt: skip
    export.add_argument("--action", dest="then", choices=("deny", "warn", "audit"), default="deny",
                        help="what a violation leads to in a cluster (default: deny)")  # fmt: skip
    export.add_argument("--out", metavar="FOLDER", help="write one file a rule here (default: standard output)")


def _test(below: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    test = below.add_parser(
        "test", help="judge objects in files by policies in files",
        description="Judge every object of the files by the Gatekeeper templates and constraints and by the "
        "ValidatingAdmissionPolicies among them, as gator test does: all of them are one cluster. Exit code 1 for a "
        "denial, 4 when something could not be judged.",
    )  # fmt: skip
    test.add_argument("paths", nargs="+", metavar="PATH", help="files or folders of objects, and of policies")
    test.add_argument(
        "--policies", action="append", default=[], metavar="PATH", help="further files or folders of policies"
    )
    _format(test)


def _explain(below: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    explain = below.add_parser(
        "explain", help="show why a policy says what it says of an object",
        description="Show for each object of a file what a policy says of it and why: for CEL every part with its "
        "value and the one that decided marked by >, for Rego every line with what it bound, for Azure Policy each "
        "condition with what was found, and what leaves an object out.",
    )  # fmt: skip
    explain.add_argument("object", metavar="OBJECT", help="file of objects")
    explain.add_argument("policy", metavar="POLICY", help="rule of the family policy, or a file of policies")
    _format(explain)


def _bench(below: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    bench = below.add_parser(
        "bench", help="time each policy over objects in files",
        description="Time each Gatekeeper constraint and each bound ValidatingAdmissionPolicy among the files over all "
        "objects in them or, where there is none, each rule of the rulebook for Kubernetes: p50 and p99 an object, the "
        "steps it took, the slowest first. A binding's parameters are looked for among the objects.",
    )  # fmt: skip
    bench.add_argument("paths", nargs="*", metavar="PATH", help="files or folders of objects and policies")
    bench.add_argument(
        "--recorded", type=int, default=0, metavar="N", nargs="?", const=5_000,
        help="also N objects of the record: of audits, then of admission (5,000 where N is left out)",
    )  # fmt: skip
    bench.add_argument("--project", metavar="PATH", default=".", help="folder whose workspace holds the record")
    bench.add_argument("--rules", default="", metavar="RULE", help="only rules of this id, * and ? allowed")
    bench.add_argument("--rounds", type=int, default=5, metavar="N", help="times each object is judged (default: 5)")
    bench.add_argument("--top", type=int, default=20, metavar="N", help="policies to show (default: 20)")
    _format(bench)
    bench.add_argument("--quiet", action="store_true", help="no progress line")


def _format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form (default: text)")


def _run(arguments: argparse.Namespace) -> int:
    import importlib

    return int(importlib.import_module(f"lockgate.cli._policy.{arguments.action}").run(arguments))


COMMAND = Command(
    about="Verify, try, explain, time and export policies.",
    configure=_configure,
    run=_run,
    examples="  lockgate policy verify policies/\n"
    "  lockgate policy verify --run 'images//latest' --format junit policies/\n"
    "  lockgate policy test manifests/ --policies policies/\n"
    "  lockgate policy explain pod.yaml privileged-container\n"
    "  lockgate policy export --format vap --rules 'rbac-*' --action warn --out admission/\n",
)
