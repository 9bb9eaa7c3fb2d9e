"""What the values of a plan refer to that are known only after applying: ``configuration`` of ``terraform show -json``.

An expression there lists its references, the most exact one first (``azurerm_key_vault.kv.id``, then
``azurerm_key_vault.kv``). A variable of a module is what the module is called with, and ``module.x.y`` what its output
refers to, so both are followed to the resource.
"""

from __future__ import annotations

import re
from typing import Any

from lockgate.formats.azure._evaluate import Unknown

_RESOURCE = re.compile(r"(az\w+\.[\w-]+)(?:\[[^\]]*\])?(?:\.id)?")
_CALLS = re.compile(r"module\.([\w-]+)(\[[^\]]*\])?\.")
_MOST_HOPS = 12
_INSTANCES = ("each.key", "count.index")


class References:
    """The references of a configuration, by the address of a resource."""

    def __init__(self, configuration: Any) -> None:
        root = configuration.get("root_module") if isinstance(configuration, dict) else None
        self._root: dict[str, Any] = root if isinstance(root, dict) else {}
        self._resources: dict[int, dict[str, Any]] = {}

    def put(self, address: str, arguments: dict[str, Any]) -> None:
        """Write what it refers to into every value of a resource that is known only later."""
        if not self._root:
            return
        calls = _CALLS.findall(address[: address.rfind("az")])
        path = tuple(name for name, _ in calls)
        block = re.sub(r"\[[^\]]*\]\Z", "", _CALLS.sub("", address))
        declared = self._declared(path).get(block)
        expressions = declared.get("expressions") if isinstance(declared, dict) else None
        if isinstance(expressions, dict):
            above = tuple(index for _, index in calls)
            self._fill(arguments, expressions, path, above)

    def _fill(self, value: dict[str, Any], expressions: dict[str, Any], path: tuple[str, ...], above: Any) -> None:
        """Depth is bounded by the reader of JSON."""
        for key, item in value.items():
            written = expressions.get(key)
            if isinstance(item, Unknown) and isinstance(written, dict):
                value[key] = Unknown(self._target(written, path, above) or item.text)
            elif isinstance(item, dict) and isinstance(written, dict):
                self._fill(item, written, path, above)
            elif isinstance(item, list) and isinstance(written, list):
                for inner, one in zip(item, written, strict=False):
                    if isinstance(inner, dict) and isinstance(one, dict):
                        self._fill(inner, one, path, above)

    def _target(self, expression: dict[str, Any], path: tuple[str, ...], above: tuple[str, ...]) -> str:
        """The one resource that an expression comes from, as an address with ``.id``; empty where that is not clear."""
        own, steps = path, [expression]
        for _ in range(_MOST_HOPS):
            named = steps[-1].get("references")
            found = [one for one in named if isinstance(one, str)] if isinstance(named, list) else []
            instance = next((f"[{one}]" for one in _INSTANCES if one in found), "")
            found = [one for one in found if one not in _INSTANCES]
            first = found[0] if found else ""
            match = _RESOURCE.fullmatch(first)
            if match is not None:
                if any(not one.startswith(match[1]) for one in found):
                    return ""
                calls = (f"module.{name}{above[at] if at < len(above) else ''}." for at, name in enumerate(own))
                return f"{''.join(calls)}{match[1]}{instance}.id"
            following = self._followed(first, own)
            if following is None:
                return ""
            own, steps = following[0], [*steps, following[1]]
        return ""

    def _followed(self, name: str, path: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, Any]] | None:
        """The module and the expression that a variable or an output of a module stands for."""
        kind, _, rest = name.partition(".")
        if kind == "var" and path:
            call = self._call(path)
            expressions = call.get("expressions")
            found = expressions.get(rest) if isinstance(expressions, dict) else None
            return (path[:-1], found) if isinstance(found, dict) else None
        if kind == "module" and "." in rest and "[" not in rest:
            inner, _, output = rest.partition(".")
            outputs = self._module((*path, inner)).get("outputs")
            written = outputs.get(output) if isinstance(outputs, dict) else None
            found = written.get("expression") if isinstance(written, dict) else None
            return ((*path, inner), found) if isinstance(found, dict) else None
        return None

    def _call(self, path: tuple[str, ...]) -> dict[str, Any]:
        here: dict[str, Any] = {"module": self._root}
        for name in path:
            module = here.get("module")
            calls = module.get("module_calls") if isinstance(module, dict) else None
            found = calls.get(name) if isinstance(calls, dict) else None
            here = found if isinstance(found, dict) else {}
        return here

    def _module(self, path: tuple[str, ...]) -> dict[str, Any]:
        found = self._call(path).get("module")
        return found if isinstance(found, dict) else {}

    def _declared(self, path: tuple[str, ...]) -> dict[str, Any]:
        """Resources of a module by their address within it."""
        module = self._module(path)
        found = self._resources.get(id(module))
        if found is None:
            listed = module.get("resources")
            every = listed if isinstance(listed, list) else []
            found = {str(one.get("address")): one for one in every if isinstance(one, dict)}
            if module:
                self._resources[id(module)] = found
        return found
