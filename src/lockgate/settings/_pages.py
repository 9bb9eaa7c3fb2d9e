"""The reference page of ``lockgate.yaml`` and the file that ``lockgate init`` starts from, drawn from the shapes."""

from __future__ import annotations

import dataclasses
import textwrap
from enum import Enum
from typing import Any

from lockgate.model import Family
from lockgate.settings._shapes import Settings
from lockgate.settings._types import Options, SettingType, settings_of, words_of


def reference_markdown(options: Options) -> str:
    """The settings page of the reference, whole, with the options of scanners. Deterministic."""
    lines = [
        "# Settings: `lockgate.yaml`",
        "",
        "Read once from the folder that is checked. A key that is not listed here is refused, with the nearest known",
        "name. Values follow YAML 1.2: only `true` and `false` are truth values.",
        "",
    ]
    lines += shape_markdown(Settings)
    for family in words_of(Family):
        declared = options(family)
        if not declared:
            continue
        lines += [f"## `scanners.{family}`", "", "Declared by the scanners of the family.", ""]
        lines += ["| key | value | default | meaning |", "|---|---|---|---|"]
        lines += [_row(option.setting) for option in declared]
        lines.append("")
    return "\n".join(lines)


def shape_markdown(shape: Any) -> list[str]:
    """Tables of the keys of a shape and of all below it."""
    lines: list[str] = []
    for name, below in _shapes(shape, ""):
        lines += [f"## `{name}`" if name else "## Top level", "", " ".join((below.__doc__ or "").split()), ""]
        lines += ["| key | value | default | meaning |", "|---|---|---|---|"]
        lines += [_row(setting) for setting in settings_of(below)]
        lines.append("")
    return lines


def starting_text() -> str:
    """A first ``lockgate.yaml``: the defaults written out, so that a reader sees what holds and can change it."""
    defaults = Settings()
    lines = ["# What Lockgate checks here, and what stops a change. Every key: docs/reference/settings.md", ""]
    for setting in settings_of(Settings):
        value = getattr(defaults, setting.name)
        lines += textwrap.wrap(setting.about, 110, initial_indent="# ", subsequent_indent="# ")
        lines += _yaml_lines(setting.name, value, "")
        lines.append("")
    return "\n".join(lines[:-1]) + "\n"


def _shapes(shape: Any, name: str) -> list[tuple[str, Any]]:
    found = [(name, shape)]
    for setting in settings_of(shape):
        inner = f"{name}.{setting.name}" if name else setting.name
        if dataclasses.is_dataclass(setting.kind):
            found += _shapes(setting.kind, inner + ("[]" if setting.many else ""))
        elif "values" in setting.bounds:
            found += _shapes(setting.bounds["values"], f"{inner}.<{setting.bounds['by']}>")
    return found


def _row(setting: SettingType) -> str:
    about = setting.about.replace("|", "\\|")
    return f"| `{setting.name}` | {_kind_text(setting)} | {_default_text(setting)} | {about} |"


def _kind_text(setting: SettingType) -> str:
    kind = setting.kind
    if kind is dict:
        return f"mapping by {setting.bounds['by']}"
    if dataclasses.is_dataclass(kind):
        text = "mapping, see below"
    elif issubclass(kind, Enum):
        text = ", ".join(f"`{word}`" for word in words_of(kind))
    else:
        text = {bool: "`true` or `false`", str: "text", int: "whole number", float: "number"}[kind]
    bounds = setting.bounds
    if "minimum" in bounds:
        text += f" from {bounds['minimum']}" + (f" to {bounds['maximum']}" if "maximum" in bounds else "")
    return f"list of: {text}" if setting.many else text


def _default_text(setting: SettingType) -> str:
    if setting.default is None or dataclasses.is_dataclass(setting.default):
        return ""
    if setting.many and not isinstance(setting.default, str):
        return f"`{_flow(setting.default)}`"
    if setting.many:
        return str(setting.default)
    return f"`{setting.default}`"


def _yaml_lines(name: str, value: Any, indent: str) -> list[str]:
    if dataclasses.is_dataclass(value):
        lines = [f"{indent}{name}:"]
        for setting in settings_of(type(value)):  # type: ignore[arg-type]
            inner = getattr(value, setting.name)
            if inner is not None:
                lines += _yaml_lines(setting.name, inner, indent + "  ")
        return lines
    if isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
        return [f"{indent}{name}:", *(f"{indent}  - {_flow(item)}" for item in value)]
    return [f"{indent}{name}: {_flow(value)}"]


def _flow(value: Any) -> str:
    if dataclasses.is_dataclass(value):
        pairs = ((setting.name, getattr(value, setting.name)) for setting in settings_of(type(value)))  # type: ignore[arg-type]
        return "{" + ", ".join(f"{name}: {_flow(item)}" for name, item in pairs if item is not None) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value.startswith("*"):  # which begins an alias of YAML
        return f'"{value}"'
    return "{}" if isinstance(value, dict) else str(value)
