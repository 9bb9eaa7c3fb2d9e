"""Kubernetes' format library: named checks of texts, whose answer is an optional list of what is wrong."""

from __future__ import annotations

import base64
import binascii
import datetime
import re
from collections.abc import Callable

from lockgate.lazy_pattern import lazy_pattern
from lockgate.policy.cel.functions import function, method
from lockgate.policy.cel.library.urls import parse_url
from lockgate.policy.cel.metering import charge
from lockgate.policy.cel.times import parse_timestamp
from lockgate.policy.cel.values import NONE, CelError, Opaque, Optional

_LABEL = lazy_pattern(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = lazy_pattern(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED = lazy_pattern(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_LABEL_VALUE = lazy_pattern(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_UUID = lazy_pattern(r"[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})")
_SHAPES = {
    "label": "it must hold lower case letters, digits or '-', and begin and end with a letter or digit",
    "label_1035": "it must hold lower case letters, digits or '-', begin with a letter and end with a letter or digit",
    "subdomain": "it must hold lower case letters, digits, '-' or '.', and begin and end with a letter or digit",
    "name": "its name must hold letters, digits, '-', '_' or '.', and begin and end with a letter or digit",
    "value": "it must be empty or hold letters, digits, '-', '_' or '.', and begin and end with a letter or digit",
}
_Check = Callable[[str], list[str]]


def _shaped(pattern: re.Pattern[str], shape: str, longest: int, *, prefix: bool = False) -> _Check:
    def check(text: str) -> list[str]:
        wrong = [f"must be no more than {longest} characters"] if len(text.encode()) > longest else []
        # What may be completed by a suffix may end in a dash; Kubernetes looks at it as if the dash were a letter.
        whole = text[:-1] + "a" if prefix and len(text) > 1 and text.endswith("-") else text
        return wrong if pattern.fullmatch(whole) else [*wrong, _SHAPES[shape]]

    return check


def _qualified_name(text: str) -> list[str]:
    before, slash, name = text.rpartition("/")
    if "/" in before:
        return ["it must be a name with at most one prefix before a '/'"]
    wrong = [] if not slash else [f"prefix part {fault}" for fault in (_subdomain(before) if before else ["is empty"])]
    if not name:
        return [*wrong, "name part must be non-empty"]
    if len(name) > 63:
        wrong.append("name part must be no more than 63 characters")
    return wrong if _QUALIFIED.fullmatch(name) else [*wrong, _SHAPES["name"]]


def _by(read: Callable[[str], object], message: str) -> _Check:
    def check(text: str) -> list[str]:
        try:
            read(text)
        except (CelError, ValueError) as error:
            return [message or str(error)]
        return []

    return check


def _byte(text: str) -> None:
    if not _BASE64.fullmatch(text):
        raise ValueError
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError from None


def _date(text: str) -> None:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError
    datetime.date.fromisoformat(text)


def _uuid(text: str) -> None:
    if not _UUID.fullmatch(text):
        raise ValueError


_subdomain = _shaped(_SUBDOMAIN, "subdomain", 253)
CHECKS: dict[str, _Check] = {
    "dns1123Label": _shaped(_LABEL, "label", 63),
    "dns1123Subdomain": _subdomain,
    "dns1035Label": _shaped(_LABEL_1035, "label_1035", 63),
    "qualifiedName": _qualified_name,
    "dns1123LabelPrefix": _shaped(_LABEL, "label", 63, prefix=True),
    "dns1123SubdomainPrefix": _shaped(_SUBDOMAIN, "subdomain", 253, prefix=True),
    "dns1035LabelPrefix": _shaped(_LABEL_1035, "label_1035", 63, prefix=True),
    "labelValue": _shaped(_LABEL_VALUE, "value", 63),
    "uri": _by(parse_url, ""),
    "uuid": _by(_uuid, "does not match the UUID format"),
    "byte": _by(_byte, "invalid base64"),
    "date": _by(_date, "invalid date"),
    "datetime": _by(parse_timestamp, "invalid datetime"),
}
"""What each named format says about a text: nothing, or what is wrong with it."""


class NamedFormat(Opaque):
    """A format by its name."""

    __slots__ = ("name",)
    TYPE = "kubernetes.NamedFormat"

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NamedFormat) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


def _named(name: str) -> Optional:
    return Optional(NamedFormat(name)) if name in CHECKS else NONE


def _validate(named: NamedFormat, text: str) -> Optional:
    charge(len(text))
    wrong = CHECKS[named.name](text)
    return Optional(wrong) if wrong else NONE


LIBRARY = [
    function("format.named", "string", do=_named, result="optional"),
    *(function(f"format.{name}", do=lambda name=name: NamedFormat(name)) for name in CHECKS),
    method("validate", NamedFormat.TYPE, "string", do=_validate, result="optional"),
]
