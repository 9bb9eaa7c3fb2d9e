"""Infrastructure code of Azure as resources: ARM templates, Bicep, and Terraform's ``azurerm``.

``read(path, content, sibling)`` gives objects of the form ``azure``: ``type``, ``name``, ``location``, ``properties``
as Azure Resource Manager holds them, each field with its line. Expressions are evaluated as far as the files decide
them; what is known only at deployment stays as text and is named in ``Object.unresolved``. What does not belong:
judging a resource, and reading anything but the files of the tree.
"""

from __future__ import annotations

from lockgate.formats.format_error import FormatError
from lockgate.formats.objects import Reading, Sibling, Skips
from lockgate.model import SkipKind

__all__ = ["Reading", "read", "wants"]


def wants(path: str) -> bool:
    """Whether the file may hold Azure resources. Cheap: asked for every file."""
    return path.endswith((".json", ".bicep", ".tf"))


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every Azure resource of the file. Never raises; a file of another kind gives nothing.

    ``sibling(path relative to the tree)`` gives another file's content, or None.
    """
    try:
        return _read(path, content, sibling)
    except FormatError as error:
        return _skipped(path, error.kind, error.reason, error.line)
    except RecursionError:
        return _skipped(path, SkipKind.TOO_LARGE, "nested too deeply", 0)


def _read(path: str, content: bytes, sibling: Sibling) -> Reading:
    from lockgate.formats.azure import _arm, _bicep, _terraform, _terraform_plan

    if path.endswith(".tf"):
        return _terraform.read(path, content, sibling)
    if path.endswith(".tf.json"):
        raise FormatError("Terraform's JSON syntax", kind=SkipKind.UNSUPPORTED)
    if path.endswith(".bicep"):
        return _bicep.read(path, content, sibling)
    if path.endswith(".json") and _arm.is_template(content):
        return _arm.read(path, content, sibling)
    if path.endswith(".json") and _terraform_plan.is_plan(content):
        return _terraform_plan.read(path, content)
    return Reading()


def _skipped(path: str, kind: SkipKind, reason: str, line: int) -> Reading:
    skips = Skips(path)
    skips.add(kind, reason, line=line)
    return Reading((), skips.settled())
