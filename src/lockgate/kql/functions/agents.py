"""``parse_user_agent``: which browser, system and device a client says it is.

The service uses a list of patterns of the ``uap`` project; here the products that make up nearly all traffic are told
apart by the words that their makers put in. Names and parts are those that the documentation of the function shows.
"""

from __future__ import annotations

from re import Match
from typing import Any

from lockgate.lazy_pattern import lazy_pattern

_LONGEST = 4096
_VERSION = r"[/ ]?v?([0-9]+)?(?:[._]([0-9]+))?(?:[._]([0-9]+))?"
_BROWSERS = tuple(
    (name, lazy_pattern(words + _VERSION))
    for name, words in (
        ("AdobeAIR", r"AdobeAIR"),
        ("Edge", r"(?:Edge|EdgA|EdgiOS|Edg)"), ("Opera", r"(?:OPR|Opera)"), ("Samsung Internet", r"SamsungBrowser"),
        ("Firefox iOS", r"FxiOS"), ("Firefox", r"Firefox"), ("Chrome Mobile iOS", r"CriOS"),
        ("Chrome Mobile", r"Chrome(?=/[0-9.]+ Mobile)"), ("Chrome", r"Chrome"), ("HeadlessChrome", r"HeadlessChrome"),
        ("Mobile Safari", r"Version(?=/[0-9.]+ Mobile/\S+ Safari)"), ("Safari", r"Version(?=/[0-9.]+ Safari)"),
        ("IE", r"MSIE"), ("IE", r"Trident/.*rv:"), ("curl", r"curl"), ("Wget", r"[Ww]get"),
        ("Python Requests", r"python-requests"), ("Python aiohttp", r"aiohttp"), ("Go-http-client", r"Go-http-client"),
        ("okhttp", r"okhttp"), ("Java", r"Java"), ("Googlebot", r"Googlebot"), ("bingbot", r"bingbot"),
        ("kubectl", r"kubectl"), ("PowerShell", r"(?:Windows)?PowerShell"), ("Apache-HttpClient", r"Apache-HttpClient"),
    )
)  # fmt: skip
_NT = {
    "10.0": "10", "6.3": "8.1", "6.2": "8", "6.1": "7", "6.0": "Vista", "5.1": "XP", "5.2": "XP", "5.0": "2000",
}  # fmt: skip
_WINDOWS = lazy_pattern(r"Windows NT ([0-9]+\.[0-9]+)")
_SYSTEMS = tuple(
    (name, lazy_pattern(words + _VERSION))
    for name, words in (
        ("Symbian OS", r"SymbianOS"),
        ("iOS", r"(?:iPhone|iPad|iPod).*?(?:CPU )?(?:iPhone )?OS"), ("Android", r"Android"), ("Chrome OS", r"CrOS \w+"),
        ("Mac OS X", r"Mac OS X"), ("Windows", r"Windows"), ("Ubuntu", r"Ubuntu"), ("Linux", r"[Ll]inux"),
    )
)  # fmt: skip
_DEVICES = (
    ("iPhone", "iPhone", "Apple", "iPhone"), ("iPad", "iPad", "Apple", "iPad"), ("iPod", "iPod", "Apple", "iPod"),
    ("Macintosh", "Mac", "Apple", "Mac"), ("Googlebot", "Spider", "Spider", "Desktop"),
    ("bingbot", "Spider", "Spider", "Desktop"),
)  # fmt: skip
_MODEL = lazy_pattern(r"Android[^;)]*;(?: [a-z]{2}-[A-Za-z]{2};)? ([^;)]{1,60}?)(?: Build/[^;)]*)?[;)]")


def parse_user_agent(text: str, wanted: Any = None) -> dict[str, Any]:
    """What a user agent's text tells; ``wanted`` names what is looked for: ``browser``, ``os``, ``device``."""
    text = text[:_LONGEST]
    parts = [wanted] if isinstance(wanted, str) else wanted if isinstance(wanted, list) else list(_PARTS)
    chosen = [one.lower() for one in parts if isinstance(one, str)]
    return {name: read(text) for key, (name, read) in _PARTS.items() if key in chosen}


def _browser(text: str) -> dict[str, str]:
    for name, pattern in _BROWSERS:
        if found := pattern.search(text):
            return {"Family": name, **_version(found)}
    return {"Family": "Other", "MajorVersion": "", "MinorVersion": "", "Patch": ""}


def _version(found: Match[str]) -> dict[str, str]:
    return {"MajorVersion": found[1] or "", "MinorVersion": found[2] or "", "Patch": found[3] or ""}


def _system(text: str) -> dict[str, str]:
    nothing = {"MajorVersion": "", "MinorVersion": "", "Patch": "", "PatchMinor": ""}
    windows = _WINDOWS.search(text)
    if windows:
        return {"Family": "Windows", **nothing, "MajorVersion": _NT.get(windows[1], windows[1])}
    for name, pattern in _SYSTEMS:
        if found := pattern.search(text):
            return {"Family": name, **nothing, **_version(found)}
    return {"Family": "Other", **nothing}


def _device(text: str) -> dict[str, str]:
    for word, family, brand, model in _DEVICES:
        if word in text:
            return {"Family": family, "Brand": brand, "Model": model}
    if found := _MODEL.search(text):
        model = found[1].strip()
        return {"Family": model, "Brand": model.partition(" ")[0], "Model": model}
    return {"Family": "Other", "Brand": "", "Model": ""}


_PARTS = {"browser": ("Browser", _browser), "os": ("OperatingSystem", _system), "device": ("Device", _device)}
