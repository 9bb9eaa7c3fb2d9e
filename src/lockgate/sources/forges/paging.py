"""Where the next page of a list is: pure readers of an answer's headers.

GitHub and GitLab link it (RFC 8288, ``rel="next"``); Azure DevOps gives a token that is shown at the next request.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from lockgate.lazy_pattern import lazy_pattern

_LINK = lazy_pattern(r'<([^<>\s]{1,8192})>((?:\s*+;\s*+[A-Za-z]{1,32}="[^"]{0,256}+")++)')
_NEXT = lazy_pattern(r'rel="[^"]*\bnext\b[^"]*"')
_MAX_HEADER = 64 * 1024


def linked(headers: Mapping[str, str]) -> str:
    """The address of the next page; empty on the last one."""
    for target, parameters in _LINK.findall(headers.get("link", "")[:_MAX_HEADER]):
        if _NEXT.search(parameters):
            return str(target)
    return ""


def continued(address: str, headers: Mapping[str, str]) -> str:
    """``address`` with the token of an answer; empty where it gave none."""
    token = headers.get("x-ms-continuationtoken", "")
    if not token:
        return ""
    parts = urlsplit(address)
    kept = [one for one in parse_qsl(parts.query, keep_blank_values=True) if one[0] != "continuationToken"]
    return urlunsplit(parts._replace(query=urlencode([*kept, ("continuationToken", token)])))
