"""Patterns that are compiled at their first use: the same answers, and every one of ours compiles."""

import importlib
import pkgutil
import re

import pytest

import lockgate
from lockgate.lazy_pattern import lazy_pattern


def test_it_answers_as_a_compiled_one_does():
    text, flags = r"(?P<word>[a-z]+)-(\d)", re.IGNORECASE
    lazy, eager = lazy_pattern(text, flags), re.compile(text, flags)
    assert repr(lazy) == f"lazy_pattern({text!r})"
    for ask in ("match", "search", "fullmatch"):
        assert getattr(lazy, ask)("AB-1").groups() == getattr(eager, ask)("AB-1").groups()
    assert lazy.findall("a-1 b-2") == eager.findall("a-1 b-2")
    assert [one.span() for one in lazy.finditer("a-1 b-2")] == [(0, 3), (4, 7)]
    assert (lazy.sub("x", "a-1"), lazy.subn("x", "a-1"), lazy.split("a-1")) == ("x", ("x", 1), eager.split("a-1"))
    assert (lazy.pattern, lazy.flags, lazy.groups, dict(lazy.groupindex)) == (text, eager.flags, 2, {"word": 1})
    with pytest.raises(AttributeError):
        lazy.nothing  # noqa: B018


def test_every_pattern_of_ours_compiles():
    found = 0
    for info in pkgutil.walk_packages(lockgate.__path__, "lockgate."):
        if info.name.endswith("__main__") or ".migrations." in info.name:  # steps run within Alembic alone
            continue
        for name, value in vars(importlib.import_module(info.name)).items():
            if isinstance(value, lazy_pattern):
                assert value.groups >= 0, f"{info.name}.{name}"
                found += 1
    assert found > 150
