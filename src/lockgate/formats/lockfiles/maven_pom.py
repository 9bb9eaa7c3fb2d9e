"""pom.xml of Maven (https://maven.apache.org/pom.html): properties, parents in the tree, managed versions, scopes.

A pom is no lock: it names direct dependencies only. What a parent or an imported bill of materials outside the tree
would say is not known here, so a version that hangs on it is a Skip.
"""

from __future__ import annotations

import re
from dataclasses import field

from lockgate.dataclass import dataclass
from lockgate.formats.format_error import FormatError
from lockgate.formats.lockfiles import Ending, Reader, Reading
from lockgate.formats.lockfiles._collect import Collector, Sibling, folder_of, join
from lockgate.formats.lockfiles._text import XmlNode, load_xml
from lockgate.lazy_pattern import lazy_pattern
from lockgate.model import Scope, SkipKind

MAX_PARENTS = 10
MAX_SUBSTITUTIONS = 20
_PROPERTY = lazy_pattern(r"\$\{([^${}]+)\}")
_SCOPES = {"test": Scope.DEVELOPMENT, "provided": Scope.BUILD, "import": Scope.BUILD}


@dataclass(slots=True)
class _Project:
    properties: dict[str, str] = field(default_factory=dict)
    managed: dict[str, tuple[str, str]] = field(default_factory=dict)
    outside: bool = False
    """A parent that is not in the tree."""


def matches(path: str) -> bool:
    """``pom.xml`` and ``*.pom``."""
    return path.endswith((".pom", "/pom.xml")) or path == "pom.xml"


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Dependencies, plugins' and profiles' included; managed ones only where a dependency uses them."""
    root = load_xml(content)
    if root.tag != "project":
        raise FormatError("not a project of Maven", root.line)
    collector = Collector(path, "Maven")
    project = _effective(path, root, sibling)
    profiles = root.all("profiles", "profile")
    for place in (root, *profiles):
        for node in place.all("dependencies", "dependency"):
            _dependency(collector, node, project)
        for node in place.all("build", "plugins", "plugin"):
            _dependency(collector, node, project, plugin=True)
            for inner in node.all("dependencies", "dependency"):
                _dependency(collector, inner, project, plugin=True)
        for node in place.all("dependencyManagement", "dependencies", "dependency"):
            if node.value("scope") == "import":
                reason = f"the bill of materials {_name(node, project)[:80]} is not read"
                collector.skip(SkipKind.UNRESOLVED, reason, line=node.line)
    if project.outside:
        line = (root.child("parent") or root).line
        collector.skip(SkipKind.UNRESOLVED, "the parent is not in the tree, so what it adds is not known", line=line)
    return collector.reading(direct_known=True)


def _effective(path: str, root: XmlNode, sibling: Sibling) -> _Project:
    """Properties and managed versions of the project and its parents in the tree; the nearest word counts."""
    chain = [root]
    place, seen, outside = path, {path}, False
    while len(chain) <= MAX_PARENTS:
        parent = chain[-1].child("parent")
        if parent is None:
            break
        found = _parent(place, parent, sibling)
        if found is None or found[0] in seen:
            outside = True
            break
        place = found[0]
        seen.add(place)
        chain.append(found[1])
    project = _Project(outside=outside)
    for level in reversed(chain):
        for node in level.all("properties"):
            project.properties.update({child.tag: child.text for child in node.children})
    _own_properties(project, chain)
    for level in reversed(chain):
        for node in level.all("dependencyManagement", "dependencies", "dependency"):
            if node.value("scope") != "import":
                project.managed[_name(node, project)] = (node.value("version"), node.value("scope"))
    return project


def _parent(path: str, parent: XmlNode, sibling: Sibling) -> tuple[str, XmlNode] | None:
    stated = parent.child("relativePath")
    relative = stated.text if stated is not None else "../pom.xml"
    if not relative:
        return None  # an empty relativePath asks for the repository
    target = join(
        folder_of(path), relative if relative.endswith((".xml", ".pom")) else f"{relative.rstrip('/')}/pom.xml"
    )
    content = sibling(target) if target else None
    if target is None or content is None:
        return None
    try:
        root = load_xml(content)
    except FormatError:
        return None
    return (target, root) if root.value("artifactId") == parent.value("artifactId") else None


def _own_properties(project: _Project, chain: list[XmlNode]) -> None:
    root = chain[0]
    parent = root.child("parent")
    for name in ("groupId", "artifactId", "version"):
        value = root.value(name) or (parent.value(name) if parent and name != "artifactId" else "")
        for prefix in ("project.", "pom.", ""):
            project.properties.setdefault(prefix + name, value)
        if parent:
            project.properties.setdefault(f"project.parent.{name}", parent.value(name))


def _filled(text: str, project: _Project) -> str:
    """Properties filled in; at most ``MAX_SUBSTITUTIONS`` rounds and 1,000 characters, so that none can explode."""
    for _ in range(MAX_SUBSTITUTIONS):
        filled = _PROPERTY.sub(lambda match: project.properties.get(match.group(1).strip(), match.group()), text)
        if filled == text or len(filled) > 1000:
            break
        text = filled
    return text.strip()


def _name(node: XmlNode, project: _Project) -> str:
    return f"{_filled(node.value('groupId'), project)}:{_filled(node.value('artifactId'), project)}"


def _dependency(collector: Collector, node: XmlNode, project: _Project, *, plugin: bool = False) -> None:
    name = _name(node, project)
    if plugin and name.startswith(":"):
        name = f"org.apache.maven.plugins{name}"
    managed, managed_scope = project.managed.get(name, ("", ""))
    wish = _filled(node.value("version") or ("" if plugin else managed), project)
    stated = node.value("scope") or managed_scope
    if "${" in name or name.startswith(":") or name.endswith(":"):
        collector.skip(SkipKind.UNRESOLVED, "a dependency whose name is not known here", line=node.line)
        return
    if stated == "system":
        collector.skip(SkipKind.UNRESOLVED, f"{name[:80]} is a file of the machine", line=node.line)
        return
    exact = wish[1:-1] if re.fullmatch(r"\[[^,\[\]()]+\]", wish) else wish
    if not exact or "${" in exact or exact[0] in "[(" or exact in ("LATEST", "RELEASE"):
        if plugin and not wish:
            return  # Maven's own defaults; not part of the product
        collector.skip(SkipKind.UNRESOLVED, f"{name[:80]} has no version that is known here", line=node.line)
        exact = ""
    optional = node.value("optional").lower() == "true"
    scope = Scope.BUILD if plugin else Scope.OPTIONAL if optional else _SCOPES.get(stated, Scope.RUNTIME)
    collector.add(name, exact, line=node.line, direct=True, scope=scope, requirement=wish[:200])


READER = Reader("Maven", Ending((".pom", "pom.xml"), matches), read, lock=False)
