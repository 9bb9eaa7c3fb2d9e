"""``lockgate attest``: a signed statement about an image: provenance, a bill of materials, anything in JSON."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command
from lockgate.cli.commands.sign import add_form, configure_place


def _configure(parser: argparse.ArgumentParser) -> None:
    configure_place(parser)
    add_form(parser)
    parser.add_argument("--predicate", required=True, metavar="FILE", help="what is said, one JSON object")
    known = "slsaprovenance1, slsaprovenance, cyclonedx, spdxjson, openvex, vuln, or an address"
    parser.add_argument("--type", required=True, metavar="TYPE", help=known)


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._trust import run_attest

    return run_attest(arguments)


COMMAND = Command(
    about="Say something of an image and sign it: provenance, a bill of materials.",
    configure=_configure,
    run=_run,
    notes="A statement of in-toto in a signed envelope (DSSE), as cosign attest makes it; cosign verify-attestation\n"
    "reads it. A password of the key comes as for lockgate sign.",
    examples="  lockgate attest registry.example.com/team/cart@sha256:... --key cosign.key --type cyclonedx \\\n"
    "      --predicate bom.json\n",
)
