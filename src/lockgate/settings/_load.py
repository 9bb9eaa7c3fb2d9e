"""Reads ``lockgate.yaml`` into ``Settings``; whatever is wrong is named with its file and line."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from lockgate.errors import ConfigurationError
from lockgate.settings._document import MAX_BYTES, Value, read_document
from lockgate.settings._shapes import FILE_NAME, Settings
from lockgate.settings._types import Options, ScannerOption, SettingType, settings_of, words_of


def load(path: Path | None, *, options: Options | None = None) -> Settings:
    """The settings of a file; the defaults for None. Raises ``ConfigurationError`` at ``file:line``.

    ``options`` says which options scanners have; it is asked only when the file names one. None: any name is taken.
    """
    if path is None:
        return Settings()
    return loads(_content(path), where=str(path), options=options)


def load_as(shape: Any, path: Path) -> Any:
    """A file of another shape than ``lockgate.yaml``, read as strictly. Raises ``ConfigurationError``."""
    root = read_document(_content(path), str(path))
    return shape() if root.data is None else _Reader(str(path), None).shape(root, shape, "")


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(
            f"the settings file cannot be read: {error.strerror or type(error).__name__}", where=str(path)
        ) from None


def find(folder: Path) -> Path | None:
    """The settings file of a folder, or None."""
    candidate = folder / FILE_NAME
    return candidate if candidate.is_file() else None


def loads(content: bytes, *, where: str = FILE_NAME, options: Options | None = None) -> Settings:
    """The settings of a text. Raises ``ConfigurationError`` at ``where:line``; ``options`` as for :func:`load`."""
    root = read_document(content, where)
    if root.data is None:
        return Settings()
    settings: Settings = _Reader(where, options).shape(root, Settings, "")
    return settings


class _Reader:
    def __init__(self, where: str, options: Options | None) -> None:
        self._where = where
        self._declared = options

    def shape(self, value: Value, shape: Any, name: str, min_keys: int = 0) -> Any:
        """A dataclass from a mapping."""
        if not isinstance(value.data, dict):
            raise self._wrong_type(value, name or "the file", "a mapping of settings")
        if len(value.data) < min_keys:
            raise self._error(value, f"{name} names nothing, so everything would meet it", "give at least one key")
        known = {setting.name: setting for setting in settings_of(shape)}
        read: dict[str, Any] = {}
        for key, item in value.data.items():
            full = f"{name}.{key}" if name else key
            if key not in known:
                raise self._unknown(item, f"the setting {full!r} does not exist", key, known)
            read[key] = self._setting(item, known[key], full)
        return shape(**read)

    def _setting(self, value: Value, setting: SettingType, name: str) -> Any:
        if value.data is None and setting.nullable:
            return None
        if setting.kind is dict:
            read = self._shapes if "values" in setting.bounds else self._options
            return read(value, setting, name)
        if not setting.many:
            return self._one(value, setting, name)
        if not isinstance(value.data, list):
            raise self._wrong_type(value, name, "a list")
        if len(value.data) < setting.bounds.get("min_items", 0):
            raise self._error(value, f"{name} is empty", "leave it out for its default")
        return tuple(self._one(item, setting, f"{name}[{index}]") for index, item in enumerate(value.data))

    def _one(self, value: Value, setting: SettingType, name: str) -> Any:
        kind = setting.kind
        if dataclasses.is_dataclass(kind):
            return self.shape(value, kind, name, setting.bounds.get("min_keys", 0))
        if issubclass(kind, Enum):
            return self._word(value, kind, name)
        if kind is bool:
            return self._typed(value, bool, name, "true or false")
        if kind is str:
            return self._text(value, name)
        return self._number(value, setting, name)

    def _word(self, value: Value, kind: Any, name: str) -> Any:
        words = words_of(kind)
        if not isinstance(value.data, str):
            raise self._wrong_type(value, name, "one of " + ", ".join(words))
        if value.data not in words:
            raise self._unknown(value, f"{name} cannot be {value.data!r}", value.data, words)
        return list(kind)[words.index(value.data)]

    def _text(self, value: Value, name: str) -> str:
        text: str = self._typed(value, str, name, "a text")
        if not text or len(text) > 1000:
            raise self._error(value, f"{name} must have 1 to 1000 characters")
        return text

    def _number(self, value: Value, setting: SettingType, name: str) -> Any:
        number = value.data
        wanted = "a number" if setting.kind is float else "a whole number"
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise self._wrong_type(value, name, wanted)
        if setting.kind is int:
            if number != int(number):
                raise self._wrong_type(value, name, wanted)
            number = int(number)
        bounds = setting.bounds
        if "one_of" in bounds and number not in bounds["one_of"]:
            raise self._error(value, f"{name} must be {' or '.join(map(str, bounds['one_of']))}")
        if "minimum" in bounds and number < bounds["minimum"]:
            raise self._error(value, f"{name} must be at least {bounds['minimum']}")
        if "maximum" in bounds and number > bounds["maximum"]:
            raise self._error(value, f"{name} must be at most {bounds['maximum']}")
        return number

    def _shapes(self, value: Value, setting: SettingType, name: str) -> dict[str, Any]:
        by, items = setting.bounds["by"], self._typed(value, dict, name, f"a mapping by {setting.bounds['by']}")
        for key, item in items.items():
            if not key.isascii() or not key.isidentifier():
                raise self._error(item, f"{key[:100]!r} is no name of a {by}")
        return {key: self.shape(item, setting.bounds["values"], f"{name}.{key}") for key, item in items.items()}

    def _options(self, value: Value, setting: SettingType, name: str) -> dict[str, dict[str, Any]]:
        families = words_of(setting.bounds["keys"])
        options = self._typed(value, dict, name, "a mapping by family")
        read: dict[str, dict[str, Any]] = {}
        for family, item in options.items():
            if family not in families:
                raise self._unknown(item, f"{name} has no family {family!r}", family, families)
            pairs = self._typed(item, dict, f"{name}.{family}", "a mapping of options")
            declared = None if self._declared is None or not pairs else self._declared(family)
            read[family] = self._named_options(pairs, declared, f"{name}.{family}")
        return read

    def _named_options(
        self, pairs: dict[str, Value], declared: Sequence[ScannerOption] | None, name: str
    ) -> dict[str, Any]:
        if declared is None:
            return {key: self._option(part, f"{name}.{key}") for key, part in pairs.items()}
        known = {option.name: option.setting for option in declared}
        read: dict[str, Any] = {}
        for key, part in pairs.items():
            if key not in known:
                raise self._unknown(part, f"{name} has no option {key!r}", key, known)
            read[key] = self._setting(part, known[key], f"{name}.{key}")
        return read

    def _option(self, value: Value, name: str) -> Any:
        if isinstance(value.data, list):
            return tuple(self._scalar_option(item, f"{name}[{index}]") for index, item in enumerate(value.data))
        return self._scalar_option(value, name)

    def _scalar_option(self, value: Value, name: str) -> Any:
        if not isinstance(value.data, str | int | float | bool):
            raise self._wrong_type(value, name, "a text, a number, true or false")
        return value.data

    def _typed(self, value: Value, kind: type, name: str, wanted: str) -> Any:
        if not isinstance(value.data, kind):
            raise self._wrong_type(value, name, wanted)
        return value.data

    def _wrong_type(self, value: Value, name: str, wanted: str) -> ConfigurationError:
        return self._error(value, f"{name} must be {wanted}, not {_spoken(value.data)}")

    def _unknown(self, value: Value, message: str, word: str, known: Iterable[str]) -> ConfigurationError:
        import difflib  # only a complaint pays for it

        known = list(known)
        near = difflib.get_close_matches(word[:100], known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else "known: " + (", ".join(known) or "none")
        return self._error(value, message, hint)

    def _error(self, value: Value, message: str, hint: str = "") -> ConfigurationError:
        return ConfigurationError(message, where=f"{self._where}:{value.line}", hint=hint)


def _spoken(data: Any) -> str:
    names = {dict: "a mapping", list: "a list", str: "a text", bool: "true or false", type(None): "nothing"}
    return names.get(type(data), "a number")
