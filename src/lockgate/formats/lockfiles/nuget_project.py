"""Project files of .NET (``*.csproj``, ``*.fsproj``, ``*.vbproj``), central versions and packages.config.

A literal ``Version`` is NuGet's least version; without a lock it is what restores, so it counts as exact. Central
versions come from the nearest Directory.Packages.props above. Conditions are not evaluated: every branch counts.
"""

from __future__ import annotations

from lockgate.formats.format_error import FormatError
from lockgate.formats.lockfiles import Ending, Reader, Reading
from lockgate.formats.lockfiles._collect import Collector, Sibling, folder_of
from lockgate.formats.lockfiles._text import XmlNode, load_xml
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Scope, SkipKind

MAX_FOLDERS = 30
_PROJECTS = (".csproj", ".fsproj", ".vbproj")
_EXACT = lazy_pattern(r"\[?(\d+(?:\.\d+){0,3}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)\]?")
_PROPERTY = lazy_pattern(r"\$\(([\w.-]+)\)")


def matches(path: str) -> bool:
    """A project, ``packages.config``, or the props file of central versions."""
    return path.endswith(_PROJECTS) or path[path.rfind("/") + 1 :] in ("packages.config", "Directory.Packages.props")


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every referenced package."""
    root = load_xml(content)
    collector = Collector(path, "NuGet")
    if root.tag == "packages":
        for node in root.all("package"):
            development = node.attributes.get("developmentDependency", "").lower() == "true"
            _add(
                collector,
                node,
                node.attributes.get("id", ""),
                node.attributes.get("version", ""),
                {},
                development=development,
            )
        return collector.reading(direct_known=False)
    properties = _properties(root)
    if path.endswith("Directory.Packages.props"):
        for node in root.all("ItemGroup", "GlobalPackageReference"):
            _add(collector, node, node.attributes.get("Include", ""), _version(node), properties, development=False)
        return collector.reading(direct_known=True)
    central, outer = _central(path, sibling)
    for node in root.all("ItemGroup", "PackageReference"):
        name = node.attributes.get("Include", "")
        if not name:
            continue  # Update and Remove change references made elsewhere
        version = node.attributes.get("VersionOverride", "") or _version(node) or central.get(name.lower(), "")
        private = (node.attributes.get("PrivateAssets", "") or node.value("PrivateAssets")).lower() == "all"
        _add(collector, node, name, version, {**outer, **properties}, development=private)
    return collector.reading(direct_known=True)


def _version(node: XmlNode) -> str:
    return node.attributes.get("Version", "") or node.value("Version")


def _properties(root: XmlNode) -> dict[str, str]:
    return {node.tag: node.text for group in root.all("PropertyGroup") for node in group.children if not node.children}


def _central(path: str, sibling: Sibling) -> tuple[dict[str, str], dict[str, str]]:
    folder = folder_of(path)
    for _ in range(MAX_FOLDERS):
        content = sibling(f"{folder}Directory.Packages.props")
        if content is not None:
            try:
                root = load_xml(content)
            except FormatError:
                return {}, {}
            nodes = root.all("ItemGroup", "PackageVersion")
            return {node.attributes.get("Include", "").lower(): _version(node) for node in nodes}, _properties(root)
        if not folder:
            break
        folder = folder_of(folder[:-1])
    return {}, {}


def _add(
    collector: Collector, node: XmlNode, name: str, version: str, properties: dict[str, str], *, development: bool
) -> None:
    wish = _PROPERTY.sub(lambda match: properties.get(match.group(1), match.group()), version).strip()
    match = _EXACT.fullmatch(wish)
    exact = match.group(1) if match else ""
    if not name or "$(" in name:
        collector.skip(SkipKind.UNRESOLVED, "a reference whose name is not literal", line=node.line)
        return
    if not exact:
        collector.skip(SkipKind.UNRESOLVED, f"{name[:80]} has no literal version here", line=node.line)
    scope = Scope.DEVELOPMENT if development else Scope.RUNTIME
    collector.add(name, exact, line=node.line, direct=True, scope=scope, requirement=wish[:200])


READER = Reader("NuGet", Ending((*_PROJECTS, "packages.config", "Directory.Packages.props"), matches), read, lock=False)
