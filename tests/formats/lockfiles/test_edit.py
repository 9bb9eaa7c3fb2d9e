"""Version bumps touch one literal on one line, or nothing."""

import pytest

from lockgate.formats import lockfiles
from lockgate.model import Edit


def bump(path, text, name, new):
    reading = lockfiles.read(path, text.encode(), lambda _: None)
    [component] = [item for item in reading.components if item.name == name]
    return lockfiles.manifest_edit(path, text.encode(), component, new)


def applied(text, edit: Edit):
    lines = text.split("\n")
    assert "\n".join(lines[edit.line - 1 : edit.end_line]) == edit.expect
    return "\n".join([*lines[: edit.line - 1], edit.text, *lines[edit.end_line :]])


POM = """<project>
  <dependencies>
    <dependency>
      <groupId>g</groupId>
      <artifactId>a</artifactId>
      <version>{version}</version>
    </dependency>
  </dependencies>
  <properties><v>1.0</v></properties>
</project>
"""


@pytest.mark.parametrize(
    ("path", "before", "name", "after"),
    [
        ("requirements.txt", "x==2\nFlask_Login[a] == 0.5 ; python_version>'3'  # why\n", "flask-login",
         "x==2\nFlask_Login[a] == 9.9.9 ; python_version>'3'  # why\n"),
        ("package.json", '{\n "dependencies": {\n  "debug": "4.3.4",\n  "x": "1.0.0"\n }\n}\n', "debug",
         '{\n "dependencies": {\n  "debug": "9.9.9",\n  "x": "1.0.0"\n }\n}\n'),
        ("package.json", '{\n "dependencies": {\n  "debug": "^4.3.4"\n }\n}\n', "debug",
         '{\n "dependencies": {\n  "debug": "^9.9.9"\n }\n}\n'),
        ("go.mod", "module m\n\nrequire (\n\tg.example/a v1.2.3 // indirect\n\tg.example/b v1.2.3\n)\n", "g.example/a",
         "module m\n\nrequire (\n\tg.example/a v9.9.9 // indirect\n\tg.example/b v1.2.3\n)\n"),
        ("pom.xml", POM.format(version="1.0"), "g:a", POM.format(version="9.9.9")),
        ("a.csproj", '<Project><ItemGroup>\n<PackageReference Include="A" Version="1.0" />\n</ItemGroup></Project>\n',
         "A", '<Project><ItemGroup>\n<PackageReference Include="A" Version="9.9.9" />\n</ItemGroup></Project>\n'),
        ("libs.versions.toml", '[versions]\nv = "1.0"\n[libraries]\na = { module = "g:a", version.ref = "v" }\n', "g:a",
         '[versions]\nv = "9.9.9"\n[libraries]\na = { module = "g:a", version.ref = "v" }\n'),
        ("libs.versions.toml", '[libraries]\na = "g:a:1.0"\n', "g:a", '[libraries]\na = "g:a:9.9.9"\n'),
    ],
)  # fmt: skip
def test_a_literal_version_is_raised_and_nothing_else_moves(path, before, name, after):
    assert applied(before, bump(path, before, name, "9.9.9")) == after


@pytest.mark.parametrize(
    ("path", "text", "name", "reason"),
    [
        ("requirements.txt", "a==1 --hash=sha256:aa\n", "a", "its hash would no longer fit"),
        ("requirements.txt", "a==1 \\\n  --hash=sha256:aa\n", "a", "its hash would no longer fit"),
        ("requirements.txt", "a>=1\n", "a", "a range is a decision"),
        ("package.json", '{"dependencies": {"lo": "npm:lodash@1.0.0"}}', "lodash", "an alias"),
        ("package.json", '{"dependencies": {"a": "1.0.0"}}', "a", "more than one thing on the line"),
        ("go.mod", "module m\n\nrequire a.b/c v1.0.0\n\nreplace a.b/c => d.e/f v1.0.0\n", "d.e/f", "a replaced module"),
        ("pom.xml", POM.format(version="${v}"), "g:a", "a property that others may use"),
        ("a.csproj", '<Project><PropertyGroup><V>1.0</V></PropertyGroup><ItemGroup>'
         '<PackageReference Include="A" Version="$(V)" /></ItemGroup></Project>', "A", "a property"),
        ("libs.versions.toml", '[versions]\nv = "1.0"\n[libraries]\na = { module = "g:a", version.ref = "v" }\n'
         'b = { module = "g:b", version.ref = "v" }\n', "g:a", "a version that two libraries share"),
        ("package-lock.json", '{"lockfileVersion": 3, "packages": {"": {"dependencies": {"a": "1"}},\n'
         '"node_modules/a": {"version": "1.0.0"}}}', "a", "a lock is for its tool to write"),
    ],
)  # fmt: skip
def test_what_is_not_a_plain_literal_is_left_alone(path, text, name, reason):
    assert bump(path, text, name, "9.9.9") is None, reason


@pytest.mark.parametrize("version", ["", "1.0\nevil==1", '1.0"', "latest", "1 2", "x" * 200])
def test_a_version_that_is_no_version_is_never_written(version):
    assert bump("requirements.txt", "a==1\n", "a", version) is None
