"""pubspec.lock of Dart and Flutter (https://dart.dev/tools/pub/glossary#lockfile). ``sdks`` stands last."""

from __future__ import annotations

from lockgate.formats.json_safe import FormatError
from lockgate.formats.lockfiles import Reader, Reading, named
from lockgate.formats.lockfiles._collect import Collector, Sibling, mapping, text
from lockgate.formats.lockfiles._text import ends_mid_line
from lockgate.model import Scope

_DIRECT = {"direct main": Scope.RUNTIME, "direct dev": Scope.DEVELOPMENT, "direct overridden": Scope.RUNTIME}


def read(path: str, content: bytes, sibling: Sibling) -> Reading:
    """Every hosted or git package. The lock has no edges, so the scope of indirect ones is not known: runtime."""
    from lockgate.formats import yaml_safe

    del sibling
    nodes = yaml_safe.compose_all(content)
    if not nodes or not nodes[0].is_mapping:
        raise FormatError("not a mapping", 1)
    collector = Collector(path, "Pub")
    if nodes[0].get("sdks") is None or nodes[0].get("packages") is None or ends_mid_line(content):
        collector.malformed("no packages, no sdks or no end of the last line: the file seems cut")
    packages = nodes[0].get("packages")
    for name, node in packages.pairs if packages else []:
        entry = mapping(yaml_safe.value_of(node))
        version, stated = text(entry.get("version")), text(entry.get("dependency"))
        if text(entry.get("source")) in ("sdk", "path"):
            continue
        if not version:
            collector.malformed("a package without a version", line=name.line)
            continue
        digest = text(mapping(entry.get("description")).get("sha256"))
        collector.add(
            name.text,
            version,
            line=name.line,
            direct=stated in _DIRECT,
            scope=_DIRECT.get(stated, Scope.RUNTIME),
            hashes=(f"sha256:{digest}",) if digest else (),
        )
    return collector.reading(direct_known=True)


READER = Reader("Pub", named("pubspec.lock"), read)
