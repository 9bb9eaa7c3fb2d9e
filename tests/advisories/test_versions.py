"""The order of versions, against each ecosystem's own comparison where it can be had."""

import itertools
import random
import shutil
import subprocess

import packaging.version
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.advisories import versions
from lockgate.advisories.versions import VersionError, compare, major, sort_key

ORDERED = {
    "PyPI": ["1.0.dev1", "1.0a1", "1.0b2.post1.dev3", "1.0rc1", "1.0", "1.0+abc", "1.0+5", "1.0.post1", "1.1", "1!0.1"],
    "npm": ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0"],
    "Go": [
        "0.0.0-20190101000000-abcdef123456",
        "0.0.0-20200101000000-0bcdef123456",
        "0.0.1",
        "1.2.3",
        "2.0.0+incompatible",
    ],
    "Pub": ["1.0.0-a", "1.0.0", "1.0.0+1", "1.0.0+2", "1.0.1"],
    "NuGet": ["1.0.0-Alpha", "1.0.0-beta", "1.0.0", "1.0.0.1", "1.0.1"],
    "Maven": [
        "1-alpha-1",
        "1-alpha2",
        "1-beta1",
        "1-m3",
        "1-rc1",
        "1-SNAPSHOT",
        "1",
        "1-sp",
        "1-abc",
        "1-1",
        "1.0.1",
        "1.1",
        "1.2-rc1",
        "1.2",
        "1.10",
        "2.0.0.Final",
    ],
    "RubyGems": ["1.0.0.a.0.b", "1.0.0.a", "1.0.0.b1", "1.0", "1.0.0.1", "1.2", "1.10"],
    "Packagist": ["dev-main", "1.0-dev", "1.0-alpha1", "1.0-beta2", "1.0RC1", "1.0", "1.0-p1", "1.0.1", "v2.0"],
    "Debian": ["1.0~rc1-1", "1.0-1", "1.0-1+b1", "1.0-1.1", "1.0a-1", "1.0+dfsg-1", "1.0.1-1", "1:0.1-1"],
    "Alpine": ["1.0_alpha", "1.0_rc2", "1.0", "1.0-r1", "1.0_p1", "1.0a", "1.0.1", "1.1", "1.10"],
    "Red Hat": ["1.0~rc1-1", "1.0-1", "1.0-2", "1.0^git1-1", "1.0a-1", "1.0.1-1", "1:0.1-1"],
    "ConanCenter": ["1.0.0-pre1", "1.0.0", "1.0.1", "1.1.1", "1.1.1k", "1.1.2", "1.10", "cci.20200101", "cci.20210101"],
}
EQUAL = [
    ("PyPI", "1.0", "1.0.0"), ("PyPI", "1.0-RC_1", "1.0c1"), ("PyPI", "v1.0-1", "1.0.post1"),
    ("npm", "v1.2.3+a", "1.2.3+b"), ("Go", "v1.2.3", "1.2.3"), ("NuGet", "1.0.0.0", "1.0"),
    ("NuGet", "1.0.0-RC", "1.0-rc"),
    ("Maven", "1.0.0.RC2", "1-rc2"), ("Maven", "1.ga", "1"), ("Maven", "1.0.Final", "1"), ("Maven", "1a1", "1-alpha-1"),
    ("RubyGems", "1.0.a", "1.a"), ("RubyGems", "1.0.0", "1"), ("Packagist", "v1.0.0", "1"),
    ("Debian", "1.0-0", "1.0"), ("Debian", "0:1.0", "1.00"), ("Red Hat", "1.0", "1_0"),
]  # fmt: skip
REFUSED = [("PyPI", "banana"), ("npm", "latest"), ("npm", ""), ("npm", "1 2"), ("Debian", "1/2"), ("nowhere", "1.0")]


@pytest.mark.parametrize("ecosystem", ORDERED)
def test_versions_stand_in_the_order_of_their_ecosystem(ecosystem):
    for older, newer in itertools.pairwise(ORDERED[ecosystem]):
        assert compare(ecosystem, older, newer) == -1, (older, newer)
        assert compare(ecosystem, newer, older) == 1


@pytest.mark.parametrize(("ecosystem", "left", "right"), EQUAL)
def test_versions_that_say_the_same_are_equal(ecosystem, left, right):
    assert compare(ecosystem, left, right) == 0


@pytest.mark.parametrize(("ecosystem", "version"), REFUSED)
def test_what_is_no_version_is_refused(ecosystem, version):
    with pytest.raises(VersionError):
        sort_key(ecosystem, version)


def test_a_number_of_any_length_keeps_its_place():
    numbers = [str(10**exponent) for exponent in range(120)]
    keys = [sort_key("npm", number) for number in numbers]
    assert keys == sorted(keys) and len(set(keys)) == len(keys)


def test_the_release_of_a_distribution_does_not_change_its_order():
    assert versions.known("Debian:12") and compare("Debian:12", "1.0", "1.1") == -1


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.2.3", "1"), ("v2.0", "2"), ("0.4.1", "0.4"), ("0", "0"), ("main", "main"), ("3rc1", "3")],
)
def test_the_major_part_is_the_second_number_before_one(version, expected):
    assert major(version) == expected


