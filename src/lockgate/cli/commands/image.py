"""``lockgate image``: everything about an image of containers, and what differs between two."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command

TYPE_CHECKING = False  # as in ``typing``, which ``lockgate --help`` has no need to import
if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_WHERE = "name in a registry; or a layout, an archive, a root on disk"
_FAMILIES = ("secrets", "images", "dependencies", "malware")


_ACTIONS = ("show", "inspect", "scan", "sbom", "diff", "base", "files")


def _configure(parser: argparse.ArgumentParser) -> None:
    below = parser.add_subparsers(dest="action", metavar="ACTION", required=True, help="show where none is named")
    show = below.add_parser(
        "show", help="everything about one image on a page: base, layers, packages, findings, verdict",
        description="Scan the image and draw what it is, what it stands on, what is in it, what is wrong with it "
        "with fix and layer, and the verdict. lockgate image IMAGE is the same.",
    )  # fmt: skip
    show.add_argument("--base", action="append", default=[], metavar="IMAGE", help="an image that may be its base")
    inspect = below.add_parser(
        "inspect", help="draw the layers: what each brought, by which instruction, and what later ones hide of it",
        description="Read every layer, check its digests, and show what it brought.",
    )  # fmt: skip
    inspect.add_argument("--format", choices=("table", "json"), default="table", help="form (default: table)")
    inspect.add_argument("--files", type=int, default=3, metavar="N", help="largest files of each layer (default: 3)")
    scan = below.add_parser(
        "scan", help="look for secrets, weaknesses of the image itself, vulnerable packages, and malware by your rules",
        description="Judge the files of every layer, the environment, the history and the configuration of the image. "
        "A secret that a later layer deletes is told too: whoever pulls the image can read it. What is installed in "
        "the file system that a container sees is compared with the advisories, where there are any. Layers that were "
        "read before are not read again.",
    )  # fmt: skip
    for one in (show, scan):
        one.add_argument("--format", action="append", default=[], metavar="NAME[=FILE]", help="report, as of check")
        _judging(one)
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
    for one in (show, inspect, scan, sbom, *_comparing(below)):
        _naming(one)


def _comparing(below: Subparsers) -> tuple[argparse.ArgumentParser, ...]:
    """Actions over several images, and what is kept of one to be compared later."""
    diff = below.add_parser(
        "diff", help="what the second image has otherwise: packages, configuration, layers, findings",
        description="Scan both images and tell what changes from the first to the second; code 1 where that has a "
        "finding that the first has not.",
    )  # fmt: skip
    base = below.add_parser(
        "base", help="which images stand on which base, and what another base would change",
        description="Without IMAGE: the images of the record by their bases. With IMAGE: its base, by its labels, or "
        "by the layers that it begins with among images of the record and --base.",
    )  # fmt: skip
    files = below.add_parser(
        "files", help="digests of programs and libraries, kept as what drift of a running container is told from",
        description="Hash what the image runs and loads, and keep it in the table ImageFiles.",
    )  # fmt: skip
    for one in (diff, base):
        _judging(one)
    for one in (diff, base, files):
        one.add_argument(
            "--format", dest="form", choices=("text", "json"), default="text", help="form of the answer (default: text)"
        )
    base.add_argument("--base", action="append", default=[], metavar="IMAGE", help="an image that may be its base")
    base.add_argument("--replace", default="", metavar="IMAGE", help="what changes on this base, before anyone builds")
    base.add_argument("--moved", default="", metavar="IMAGE", help="images of the record that stand on an older one")
    files.add_argument("--all", action="store_true", help="every file, not programs and libraries alone; kept nowhere")
    files.add_argument("--no-store", action="store_true", help="keep nothing")
    files.add_argument("--config", metavar="FILE", help="settings to use instead of lockgate.yaml")
    base.add_argument("image", metavar="IMAGE", nargs="?", default="", help=_WHERE)
    diff.add_argument("image", metavar="IMAGE", help=_WHERE)
    diff.add_argument("other", metavar="OTHER", help="the second image")
    files.add_argument("image", metavar="IMAGE", help=_WHERE)
    return diff, base, files


def _naming(one: argparse.ArgumentParser) -> None:
    """Which image is meant, and how it is reached."""
    if one.get_default("form") is None:  # those that compare take one image or another number of them
        one.add_argument("image", metavar="IMAGE", help=_WHERE)
    one.add_argument("--name", default="", metavar="NAME", help="which image of a place that holds several")
    one.add_argument("--platform", default="", metavar="OS/ARCH",
                     help="of an index (default: linux/amd64); scan takes each with all")  # fmt: skip
    one.add_argument("--dockerfile", metavar="FILE", help="what it was built from, to name lines of")
    one.add_argument("--ca-file", default="", metavar="FILE", help="authorities to trust beside the machine's, PEM")
    one.add_argument("--plain-http", action="store_true", help="ask the registry without TLS (localhost always is)")
    one.add_argument("--quiet", action="store_true", help="no progress line")


def _judging(one: argparse.ArgumentParser) -> None:
    """What says how an image is judged."""
    one.set_defaults(packages="layers")
    one.add_argument("--family", action="append", choices=_FAMILIES, help="judge only this family")
    one.add_argument("--advisories", metavar="FILE", help="advisory store to use (default: .lockgate/advisories.db)")
    one.add_argument("--yara", action="append", default=[], metavar="PATH", help="YARA rules to put every file to")
    one.add_argument("--vex", action="append", default=[], metavar="PATH",
                     help="VEX documents: OpenVEX, CSAF, CycloneDX (JSON)")  # fmt: skip
    one.add_argument("--no-store", action="store_true", help="remember nothing: every finding counts as new")
    one.add_argument("--config", metavar="FILE", help="settings to use instead of lockgate.yaml")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._image import run

    return run(arguments)


COMMAND = Command(
    about="Look into images of containers: layers, packages, secrets, weaknesses, bases; compare two.",
    configure=_configure,
    run=_run,
    notes="Nothing is unpacked onto disk. A layer that is cut short, is not what its digest says, or unpacks beyond\n"
    "all bounds ends the run with code 5, before anything is recorded. A registry is asked as whom docker, podman or\n"
    "az logged in (~/.docker/config.json with its helpers, containers/auth.json), else as anybody.",
    actions=_ACTIONS,
    otherwise="show",
    examples=(
        "  lockgate image registry.example.com/team/cart:1.2\n"
        "  lockgate image scan registry.example.com/team/cart:1.2\n"
        "  lockgate image inspect oci:layout:1.2\n"
        "  lockgate image scan cart.tar --dockerfile Dockerfile --format sarif=image.sarif\n"
        "  lockgate image scan /mnt/root\n"
        "  lockgate image diff oci:layout:1.2 oci:layout:1.3\n"
        "  lockgate image base oci:layout:1.2 --base debian.tar --replace new-debian.tar\n"
        "  lockgate image sbom registry.example.com/team/cart:1.2 --attach\n"
    ),
)
