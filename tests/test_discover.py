"""Members of a growing folder are found, and a forgotten constant is refused by file name."""

import os
import subprocess
import sys
import textwrap
import zipfile
from types import ModuleType

import pytest

from lockgate.discover import discover, entry_points, member_names
from lockgate.errors import ConfigurationError

SURROUNDINGS = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


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


def test_an_entry_point_of_an_installed_package_joins_the_members(folder, tmp_path):
    package = folder(a="MEMBER = 1")
    assert discover(package, "MEMBER", int) == {"a": 1}
    (tmp_path / "vendor_member.py").write_text("MEMBER = 3")
    (tmp_path / "vendor-1.0.dist-info").mkdir()
    (tmp_path / "vendor-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: vendor\nVersion: 1.0\n")
    (tmp_path / "vendor-1.0.dist-info" / "entry_points.txt").write_text("[growing]\nvendor = vendor_member\n")
    assert discover(package, "MEMBER", int) == {"a": 1, "vendor": 3}
    del sys.modules["vendor_member"]


def test_the_slow_importer_of_metadata_is_left_alone_where_no_package_names_the_group():
    code = (
        "import sys; from lockgate.discover import entry_points; "
        "print(entry_points('lockgate.nothing'), 'importlib.metadata' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, env=SURROUNDINGS
    )
    assert done.stdout == "[] False\n"


def test_what_an_archive_on_the_path_brings_is_found(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "vendor.egg", "w") as made:
        made.writestr("vendor-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: vendor\nVersion: 1.0\n")
        made.writestr("vendor-1.0.dist-info/entry_points.txt", "[growing.zip]\nvendor = json:loads\n")
    monkeypatch.syspath_prepend(str(tmp_path / "vendor.egg"))
    assert [point.name for point in entry_points("growing.zip")] == ["vendor"]
