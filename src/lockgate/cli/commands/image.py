"""``lockgate image``: what an image of containers holds, layer by layer, and the secrets in it."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command

_FAMILIES = ("secrets", "images", "dependencies", "malware")


def _configure(parser: argparse.ArgumentParser) -> None:
    below = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    inspect = below.add_parser(
        "inspect", help="draw the layers: what each brought, by which instruction, and what later ones hide of it",
        description="Read every layer, check its digests, and show what it brought.",
    )  # fmt: skip
    inspect.add_argument("--format", choices=("table", "json"), default="table", help="form (default: table)")
    inspect.add_argument("--files", type=int, default=3, metavar="N", help="largest files of each layer (default: 3)")
    scan = below.add_parser(
        "scan", help="look for secrets in every layer and the configuration, and for vulnerable packages",
        description="Judge the files of every layer, the environment and the history of the image. A secret that a "
        "later layer deletes is told too: whoever pulls the image can read it. What is installed in the file system "
        "that a container sees is compared with the advisories, where there are any. Layers that were read before are "
        "not read again.",
    )  # fmt: skip
    scan.add_argument("--format", action="append", default=[], metavar="NAME[=FILE]", help="report, as of check")
    scan.add_argument("--family", action="append", choices=_FAMILIES, help="judge only this family")
    scan.add_argument("--advisories", metavar="FILE", help="advisory store to use (default: .lockgate/advisories.db)")
    scan.add_argument("--yara", action="append", default=[], metavar="PATH", help="YARA rules to put every file to")
    scan.add_argument("--vex", action="append", default=[], metavar="PATH",
                      help="VEX documents: OpenVEX, CSAF, CycloneDX (JSON)")  # fmt: skip
    scan.add_argument("--no-store", action="store_true", help="remember nothing: every finding counts as new")
    scan.add_argument("--config", metavar="FILE", help="settings to use instead of lockgate.yaml")
    scan.add_argument(
        "--sbom", dest="packages", choices=("layers", "attached"), default="layers",
        help="judge what layers hold, or only the bill attached to the image, whoever wrote it (default: layers)",
    )  # fmt: skip
    sbom = below.add_parser(
        "sbom", help="write the bill of materials, or attach it to the image in its registry or layout",
        description="What is installed in the file system that a container sees, as a bill of materials. The same "
        "image makes the same bytes: the bill is dated when it was made (or at SOURCE_DATE_EPOCH). An attached bill "
        "is an OCI referrer of the image; attaching it twice changes nothing.",
    )  # fmt: skip
    sbom.add_argument("--format", choices=("cyclonedx", "spdx"), default="cyclonedx", help="form (default: cyclonedx)")
    sbom.add_argument("--output", default="", metavar="FILE", help="where to write it (default: standard output)")
    sbom.add_argument("--attach", action="store_true", help="attach it to the image")
    sbom.add_argument("--no-store", action="store_true", help="keep nothing of the layers that were read")
    for one in (inspect, scan, sbom):
        one.add_argument("image", metavar="IMAGE", help="name in a registry; or a layout, an archive, a root on disk")
        one.add_argument("--name", default="", metavar="NAME", help="which image of a place that holds several")
        one.add_argument("--platform", default="", metavar="OS/ARCH", help="of an index (default: linux/amd64)")
        one.add_argument("--dockerfile", metavar="FILE", help="what it was built from, to name lines of")
        one.add_argument("--ca-file", default="", metavar="FILE", help="authorities to trust beside the machine's, PEM")
        one.add_argument("--plain-http", action="store_true", help="ask the registry without TLS (localhost always is)")
        one.add_argument("--quiet", action="store_true", help="no progress line")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._image import run

    return run(arguments)


COMMAND = Command(
    about="Look into images of containers: layers and what brought them, secrets in them.",
    configure=_configure,
    run=_run,
    notes="Nothing is unpacked onto disk. A layer that is cut short, is not what its digest says, or unpacks beyond\n"
    "all bounds ends the run with code 5, before anything is recorded. A registry is asked as whom docker, podman or\n"
    "az logged in (~/.docker/config.json with its helpers, containers/auth.json), else as anybody.",
    examples=(
        "  lockgate image scan registry.example.com/team/cart:1.2\n"
        "  lockgate image inspect oci:layout:1.2\n"
        "  lockgate image scan cart.tar --dockerfile Dockerfile --format sarif=image.sarif\n"
        "  lockgate image scan /mnt/root\n"
        "  lockgate image sbom registry.example.com/team/cart:1.2 --attach\n"
    ),
)