def _samples(ecosystem: str, count: int) -> list[str]:
    chance = random.Random(7)
    tails = {
        "PyPI": ["", "a1", "b2", "rc1", ".dev1", ".post1", "rc1.dev2", ".post2.dev1", "+local.1", "+2"],
        "npm": ["", "-alpha", "-alpha.1", "-beta.10", "-rc.1", "-0", "-x.7.z", "+build"],
        "Debian": ["", "-1", "-1+b1", "~rc1-1", "+dfsg-2", "-0ubuntu1", "a-1", "~", "-1~bpo1", ".z-1"],
        "RubyGems": ["", ".pre", ".rc1", ".a", ".b.2", "-x1", ".beta10"],
        "Alpine": ["", "-r0", "-r3", "_alpha1", "_rc2-r1", "_p3", "a", "b-r1"],
        "Red Hat": ["", "-1", "-2.el9", "~rc1-1", "^git1-3", "a-1", ".fc38"],
        "Maven": ["", "-alpha-1", "-beta2", "-RC1", "-SNAPSHOT", ".Final", "-sp", "-1", "-m2", "-jre"],
        "NuGet": ["", "-alpha", "-beta.2", "-RC.1", "+meta"],
        "Packagist": ["", "-alpha1", "-beta2", "-RC1", "-dev", "-p1"],
    }[ecosystem]
    epochs = {"PyPI": ["", "", "1!"], "Debian": ["", "", "1:"], "Red Hat": ["", "", "2:"]}.get(ecosystem, [""])
    made = []
    while len(made) < count:
        numbers = ".".join(str(chance.choice([0, 0, 1, 2, 9, 10, 11])) for _ in range(chance.choice([1, 2, 3, 3, 4])))
        made.append(chance.choice(epochs) + numbers + chance.choice(tails))
    return made


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)


def test_pypi_agrees_with_packaging():
    made = [(text, packaging.version.Version(text)) for text in _samples("PyPI", 250)]
    for (left, parsed_left), (right, parsed_right) in itertools.product(made, repeat=2):
        expected = (parsed_left > parsed_right) - (parsed_left < parsed_right)
        assert compare("PyPI", left, right) == expected, (left, right)


def _univers(ecosystem: str):
    from univers import versions as other

    return {
        "npm": other.SemverVersion, "Maven": other.MavenVersion, "RubyGems": other.RubygemsVersion,
        "NuGet": other.NugetVersion, "Alpine": other.AlpineLinuxVersion, "Red Hat": other.RpmVersion,
        "Debian": other.DebianVersion,
    }[ecosystem]  # fmt: skip


# Not Packagist: univers 32 calls 2 and 2.0.0.0-beta2 equal.
@pytest.mark.parametrize("ecosystem", ["npm", "Maven", "RubyGems", "NuGet", "Alpine", "Red Hat", "Debian"])
def test_other_ecosystems_agree_with_univers(ecosystem):
    kind = _univers(ecosystem)
    texts = [text for text in _samples(ecosystem, 150) if kind.is_valid(text)]
    if ecosystem == "npm":
        texts = [text for text in texts if text.count(".", 0, (text + "-").replace("+", "-").index("-")) < 3]
    if ecosystem == "Alpine":
        texts = [text for text in texts if not text.endswith("-r0")]  # univers takes no revision and -r0 for one
    assert len(texts) > 60
    made = [(text, kind(text)) for text in texts]
    different = []
    for (left, parsed_left), (right, parsed_right) in itertools.combinations(made, 2):
        if ecosystem == "Red Hat" and ("-" in left) != ("-" in right):
            continue  # rpm does not compare releases when one side has none; our order is total
        expected = (parsed_left > parsed_right) - (parsed_left < parsed_right)
        if compare(ecosystem, left, right) != expected:
            different.append((left, right, expected))
    assert different == []


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is not installed")
def test_debian_agrees_with_dpkg():
    chance = random.Random(11)
    texts = _samples("Debian", 120)
    for _ in range(120):
        left, right = chance.choice(texts), chance.choice(texts)
        for operator, truth in (
            ("lt", compare("Debian", left, right) < 0),
            ("eq", compare("Debian", left, right) == 0),
        ):
            answer = subprocess.run(["dpkg", "--compare-versions", left, operator, right], check=False).returncode == 0
            assert answer is truth, (left, operator, right)


ALPHABET = st.text(alphabet="0123456789.-+~^_:ab rcvx!", max_size=14)


@settings(max_examples=60, deadline=None)
@given(ecosystem=st.sampled_from(sorted(ORDERED)), text=st.one_of(ALPHABET, st.text(max_size=300)))
def test_any_text_has_a_key_or_is_refused(ecosystem, text):
    try:
        key = sort_key(ecosystem, text)
    except VersionError:
        return
    assert key and len(key) < 12 * len(text) + 20
    assert sort_key(ecosystem, text.strip()) == key


def test_red_hat_agrees_with_rpm():
    rpm = shutil.which("rpm")
    if rpm is None:
        pytest.skip("rpm is not installed")
    chance = random.Random(13)
    texts = [text for text in _samples("Red Hat", 200) if "-" not in text and ":" not in text]
    texts += [mark.join(pair) for mark in "~^." for pair in itertools.pairwise(texts[:40])]
    pairs = [(chance.choice(texts), chance.choice(texts)) for _ in range(400)]
    calls = "".join(f'print(rpm.vercmp("{left}", "{right}"), " ")' for left, right in pairs)
    said = subprocess.run([rpm, "--eval", f"%{{lua: {calls}}}"], capture_output=True, text=True, check=True).stdout
    answers = [int(one) for one in said.split()]
    assert len(answers) == len(pairs)
    wrong = [
        (left, right, answer)
        for (left, right), answer in zip(pairs, answers, strict=True)
        if compare("Red Hat", left, right) != answer
    ]
    assert wrong == []
