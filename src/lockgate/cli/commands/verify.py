"""``lockgate verify``: whether an image is signed, built and scanned as the policy of images asks."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", metavar="IMAGE", help="name in a registry, or an OCI layout on disk")
    parser.add_argument("--policy", metavar="FILE", help="policy of images (default: lockgate-images.yaml)")
    parser.add_argument("--format", choices=("table", "json"), default="table", help="form (default: table)")
    parser.add_argument("--name", default="", metavar="NAME", help="which image of a layout that holds several")
    parser.add_argument("--platform", default="", metavar="OS/ARCH",
                        help="of an index the image for it, which a signature of the index covers, too")  # fmt: skip
    parser.add_argument("--ca-file", default="", metavar="FILE", help="authorities to trust beside the machine's, PEM")
    parser.add_argument("--plain-http", action="store_true", help="ask the registry without TLS (localhost always is)")
    parser.add_argument("--no-store", action="store_true", help="write no row of the verdict, ask the record nothing")
    parser.add_argument("--config", metavar="FILE", help="settings to use instead of lockgate.yaml")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._trust import run_verify

    return run_verify(arguments)


COMMAND = Command(
    about="Hold an image to the policy of images: signatures, provenance, the age of its scan.",
    configure=_configure,
    run=_run,
    notes="Nothing is fetched but from the registry: keys and trusted roots are files that the policy names. Verifies\n"
    "what cosign and sigstore attach, in both forms. Ends with code 1 where the policy denies, 5 where the registry\n"
    "does not answer, 3 where the policy cannot be used. Each verdict is a row of ImageVerdicts.",
    examples=(
        "  lockgate verify registry.example.com/team/cart@sha256:...\n"
        "  lockgate verify registry.example.com/team/cart:1.2 --policy images.yaml --format json\n"
    ),
)
