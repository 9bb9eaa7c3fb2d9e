"""Whether an object has the shape of its kind: names, fields, types, what is required, what is filled in.

Fields and types of built-in kinds are those of the models in the ``kubernetes`` client, which are made from the
OpenAPI of the server. Custom kinds are checked against their ``openAPIV3Schema``. CEL rules are not run.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from .kinds import Kind
from .status import ApiError, bad_request, cause, invalid

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SERVICE = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_SUBDOMAIN_SAID = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_SAID = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_QUANTITIES = frozenset({
    "limits", "requests", "capacity", "allocatable", "hard", "used", "min", "max", "default", "defaultRequest",
    "maxLimitRequestRatio", "overhead", "podFixed",
})  # fmt: skip


def check_metadata(kind: Kind, body: dict[str, Any]) -> list[dict[str, str]]:
    """Causes about the name and the labels."""
    name, found = body["metadata"].get("name", ""), []
    if not name:
        found.append(cause("metadata.name", "Required value: name or generateName is required", "FieldValueRequired"))
    elif kind.group == "rbac.authorization.k8s.io":
        if name in (".", "..") or "/" in name or "%" in name:
            found.append(cause("metadata.name", f"Invalid value: {name!r}: may not contain '/'".replace("'", '"', 2)))
    else:
        short = kind.key in ("/namespaces", "/services")
        pattern, said = (_LABEL, _LABEL_SAID) if short else (_SUBDOMAIN, _SUBDOMAIN_SAID)
        if kind.key == "/services":
            pattern = _SERVICE
        if not pattern.fullmatch(name) or len(name) > (63 if short else 253):
            found.append(cause("metadata.name", f'Invalid value: "{name}": {said}'))
    for key, value in (body["metadata"].get("labels") or {}).items():
        if not _VALUE.fullmatch(value) or len(value) > 63:
            said = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', ..."
            found.append(cause("metadata.labels", f'Invalid value: "{value}": {said}'))
        if len(key.rpartition("/")[2]) > 63:
            found.append(cause("metadata.labels", f'Invalid value: "{key}": name part must be no more than 63 bytes'))
    return found


@lru_cache(maxsize=512)
def _model(name: str) -> Any:
    from kubernetes.client import models

    return getattr(models, name, None)


_MODEL_NAMES = {("", "Event"): "CoreV1Event", ("events.k8s.io", "Event"): "EventsV1Event",
                ("authentication.k8s.io", "TokenRequest"): "AuthenticationV1TokenRequest",
                ("discovery.k8s.io", "EndpointSlice"): "V1EndpointSlice"}  # fmt: skip


def decode(kind: Kind, body: dict[str, Any], *, strictness: str) -> tuple[dict[str, Any], list[str]]:
    """``body`` as the server decodes it into its types: unknown fields dropped and told; 400 for a wrong type."""
    version = kind.version[0].upper() + kind.version[1:]
    model = _model(_MODEL_NAMES.get((kind.group, kind.kind), f"{version}{kind.kind}"))
    if kind.custom or model is None:
        return body, []
    unknown: list[str] = []
    decoded = _decode(kind, model.__name__, body, "", unknown)
    if unknown and strictness == "Strict":
        told = ", ".join(f'unknown field "{one}"' for one in unknown)
        raise bad_request(f"{_handled(kind)}: strict decoding error: {told}")
    return decoded, [f'unknown field "{one}"' for one in unknown] if strictness != "Ignore" else []


def _handled(kind: Kind) -> str:
    return f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}'


def _decode(kind: Kind, wanted: str, value: Any, path: str, unknown: list[str]) -> Any:
    if value is None or wanted == "object":
        return value
    listed = re.fullmatch(r"[Ll]ist\[(.+)\]", wanted)
    mapped = re.fullmatch(r"[Dd]ict[\[(]str, ?(.+)[\])]", wanted)
    if listed:
        _expect(kind, value, list, path, "[]" + listed[1])
        return [_decode(kind, listed[1], one, f"{path}[{at}]", unknown) for at, one in enumerate(value)]
    if mapped:
        _expect(kind, value, dict, path, "map[string]" + mapped[1])
        inner = "object" if path.rpartition(".")[2] in _QUANTITIES else mapped[1]
        return {key: _decode(kind, inner, one, f"{path}.{key}", unknown) for key, one in value.items()}
    scalar = {"str": str, "bool": bool, "int": int, "datetime": str, "float": (int, float)}.get(wanted)
    if scalar is not None:
        if not path.endswith(("sizeLimit", "divisor", ".value", ".averageValue")):
            _expect(kind, value, scalar, path, {"str": "string", "int": "int32"}.get(wanted, wanted))
        return value
    model = _model(wanted)
    if model is None or ("Schema" in wanted and wanted.endswith("JSONSchemaProps")):
        return value
    _expect(kind, value, dict, path, wanted)
    by_name = {json_name: model.openapi_types[name] for name, json_name in model.attribute_map.items()}
    kept = {}
    for key, below in value.items():
        at = f"{path}.{key}" if path else key
        if key not in by_name:
            unknown.append(at)
        else:
            kept[key] = _decode(kind, by_name[key], below, at, unknown)
    return kept


def _expect(kind: Kind, value: Any, wanted: Any, path: str, told: str) -> None:
    if isinstance(value, wanted) and not (isinstance(value, bool) and wanted is not bool):
        return
    got = {str: "string", bool: "bool", int: "number", float: "number", list: "array", dict: "object"}[type(value)]
    where = path.rpartition("[")[0] or path
    raise bad_request(f"{_handled(kind)}: json: cannot unmarshal {got} into Go struct field "
                      f"{kind.kind}.{where} of type {told}")  # fmt: skip


def check(kind: Kind, body: dict[str, Any]) -> None:
    """422 with every cause that makes the object invalid."""
    causes = check_metadata(kind, body)
    if kind.custom and kind.schema:
        causes += list(_check_schema(kind.schema, body, ""))
    elif (finder := _CHECKS.get(kind.kind)) is not None and not kind.custom:
        causes += finder(body)
    if causes:
        raise invalid(kind, body["metadata"].get("name", ""), causes)


def _required(field: str) -> dict[str, str]:
    return cause(field, "Required value", "FieldValueRequired")


def _check_pod_spec(spec: dict[str, Any], path: str) -> list[dict[str, str]]:
    found = [] if spec.get("containers") else [_required(f"{path}.containers")]
    for group in ("initContainers", "containers"):
        seen: set[str] = set()
        for at, one in enumerate(spec.get(group) or []):
            where = f"{path}.{group}[{at}]"
            found += [_required(f"{where}.{name}") for name in ("name", "image") if not one.get(name)]
            if one.get("name") in seen:
                found.append(cause(f"{where}.name", f'Duplicate value: "{one["name"]}"', "FieldValueDuplicate"))
            seen.add(one.get("name", ""))
            volumes = {volume.get("name") for volume in spec.get("volumes") or []}
            for index, mount in enumerate(one.get("volumeMounts") or []):
                if mount.get("name") not in volumes:
                    text = f'Not found: "{mount.get("name")}"'
                    found.append(cause(f"{where}.volumeMounts[{index}].name", text, "FieldValueNotFound"))
    policy = spec.get("restartPolicy")
    if policy not in (None, "Always", "OnFailure", "Never"):
        text = f'Unsupported value: "{policy}": supported values: "Always", "OnFailure", "Never"'
        found.append(cause(f"{path}.restartPolicy", text, "FieldValueNotSupported"))
    return found


def _check_workload(body: dict[str, Any]) -> list[dict[str, str]]:
    spec = body.get("spec") or {}
    template = spec.get("template") or {}
    found = _check_pod_spec(template.get("spec") or {}, "spec.template.spec")
    wanted = (spec.get("selector") or {}).get("matchLabels") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    if not spec.get("selector"):
        found.insert(0, _required("spec.selector"))
    elif any(labels.get(key) != value for key, value in wanted.items()):
        said = f"Invalid value: {labels}: `selector` does not match template `labels`"
        found.append(cause("spec.template.metadata.labels", said))
    if isinstance(spec.get("replicas"), int) and spec["replicas"] < 0:
        said = f"Invalid value: {spec['replicas']}: must be greater than or equal to 0"
        found.append(cause("spec.replicas", said))
    return found


def _check_webhooks(body: dict[str, Any]) -> list[dict[str, str]]:
    found = []
    for at, one in enumerate(body.get("webhooks") or []):
        where = f"webhooks[{at}]"
        if one.get("name", "").count(".") < 2:
            must = "should be a domain with at least three segments separated by dots"
            said = f'Invalid value: "{one.get("name", "")}": {must}'
            found.append(cause(f"{where}.name", said))
        if "v1" not in (one.get("admissionReviewVersions") or []):
            said = f"Invalid value: {one.get('admissionReviewVersions')}: must include at least one of v1, v1beta1"
            found.append(cause(f"{where}.admissionReviewVersions", said))
        if one.get("sideEffects") not in ("None", "NoneOnDryRun"):
            said = 'Unsupported value: supported values: "None", "NoneOnDryRun"'
            found.append(cause(f"{where}.sideEffects", said, "FieldValueNotSupported"))
        if not 1 <= one.get("timeoutSeconds", 10) <= 30:
            said = f"Invalid value: {one['timeoutSeconds']}: the timeout value must be between 1 and 30 seconds"
            found.append(cause(f"{where}.timeoutSeconds", said))
        client = one.get("clientConfig") or {}
        if ("url" in client) == ("service" in client):
            found.append(_required(f"{where}.clientConfig: exactly one of url or service is required"))
        elif "url" in client and not client["url"].startswith("https://"):
            said = f"Invalid value: \"{client['url']}\": 'https' is the only allowed URL scheme"
            found.append(cause(f"{where}.clientConfig.url", said))
    return found


def _check_definition(body: dict[str, Any]) -> list[dict[str, str]]:
    spec, names = body.get("spec") or {}, (body.get("spec") or {}).get("names") or {}
    wanted = f"{names.get('plural')}.{spec.get('group')}"
    found = []
    if body["metadata"].get("name") != wanted:
        said = f'Invalid value: "{body["metadata"].get("name")}": must be spec.names.plural+"."+spec.group'
        found.append(cause("metadata.name", said))
    if sum(bool(one.get("storage")) for one in spec.get("versions") or []) != 1:
        said = "Invalid value: must have exactly one version marked as storage version"
        found.append(cause("spec.versions", said))
    return found


def _no_spec(body: dict[str, Any]) -> dict[str, Any]:
    return body.get("spec") or {}


_CHECKS = {
    "Pod": lambda body: _check_pod_spec(_no_spec(body), "spec"),
    "Deployment": _check_workload, "StatefulSet": _check_workload, "DaemonSet": _check_workload,
    "ReplicaSet": _check_workload,
    "Job": lambda body: _check_pod_spec((_no_spec(body).get("template") or {}).get("spec") or {}, "spec.template.spec"),
    "Service": lambda body: [] if _no_spec(body).get("ports") or _no_spec(body).get("clusterIP") == "None"
    or _no_spec(body).get("type") == "ExternalName" else [_required("spec.ports")],
    "ValidatingWebhookConfiguration": _check_webhooks, "MutatingWebhookConfiguration": _check_webhooks,
    "CustomResourceDefinition": _check_definition,
}  # fmt: skip


def prune_and_default(schema: dict[str, Any], value: Any, *, top: bool = True) -> Any:
    """A custom object without unknown fields and with the defaults of its schema."""
    if isinstance(value, list):
        items = schema.get("items") or {}
        return [prune_and_default(items, one, top=False) for one in value]
    if not isinstance(value, dict):
        return value
    properties = schema.get("properties") or {}
    more = schema.get("additionalProperties")
    keep = schema.get("x-kubernetes-preserve-unknown-fields") or not (properties or more or top)
    kept = {}
    for key, below in value.items():
        if top and key in ("apiVersion", "kind", "metadata"):
            kept[key] = below
        elif key in properties:
            kept[key] = prune_and_default(properties[key], below, top=False)
        elif isinstance(more, dict):
            kept[key] = prune_and_default(more, below, top=False)
        elif more is True or keep:
            kept[key] = below
    for key, below in properties.items():
        if key not in kept and "default" in below:
            kept[key] = prune_and_default(below, copy.deepcopy(below["default"]), top=False)
    return kept


_TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "object": dict, "array": list}


def _check_schema(schema: dict[str, Any], value: Any, path: str) -> Iterator[dict[str, str]]:
    wanted = schema.get("type")
    if value is None:
        return
    if schema.get("x-kubernetes-int-or-string"):
        return
    right = isinstance(value, _TYPES[wanted]) if wanted in _TYPES else True
    if not right or (isinstance(value, bool) and wanted in ("integer", "number")):
        got = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
        said = f'Invalid value: "{got[type(value)]}": {path} in body must be of type {wanted}: "{got[type(value)]}"'
        yield cause(path or "<nil>", said, "FieldValueTypeInvalid")
        return
    if "enum" in schema and value not in schema["enum"]:
        told = ", ".join(f'"{one}"' for one in schema["enum"])
        yield cause(path, f'Unsupported value: "{value}": supported values: {told}', "FieldValueNotSupported")
    yield from _check_bounds(schema, value, path)
    if isinstance(value, dict):
        for name in schema.get("required") or []:
            if name not in value:
                yield _required(f"{path}.{name}".lstrip("."))
        for name, below in (schema.get("properties") or {}).items():
            if name in value and not (path == "" and name in ("metadata", "apiVersion", "kind")):
                yield from _check_schema(below, value[name], f"{path}.{name}".lstrip("."))
        if isinstance(schema.get("additionalProperties"), dict):
            for name, one in value.items():
                yield from _check_schema(schema["additionalProperties"], one, f"{path}.{name}")
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for at, one in enumerate(value):
            yield from _check_schema(schema["items"], one, f"{path}[{at}]")


def _check_bounds(schema: dict[str, Any], value: Any, path: str) -> Iterator[dict[str, str]]:
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        yield cause(path, f"Invalid value: \"{value}\": {path} in body should match '{schema['pattern']}'")
    if isinstance(value, int | float) and not isinstance(value, bool):
        if "minimum" in schema and value < schema["minimum"]:
            said = f"Invalid value: {value}: {path} in body should be greater than or equal to {schema['minimum']}"
            yield cause(path, said)
        if "maximum" in schema and value > schema["maximum"]:
            said = f"Invalid value: {value}: {path} in body should be less than or equal to {schema['maximum']}"
            yield cause(path, said)
    if isinstance(value, str) and len(value) > schema.get("maxLength", len(value)):
        yield cause(path, f"Too long: may not be more than {schema['maxLength']} bytes", "FieldValueTooLong")


def strict_error(kind: Kind, unknown: list[str]) -> ApiError:
    """400 for unknown fields of a custom object under ``fieldValidation=Strict``."""
    told = ", ".join(f'unknown field "{one}"' for one in unknown)
    return bad_request(f"{_handled(kind)}: strict decoding error: {told}")
