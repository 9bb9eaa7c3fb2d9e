"""Every case of ``cases/*.yaml``: the text of a file, and beside it the components and skips it gives."""

from pathlib import Path

import pytest
from packageurl import PackageURL

from lockgate.formats import lockfiles, yaml_safe

CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in yaml_safe.load_all(file.read_bytes(), unique_keys=True)[0]
]


def read(case, content=None):
    beside = {path: text.encode() for path, text in case.get("beside", {}).items()}
    return lockfiles.read(case["path"], case["text"].encode() if content is None else content, beside.get)


def told(component):
    direct = {True: "direct", False: "indirect", None: "unstated"}[component.direct]
    words = [f"{component.name}@{component.version} line {component.line} {direct} {component.scope}"]
    words += [f"via {' > '.join(component.via)}"] if component.via else []
    words += [f"parents {', '.join(component.parents)}"] if component.parents else []
    words += [component.licence] if component.licence else []
    words += component.hashes
    words += [f"wants {component.requirement}"] if component.requirement else []
    return " ".join(words)


@pytest.mark.parametrize("case", CASES)
def test_a_file_gives_the_components_and_skips_beside_it(case):
    reading = read(case)
    assert [told(component) for component in reading.components] == case["components"]
    assert [f"{skip.kind} {skip.reason}" for skip in reading.skips] == case.get("skips", [])
    assert list(reading.covers) == case.get("covers", [])
    assert {skip.family for skip in reading.skips} <= {"dependencies"}


@pytest.mark.parametrize("case", CASES)
def test_every_component_names_a_package_url_that_the_specification_reads_back(case):
    for component in read(case).components:
        url = PackageURL.from_string(component.purl)
        assert url.version == (component.version or None)
        assert component.purl == url.to_string()


def test_every_reader_has_a_case():
    assert {
        name
        for name, reader in lockfiles.readers().items()
        if any(reader.matches(case.values[0]["path"]) for case in CASES)
    } == set(lockfiles.readers())
