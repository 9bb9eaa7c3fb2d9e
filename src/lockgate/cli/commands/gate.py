"""``lockgate gate``: deployments that wait for checks, times and people."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command

_ACTIONS = ("request", "wait", "status", "list", "approve", "reject", "break-glass", "follow-up", "withdraw")


def _configure(parser: argparse.ArgumentParser) -> None:
    below = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    asked = below.add_parser("request", help="ask for a deployment")
    asked.add_argument("--environment", required=True, metavar="NAME", help="where to, as lockgate.yaml names it")
    asked.add_argument("--repository", default="", metavar="HOST/PATH", help="default: the remote origin")
    asked.add_argument("--ref", default="", metavar="REF", help="refs/heads/main; default: of the run, or of HEAD")
    asked.add_argument("--commit", default="", metavar="COMMIT", help="default: HEAD")
    _what(asked, "what is deployed")
    asked.add_argument("--check", action="append", default=[], metavar="NAME=STATE",
                       help="how a check of the commit stands, where no forge tells: success, failure, pending")
    asked.add_argument("--key", default="", metavar="KEY", help="the same for one wait; default: of the pipeline's run")
    asked.add_argument("--url", default="", metavar="URL", help="a page about it; default: of the pipeline's run")
    asked.add_argument("--wait", action="store_true", help="wait for it too")
    waits = _about(below.add_parser("wait", help="wait until it is allowed or denied"))
    _what(waits, "what is about to be deployed: must be what was allowed")
    for one in (asked, waits):
        one.add_argument("--timeout", type=float, default=3600.0, metavar="SECONDS", help="default: 3600")
        one.add_argument("--every", type=float, default=10.0, metavar="SECONDS", help="between two looks (default: 10)")
    _about(below.add_parser("status", help="its card: what changes, who has answered, what happens next"))
    for name in ("approve", "reject"):
        answers = _about(below.add_parser(name, help=f"{name} exactly what its card shows"))
        answers.add_argument("--binding", default="", metavar="DIGEST", help="of the card that you have seen")
        answers.add_argument("--comment", default="", metavar="TEXT", help="for others")
        answers.add_argument("--yes", action="store_true", help="do not show the card, answer what it is now")
    glass = _about(below.add_parser("break-glass", help="let it through before its time"))
    glass.add_argument("--reason", required=True, metavar="TEXT", help="why; others will look at it")
    after = _about(below.add_parser("follow-up", help="say that you have looked at a broken glass"))
    after.add_argument("glass", metavar="GLASS", help="as the status shows it")
    after.add_argument("--note", required=True, metavar="TEXT", help="what you found")
    back = _about(below.add_parser("withdraw", help="take it back, also when it was allowed"))
    back.add_argument("--reason", default="", metavar="TEXT", help="why")
    listed = below.add_parser("list", help="deployments, newest first")
    listed.add_argument("--standing", default="open", metavar="STANDING",
                        choices=("open", "all", "waiting", "asking", "allowed", "denied", "expired", "withdrawn"),
                        help="open (default), all, or one of them")  # fmt: skip
    listed.add_argument("--environment", default="", metavar="NAME", help="to this one alone")
    for one in below.choices.values():
        one.add_argument("--format", choices=("text", "json", "markdown"), default="text", help="form (default: text)")
        one.add_argument("--server", default="", metavar="URL", help="ask this server; default: LOCKGATE_SERVER, else "
                         "the workspace here")  # fmt: skip
        one.add_argument("--ca-file", default="", metavar="FILE", help="authorities to trust beside the machine's, PEM")
        one.add_argument("--config", metavar="FILE", help="settings to use instead of lockgate.yaml")


def _about(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("id", metavar="ID", help="id of the request")
    return parser


def _what(parser: argparse.ArgumentParser, about: str) -> None:
    parser.add_argument("--image", action="append", default=[], metavar="NAME@DIGEST", help=f"{about}; may be repeated")
    parser.add_argument("--manifests", default="", metavar="PATH",
                        help="a kustomization, a chart, manifests, or - for what a pipe brings")  # fmt: skip


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._gate import run

    return run(arguments)


COMMAND = Command(
    about="Have deployments wait for checks, windows and people, and answer them.",
    configure=_configure,
    run=_run,
    notes="Environments stand in lockgate.yaml. An answer is bound to image digests, manifests, policy and evidence:\n"
    "any change voids it. Against a server it is that of LOCKGATE_TOKEN; without one, of the account of this machine,\n"
    "which shows no second factor: set mfa: false there. wait ends with 0 where it is allowed, 1 where it is denied,\n"
    "expired, withdrawn or something else is about to be deployed, 5 where it still waits or the server is away.",
    examples=(
        "  lockgate gate request --environment production --image cart@sha256:... --manifests deploy/ --wait\n"
        "  lockgate gate wait ID --timeout 7200\n"
        "  lockgate gate status ID --format markdown\n"
        "  lockgate gate approve ID --binding sha256:...\n"
    ),
    actions=_ACTIONS,
)
