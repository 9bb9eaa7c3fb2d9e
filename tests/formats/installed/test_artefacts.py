"""Artefacts that package managers of languages install, and programs that say what they were built from."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import zipfile
import zlib
from shutil import which

import pytest
from tests.simulators.package_databases import GUARD_BEGIN, GUARD_END, elf, go_inline, rust_audit

from lockgate.formats import installed
from lockgate.model import Scope, SkipKind

MODULES = (
    "path\texample.com/tool/cmd\nmod\texample.com/tool\t(devel)\t\n"
    "dep\tgolang.org/x/net\tv0.17.0\th1:aa=\n"
    "dep\tgithub.com/old/fork\tv1.0.0\n=>\tgithub.com/new/fork\tv1.2.0\th1:bb=\n"
    "dep\texample.com/local\tv0.0.0\n=>\t./local\t(devel)\t\n"
    'build\t-ldflags="-X main.version=v2.3.4 -s -w"\n'
)
TOLD = [
    ("Go", "example.com/tool", "2.3.4", "pkg:golang/example.com/tool@v2.3.4"),
    ("Go", "golang.org/x/net", "0.17.0", "pkg:golang/golang.org/x/net@v0.17.0"),
    ("Go", "github.com/new/fork", "1.2.0", "pkg:golang/github.com/new/fork@v1.2.0"),
    ("Go", "example.com/local", "", "pkg:golang/example.com/local"),
    ("Go", "stdlib", "1.21.4", "pkg:golang/stdlib@1.21.4"),
]


def read(path: str, content: bytes | str, *, executable: bool = False):
    assert installed.wants(path, executable=executable)
    data = content.encode() if isinstance(content, str) else content
    return installed.read(path, data, executable=executable)


def told(said):
    return [(one.ecosystem, one.name, one.version, one.purl) for one in said.components]


def archive(files: dict[str, bytes | str], *, packed: bool = True, before: bytes = b"") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return before + stream.getvalue()


def pom(group: str, artefact: str, version: str) -> dict[str, str]:
    text = f"#Created\nversion={version}\ngroupId={group}\nartifactId={artefact}\n"
    return {f"META-INF/maven/{group}/{artefact}/pom.properties": text}


@pytest.mark.parametrize(
    "path",
    [
        "usr/lib/python3/site-packages/Zope.Event-5.0.dist-info/METADATA",
        "x/Zope.Event-5.0-py3.11.egg-info",
        "x/Zope.Event.egg-info/PKG-INFO",
        "x/zope.event-5.0-py3.egg/EGG-INFO/PKG-INFO",
    ],
)
def test_python(path):
    text = "Metadata-Version: 2.1\nName: Zope.Event\nVersion: 5.0\nLicense: ZPL-2.1\nRequires-Dist: x\n\nName: no\n"
    said = read(path, text)
    assert told(said) == [("PyPI", "zope-event", "5.0", "pkg:pypi/zope-event@5.0")]
    assert said.components[0].licence == "ZPL-2.1"


def test_python_metadata_without_a_name_is_told():
    assert read("x/a.dist-info/METADATA", "Version: 1\n").skips[0].kind is SkipKind.MALFORMED


def test_node_counts_the_roots_of_packages_alone():
    content = json.dumps({"name": "@scope/a", "version": "1.0.0", "license": "MIT"})
    said = read("app/node_modules/@scope/a/package.json", content)
    assert told(said) == [("npm", "@scope/a", "1.0.0", "pkg:npm/%40scope/a@1.0.0")]
    assert told(read("usr/share/nodejs/@scope/a/package.json", content)) == told(said)
    assert read("node_modules/b/package.json", '{"type": "module"}') == installed.Installed()
    others = "app/node_modules/a/dist/package.json", "app/node_modules/.x/package.json"
    for path in ("app/package.json", "srv/usr/share/nodejs/a/package.json", *others):
        assert not installed.wants(path)


def test_ruby():
    text = (
        '# -*- encoding: utf-8 -*-\n# stub: nokogiri 1.16.0 x86_64-linux lib\n\nGem::Specification.new do |s|\n'
        '  s.name = "nokogiri".freeze\n  s.version = "1.16.0"\n  s.platform = "x86_64-linux".freeze\n'
        '  s.licenses = ["MIT".freeze, "Ruby".freeze]\n  s.add_runtime_dependency(%q<racc>.freeze, ["~> 1.4"])\nend\n'
    )  # fmt: skip
    said = read("usr/lib/ruby/gems/3.1.0/specifications/default/nokogiri-1.16.0-x86_64-linux.gemspec", text)
    assert told(said) == [("RubyGems", "nokogiri", "1.16.0", "pkg:gem/nokogiri@1.16.0")]
    assert said.components[0].licence == "MIT OR Ruby"
    said = read("x/specifications/net-http-0.3.2.gemspec", "Gem::Specification.new do |s|\nend\n")
    assert told(said) == [("RubyGems", "net-http", "0.3.2", "pkg:gem/net-http@0.3.2")]
    assert not installed.wants("app/own.gemspec")


def test_dotnet():
    document = {
        "targets": {".NETCoreApp,Version=v8.0": {
            "App/1.0.0": {"dependencies": {"Newtonsoft.Json": "13.0.1"}},
            "Newtonsoft.Json/13.0.1": {"runtime": {}},
        }},
        "libraries": {
            "App/1.0.0": {"type": "project", "sha512": ""},
            "Newtonsoft.Json/13.0.1": {"type": "package", "sha512": "sha512-" + "A" * 86 + "=="},
        },
    }  # fmt: skip
    said = read("app/App.deps.json", json.dumps(document))
    assert told(said) == [("NuGet", "Newtonsoft.Json", "13.0.1", "pkg:nuget/Newtonsoft.Json@13.0.1")]
    assert said.components[0].parents == ("App@1.0.0",)
    assert said.components[0].hashes == ("sha512:" + "00" * 64,)


def test_php_of_both_forms():
    packages = [
        {"name": "Monolog/Monolog", "version": "v2.9.1", "license": ["MIT"], "dist": {"shasum": ""}},
        {"name": "phpunit/phpunit", "version": "10.0.0"},
    ]
    newer = {"packages": packages, "dev-package-names": ["phpunit/phpunit"]}
    two = read("app/vendor/composer/installed.json", json.dumps(newer))
    one = read("app/vendor/composer/installed.json", json.dumps(packages))
    assert told(one) == told(two)
    assert told(two)[0] == ("Packagist", "monolog/monolog", "2.9.1", "pkg:composer/monolog/monolog@2.9.1")
    assert [part.scope for part in two.components] == [Scope.RUNTIME, Scope.DEVELOPMENT]


def test_java_with_what_is_shaded_and_nested_in_it():
    inner = archive({**pom("org.apache.logging.log4j", "log4j-core", "2.14.1")})
    shaded = archive({**pom("com.example", "app", "1.0"), **pom("com.google.guava", "guava", "31.1-jre")})
    both = {"BOOT-INF/lib/log4j-core-2.14.1.jar": inner, "WEB-INF/lib/app-1.0.jar": shaded}
    outer = archive(both, packed=False, before=b"#!/bin/sh\n")
    said = read("app/service.war", outer)
    assert told(said) == [
        (
            "Maven", "org.apache.logging.log4j:log4j-core", "2.14.1",
            "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
        ),
        ("Maven", "com.example:app", "1.0", "pkg:maven/com.example/app@1.0"),
        ("Maven", "com.google.guava:guava", "31.1-jre", "pkg:maven/com.google.guava/guava@31.1-jre"),
    ]  # fmt: skip
    assert said.components[0].path == "app/service.war!/BOOT-INF/lib/log4j-core-2.14.1.jar"
    assert said.skips == ()


def test_java_that_states_only_what_was_shaded_in_is_told_by_its_manifest_too():
    cglib = pom("cglib", "cglib", "3.2.12")
    manifest = {"META-INF/MANIFEST.MF": "Bundle-SymbolicName: com.google.inject\nBundle-Version: 4.2.3\n"}
    assert told(read("lib/guice.jar", archive({**cglib, **manifest}))) == [
        ("Maven", "cglib:cglib", "3.2.12", "pkg:maven/cglib/cglib@3.2.12"), ("Maven", "guice", "4.2.3", "")
    ]  # fmt: skip
    for name in ("lib/cglib-nodep-3.2.12.jar", "lib/renamed-3.2.12.jar"):
        assert [one[1] for one in told(read(name, archive(cglib)))] == ["cglib:cglib"]


@pytest.mark.parametrize(
    ("path", "manifest", "expected"),
    [
        ("lib/commons-io-2.11.0.jar", "Bundle-SymbolicName: org.apache.commons.commons-io\n",
         ("Maven", "org.apache.commons:commons-io", "2.11.0", "pkg:maven/org.apache.commons/commons-io@2.11.0")),
        ("lib/jetty-util.jar", "Implementation-Version: 9.4.1\nImplementation-Vendor-Id: org.eclipse.jetty\n",
         ("Maven", "org.eclipse.jetty:jetty-util", "9.4.1", "pkg:maven/org.eclipse.jetty/jetty-util@9.4.1")),
        ("lib/commons-codec-1.15.jar", "Bundle-SymbolicName: org.apache.commons.cod\n ec;x:=y\n",
         ("Maven", "commons-codec", "1.15", "")),
    ],
)  # fmt: skip
def test_java_without_maven_is_told_by_its_manifest_or_its_name(path, manifest, expected):
    said = read(path, archive({"META-INF/MANIFEST.MF": "Manifest-Version: 1.0\n" + manifest}))
    assert told(said) == [expected]


def test_an_archive_in_archives_without_end_is_told():
    data = archive(pom("g", "a", "1"))
    for _ in range(8):
        data = archive({"a.jar": data})
    said = read("a.jar", data)
    assert [(one.kind, one.path.count("!/")) for one in said.skips] == [(SkipKind.TOO_LARGE, 6)]


def test_a_member_that_says_it_is_small_is_not_unpacked_without_end():
    data = bytearray(archive({"META-INF/MANIFEST.MF": b"0" * 5_000_000}))
    entry = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, entry + 24, 10)
    said = read("a-1.jar", bytes(data))
    assert said.skips[0].kind is SkipKind.TOO_LARGE


def test_more_files_than_an_archive_may_have_are_told():
    name = b"META-INF/x"
    entry = struct.pack("<4s24xH16x", b"PK\x01\x02", len(name)) + name
    directory = entry * 200_001
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), 0, 0)
    said = read("a-1.jar", directory + end)
    assert said.skips[0].kind is SkipKind.TOO_LARGE


@pytest.mark.parametrize("section", [".go.buildinfo", ".data"])
def test_go_from_1_18_on(section):
    said = read("usr/bin/tool", elf({".text": b"x" * 33, section: go_inline("go1.21.4", MODULES)}), executable=True)
    assert told(said) == TOLD


@pytest.mark.parametrize(("wide", "order"), [(True, "<"), (True, ">"), (False, "<"), (False, ">")])
def test_go_before_1_18(wide, order):
    """The block points at two headers of texts, each an address and a length."""
    base, size = 0x400000, 8 if wide else 4
    listing = GUARD_BEGIN + MODULES.encode() + GUARD_END
    probe = elf({".go.buildinfo": b"B" * 32, ".data": b"D" * 2000}, wide=wide, order=order, base=base)
    start = probe.index(b"D" * 2000)
    start += -start % 16
    form = order + ("QQ" if wide else "II")
    data_at = base + start
    headers = struct.pack(form, data_at + 64, 8) + struct.pack(form, data_at + 72, len(listing))
    data = headers.ljust(64, b"\0") + b"go1.21.4" + listing
    block = b"\xff Go buildinf:" + bytes([size, 0 if order == "<" else 1])
    block += struct.pack(form, data_at, data_at + 2 * size)
    made = bytearray(probe)
    made[start : start + len(data)] = data
    at = probe.index(b"B" * 32)
    made[at : at + 32] = block.ljust(32, b"\0")
    assert told(read("usr/bin/tool", bytes(made), executable=True)) == TOLD


@pytest.mark.skipif(which("go") is None, reason="Go is not installed")
@pytest.mark.parametrize("program", ["go", "gofmt", "helm", "opa", "kustomize", "gator"])
def test_go_programs_are_read_as_go_itself_reads_them(program):
    place = which(program)
    if place is None:
        pytest.skip(f"{program} is not installed")
    said = subprocess.run(["go", "version", "-m", place], capture_output=True, text=True, check=True).stdout
    lines = said.split("\n")
    expected: list[tuple[str, str]] = [("stdlib", lines[0].rpartition("go")[2].split(" ")[0])]
    for fields in (line[1:].split("\t") for line in lines[1:]):
        if fields[0] in ("mod", "dep"):
            expected.append((fields[1], fields[2].removeprefix("v")))
        elif fields[0] == "=>":
            expected[-1] = fields[1], fields[2].removeprefix("v")
    with open(place, "rb") as file:
        said = installed.read("usr/bin/x", file, executable=True)
    assert said.skips == ()
    found = {(one.name, one.version) for one in said.components}
    assert {one for one in expected if one[1] != "(devel)"} <= found
    assert len(found) == len({name for name, _ in expected})


def test_rust_with_who_requires_whom():
    packages = [
        {"name": "app", "version": "0.1.0", "source": "local", "root": True, "dependencies": [1]},
        {"name": "serde", "version": "1.0.188", "source": "crates.io", "dependencies": [2]},
        {"name": "serde_derive", "version": "1.0.188", "source": "crates.io", "kind": "build"},
        {"name": "own", "version": "1.0.0", "source": "git"},
    ]
    said = read("usr/bin/app", elf({".dep-v0": rust_audit(packages)}), executable=True)
    assert told(said) == [
        ("crates.io", "serde", "1.0.188", "pkg:cargo/serde@1.0.188"),
        ("crates.io", "serde_derive", "1.0.188", "pkg:cargo/serde_derive@1.0.188"),
    ]
    assert [(one.direct, one.parents, one.scope) for one in said.components] == [
        (True, (), Scope.RUNTIME), (False, ("serde@1.0.188",), Scope.BUILD),
    ]  # fmt: skip


def test_a_list_of_crates_that_unpacks_without_end_is_told():
    said = read("usr/bin/app", elf({".dep-v0": zlib.compress(b" " * 40 * 1024 * 1024, 1)}), executable=True)
    assert said.skips[0].kind is SkipKind.TOO_LARGE


def test_pe_and_mach_o_programs_are_read_too():
    block = go_inline("go1.21.4", MODULES)
    body = block.ljust(4096, b"\0")
    head = (b"MZ" + b"\0" * 58 + struct.pack("<I", 64)).ljust(64, b"\0")
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, 112, 0)
    optional = struct.pack("<H", 0x20B).ljust(24, b"\0") + struct.pack("<Q", 0x140000000)
    section = b".data\0\0\0" + struct.pack("<IIIIIIHHI", 4096, 4096, 4096, 512, 0, 0, 0, 0, 0xC0000040)
    windows = (head + coff + optional.ljust(112, b"\0") + section).ljust(512, b"\0") + body
    assert told(read("app/tool.exe", windows, executable=True)) == TOLD
    name = b"__DATA".ljust(16, b"\0")
    part = b"__go_buildinfo".ljust(16, b"\0") + name + struct.pack("<QQIIIIIIII", 0, 4096, 512, *[0] * 7)
    segment = struct.pack("<II", 0x19, 72 + 80) + name + struct.pack("<QQQQIIII", 0, 4096, 512, 4096, 3, 3, 1, 0)
    apple = struct.pack("<IIIIIIII", 0xFEEDFACF, 0, 0, 2, 1, len(segment) + len(part), 0, 0) + segment + part
    assert told(read("app/tool", apple.ljust(512, b"\0") + body, executable=True)) == TOLD


def test_a_script_is_no_program():
    assert read("usr/bin/script", b"#!/bin/sh\n", executable=True) == installed.Installed()
