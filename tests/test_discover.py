"""Members of a growing folder are found, and a forgotten constant is refused by file name."""

import sys
import textwrap
from types import ModuleType

import pytest

from lockgate.discover import discover, member_names
from lockgate.errors import ConfigurationError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    def make(**modules: str) -> ModuleType:
        package = tmp_path / "growing"
        package.mkdir()
        (package / "__init__.py").write_text("")
        for name, text in modules.items():
            (package / f"{name}.py").write_text(textwrap.dedent(text))
        monkeypatch.syspath_prepend(str(tmp_path))
        for name in [name for name in sys.modules if name.split(".")[0] == "growing"]:
            del sys.modules[name]
        import growing

        return growing

    return make


def test_members_come_in_name_order_and_underscored_modules_are_the_folders_own(folder):
    package = folder(b="MEMBER = 2", a="MEMBER = 1", _shared="")
    assert discover(package, "MEMBER", int) == {"a": 1, "b": 2}


def test_a_module_without_its_constant_is_refused_by_file_name(folder):
    with pytest.raises(ConfigurationError, match=r"bad\.py.*does not define MEMBER"):
        discover(folder(bad="OTHER = 1"), "MEMBER", int)


def test_a_constant_of_another_type_is_refused(folder):
    with pytest.raises(ConfigurationError, match="MEMBER is a str, not a int"):
        discover(folder(bad="MEMBER = 'x'"), "MEMBER", int)


def test_naming_members_imports_nothing(folder):
    assert member_names(folder(broken="raise RuntimeError")) == ["broken"]
