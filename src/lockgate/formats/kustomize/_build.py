"""Builds one kustomization: what it gathers, then what it changes, in kustomize's own order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from lockgate.formats import manifests, yaml_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.kustomize import NAMES
from lockgate.formats.kustomize import _transform as transform
from lockgate.formats.kustomize._generate import behave, generated, suffix
from lockgate.formats.kustomize._patches import Deleted, json_patched, merged
from lockgate.formats.kustomize._references import follow
from lockgate.formats.kustomize._replace import replace_values
from lockgate.formats.kustomize._resource import Resource, selected
from lockgate.formats.manifests import values_of
from lockgate.formats.objects import Sibling, Skips
from lockgate.formats.paths import folder_of, join
from lockgate.model import SkipKind

MAX_FILES = 500
MAX_NESTED = 20
MAX_RESOURCES = 10_000
MAX_BYTES = 16 * 1024 * 1024
"""Everything that is copied, counted as JSON."""
MAX_CHANGES = 256 * 1024 * 1024
"""Bytes of each kustomization and patch, times the resources they may change."""
_NOT_DONE = {
    "vars": "vars", "generators": "plugins that generate", "transformers": "plugins that transform",
    "validators": "plugins that validate", "helmCharts": "charts within a kustomization",
    "helmChartInflationGenerator": "charts within a kustomization", "configurations": "configurations of transformers",
    "crds": "schemas of custom resources",
}  # fmt: skip


@dataclass(slots=True)
class Build:
    """One overlay with everything it reaches."""

    sibling: Sibling
    skips: Skips
    files: int = 0
    open: list[str] = field(default_factory=list)
    copied: int = 0
    changes: int = 0

    def spend(self, content: bytes, resources: list[Resource]) -> None:
        """Count what may change what. Raises :class:`FormatError` when it is too much."""
        self.changes += len(content) * len(resources)
        if self.changes > MAX_CHANGES:
            raise FormatError("too many changes to too many resources", kind=SkipKind.LIMIT)

    def copy(self, value: Any) -> Any:
        """A copy that shares nothing, not even what anchors share."""
        try:
            text = orjson.dumps(value)
        except (TypeError, RecursionError):
            raise FormatError("nested too deeply, or a number that is too large", kind=SkipKind.TOO_LARGE) from None
        self.copied += len(text)
        if self.copied > MAX_BYTES:
            raise FormatError(f"more than {MAX_BYTES} bytes of resources", kind=SkipKind.LIMIT)
        return orjson.loads(text)

    def whole(self, path: str, content: bytes) -> list[Resource]:
        """All resources, with hashes in their names and references that follow."""
        resources = self._gathered(path, content, [])
        for one in resources:
            if one.hashed:
                one.rename(f"{one.name}-{suffix(one.body)}")
        follow(resources)
        return resources

    def _gathered(self, path: str, content: bytes, above: list[Resource]) -> list[Resource]:
        """Resources of one kustomization; ``above``: what a component is put on."""
        if len(self.open) >= MAX_NESTED or path in self.open:
            raise FormatError("kustomizations nested too deeply, or one that contains itself", kind=SkipKind.LIMIT)
        spec = self._spec(content)
        self.open.append(path)
        try:
            resources = list(above)
            # ``bases`` is what kustomize called folders among the resources before version 2.1.
            for name in [*_texts(spec.get("resources")), *_texts(spec.get("bases"))]:
                self._resource(path, name, resources)
            for name in _texts(spec.get("components")):
                found = self._kustomization(folder_of(path), name)
                if found is None:
                    self._say(path, "a component that is not in the tree")
                else:
                    self._try(found[0], lambda found=found: self._onto(resources, found))  # type: ignore[misc]
            self._generate(path, spec, resources)
            self.spend(content, resources)
            self._change(path, spec, resources)
        finally:
            self.open.pop()
        for one in resources:
            if not any(one is other for other in above):
                one.scope = (path, *one.scope)
        return resources

    def _onto(self, resources: list[Resource], found: tuple[str, bytes]) -> None:
        resources[:] = self._gathered(*found, resources)

    def _spec(self, content: bytes) -> dict[str, Any]:
        documents = [value for value in yaml_safe.load_all(content, max_bytes=2**20) if value is not None]
        if len(documents) != 1 or not isinstance(documents[0], dict):
            raise FormatError("a kustomization that is not one mapping")
        return documents[0]

    def _say(self, path: str, reason: str, kind: SkipKind = SkipKind.UNRESOLVED) -> None:
        self.skips.add(kind, reason, path=path)

    def _try(self, path: str, work: Callable[[], None]) -> None:
        """Do one part; what it cannot do is a Skip, and the others go on."""
        try:
            work()
        except FormatError as error:
            if error.kind is SkipKind.LIMIT and (self.copied > MAX_BYTES or self.changes > MAX_CHANGES):
                raise
            self.skips.add(error.kind, error.reason, line=error.line, path=path)

    def _kustomization(self, folder: str, name: str) -> tuple[str, bytes] | None:
        target = join(folder, name.rstrip("/"))
        for own in NAMES if target is not None else ():
            place = f"{target}/{own}" if target else own
            content = self.sibling(place)
            if content is not None:
                return place, content
        return None

    def _resource(self, path: str, name: str, resources: list[Resource]) -> None:
        self.files += 1
        if self.files > MAX_FILES:
            raise FormatError(f"more than {MAX_FILES} files", kind=SkipKind.LIMIT)
        if "://" in name or "?ref=" in name or name.startswith(("github.com/", "git@", "git::")):
            self._say(path, "a base that is not in the tree")
            return
        target = join(folder_of(path), name)
        content = self.sibling(target) if target and "." in name.rpartition("/")[2] else None
        if target and content is not None:
            reading = manifests.read(target, content, rendered=True)
            self.skips.extend(reading.skips)
            for found in reading.objects:
                resources.append(Resource(self.copy(found.body), target, found.line_of))
            if len(resources) > MAX_RESOURCES:
                raise FormatError(f"more than {MAX_RESOURCES} resources", kind=SkipKind.LIMIT)
            return
        base = self._kustomization(folder_of(path), name)
        if base is None:
            self._say(path, "a resource that is not in the tree")
        else:
            self._try(base[0], lambda: resources.extend(self._gathered(*base, [])))

    def _generate(self, path: str, spec: dict[str, Any], resources: list[Resource]) -> None:
        shared = spec.get("generatorOptions")
        for kind, key in (("ConfigMap", "configMapGenerator"), ("Secret", "secretGenerator")):
            for entry in _dicts(spec.get(key)):

                def add(kind: str = kind, entry: dict[str, Any] = entry) -> None:
                    made = generated(kind, entry, shared if isinstance(shared, dict) else {}, path, self.sibling)
                    behave(resources, made, str(entry.get("behavior", "create")))

                self._try(path, add)

    def _change(self, path: str, spec: dict[str, Any], resources: list[Resource]) -> None:
        for patch in _texts(spec.get("patchesStrategicMerge")):
            self._try(path, lambda patch=patch: self._strategic(path, patch, resources))  # type: ignore[misc]
        for entry in _dicts(spec.get("patches")):
            self._try(path, lambda entry=entry: self._patch(path, entry, resources))  # type: ignore[misc]
        if isinstance(spec.get("namespace"), str) and spec["namespace"]:
            transform.set_namespace(resources, spec["namespace"])
        transform.set_affixes(resources, str(spec.get("namePrefix") or ""), str(spec.get("nameSuffix") or ""))
        self._labels(spec, resources)
        if isinstance(spec.get("commonAnnotations"), dict):
            transform.add_annotations(resources, _as_texts(spec["commonAnnotations"]))
        for entry in _dicts(spec.get("patchesJson6902")):
            self._try(path, lambda entry=entry: self._patch(path, entry, resources))  # type: ignore[misc]
        for entry in _dicts(spec.get("replicas")):
            transform.set_replicas(resources, str(entry.get("name")), entry.get("count"))
        for entry in _dicts(spec.get("images")):
            transform.set_images(resources, entry)
        for entry in _dicts(spec.get("replacements")):
            self._try(path, lambda entry=entry: self._replacement(path, entry, resources))  # type: ignore[misc]
        for key, what in _NOT_DONE.items():
            if spec.get(key):
                self._say(path, f"{what}: not read", SkipKind.UNSUPPORTED)

    def _labels(self, spec: dict[str, Any], resources: list[Resource]) -> None:
        if isinstance(spec.get("commonLabels"), dict):
            transform.add_labels(resources, _as_texts(spec["commonLabels"]), selectors=True, templates=True)
        for entry in _dicts(spec.get("labels")):
            if isinstance(entry.get("pairs"), dict):
                selectors, templates = entry.get("includeSelectors") is True, entry.get("includeTemplates") is True
                transform.add_labels(resources, _as_texts(entry["pairs"]), selectors=selectors, templates=templates)

    def _text(self, path: str, name: str) -> bytes:
        target = join(folder_of(path), name)
        content = self.sibling(target) if target else None
        if content is None:
            raise FormatError("a patch that is not in the tree", kind=SkipKind.UNRESOLVED)
        return content

    def _strategic(self, path: str, patch: str, resources: list[Resource]) -> None:
        """A file, or the patch itself."""
        inline = "\n" in patch or ":" in patch
        for body in values_of(patch.encode() if inline else self._text(path, patch)):
            self._merge(body, _meant(body, resources), resources)

    def _patch(self, path: str, entry: dict[str, Any], resources: list[Resource]) -> None:
        inline = entry.get("patch")
        content = inline.encode() if isinstance(inline, str) and inline else self._text(path, str(entry.get("path")))
        target = entry.get("target")
        chosen = selected(resources, target) if target else None
        self.spend(content, chosen or [])
        for value in values_of(content):
            if isinstance(value, list):
                if chosen is None:
                    raise FormatError("a JSON patch without a target")
                for one in chosen:
                    one.body = json_patched(self.copy(one.body), value, self.copy)
            elif isinstance(value, dict):
                found = _meant(value, resources) if chosen is None else chosen
                self._merge(value, found, resources, options=entry.get("options"))

    def _merge(self, patch: Any, chosen: list[Resource], resources: list[Resource], options: Any = None) -> None:
        if not isinstance(patch, dict):
            raise FormatError("a patch that is not a mapping")
        if not chosen:
            raise FormatError("a patch whose target is not there")
        allowed = options if isinstance(options, dict) else {}
        for one in chosen:
            name, kind, version = one.name, one.body.get("kind"), one.body.get("apiVersion")
            space = one.metadata.get("namespace")
            try:
                made = merged(one.body, patch, schema=one.has_schema)
            except Deleted:
                resources[:] = [other for other in resources if other is not one]
                continue
            if not allowed.get("allowKindChange"):
                made["kind"], made["apiVersion"] = kind, version
            one.body = made
            if not allowed.get("allowNameChange"):
                one.metadata["name"] = name
                if space is not None:
                    one.metadata["namespace"] = space
            elif one.name != name:
                one.earlier.append((name, one.namespace))

    def _replacement(self, path: str, entry: dict[str, Any], resources: list[Resource]) -> None:
        if not isinstance(entry.get("path"), str):
            replace_values(resources, entry, self.copy)
            return
        for value in values_of(self._text(path, entry["path"])):
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict):
                    replace_values(resources, one, self.copy)


def _meant(patch: Any, resources: list[Resource]) -> list[Resource]:
    """The resource that a strategic merge patch names by its own kind, name and namespace."""
    if not isinstance(patch, dict) or not isinstance(patch.get("metadata"), dict):
        raise FormatError("a patch without a name")
    asked = Resource(patch, "", lambda pointer: 0)
    return [
        one for one in resources
        if one.kind == asked.kind and one.group == asked.group
        and any(name == asked.name and (not asked.namespace or space == asked.namespace) for name, space in one.names)
    ]  # fmt: skip


def _as_texts(pairs: dict[Any, Any]) -> dict[str, Any]:
    return {str(key): value if isinstance(value, str) else str(value).lower() for key, value in pairs.items()}


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
