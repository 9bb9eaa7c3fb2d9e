"""Where the source of a build comes from, and what it builds on, as far as that is known."""

from datetime import UTC, datetime

import pytest

from lockgate.engine.build.bases import pinned
from lockgate.engine.build.builders import BUILDERS, Plan
from lockgate.engine.build.building import labels_of
from lockgate.engine.build.origin import LOCAL_BUILDER, Origin, origin_of, plain_address
from lockgate.engine.build.provenance import predicate
from lockgate.errors import SourceError, UsageError
from lockgate.formats.oci import references
from lockgate.formats.signatures.in_toto import SLSA_1, Statement, provenance

NOW = datetime(2026, 1, 2, tzinfo=UTC)
A, B = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://git.example/team/shop.git", "https://git.example/team/shop"),
        ("https://who:secret@git.example:8443/team/shop", "https://git.example:8443/team/shop"),
        ("git@git.example:team/shop.git", "https://git.example/team/shop"),
        ("ssh://git@git.example:22/team/shop.git", "https://git.example/team/shop"),
        ("/srv/git/shop.git", ""), ("file:///srv/shop", ""), ("", ""), ("C:\\shop", ""),
    ],
)  # fmt: skip
def test_the_address_of_a_remote_holds_no_credentials(remote, address):
    assert plain_address(remote) == address


def test_a_commit_dates_the_image_and_changed_files_are_told(repository):
    repository.write("Dockerfile", "FROM scratch\n")
    repository.commit("first")
    clean = origin_of(repository.folder, {})
    assert clean.is_clean
    assert clean.epoch > 0
    repository.write("Dockerfile", "FROM scratch\nUSER 1\n")
    dirty = origin_of(repository.folder, {})
    assert (dirty.revision, dirty.is_clean) == (f"{clean.revision}-dirty", False)
    source = Origin("https://git.example/shop", dirty.revision)
    told = predicate(source, {}, bases=(), builder="", started=NOW, ended=NOW)
    assert told["buildDefinition"]["resolvedDependencies"] == [{"uri": "git+https://git.example/shop"}]


def test_a_pipeline_says_who_builds_and_what_for(tmp_path):
    github = {
        "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "team/shop",
        "GITHUB_WORKFLOW_REF": "team/shop/.github/workflows/build.yml@refs/heads/main", "GITHUB_RUN_ID": "7",
        "GITHUB_REF": "refs/heads/main", "GITHUB_RUN_ATTEMPT": "2", "SOURCE_DATE_EPOCH": "1700000000",
    }  # fmt: skip
    origin = origin_of(tmp_path, github)
    assert origin.epoch == 1700000000
    told = predicate(origin, {}, bases=(), builder="b 1", started=NOW, ended=NOW)
    read = provenance(Statement(SLSA_1, frozenset(), told))
    assert (read.repository, read.ref, read.workflow) == (
        "https://github.com/team/shop", "refs/heads/main", ".github/workflows/build.yml"
    )  # fmt: skip
    assert read.builder == "https://github.com/team/shop/.github/workflows/build.yml@refs/heads/main"
    assert read.invocation == "https://github.com/team/shop/actions/runs/7/attempts/2"
    azure = {
        "TF_BUILD": "True", "SYSTEM_COLLECTIONURI": "https://dev.azure.com/team/", "SYSTEM_TEAMPROJECT": "shop",
        "SYSTEM_DEFINITIONID": "3", "BUILD_BUILDID": "9", "BUILD_SOURCEBRANCH": "refs/heads/main",
        "BUILD_REPOSITORY_URI": "https://team@dev.azure.com/team/shop/_git/shop",
    }  # fmt: skip
    origin = origin_of(tmp_path, azure)
    assert origin.repository == "https://dev.azure.com/team/shop/_git/shop"
    assert origin.builder == "https://dev.azure.com/team/shop/_build?definitionId=3"
    assert origin_of(tmp_path, {}) == Origin(builder=LOCAL_BUILDER)


DOCKERFILE = f"""\
ARG NAME=debian
FROM debian:12 AS one
FROM harbour.example/base@{A} AS two
FROM ${{NAME}}:12 AS three
FROM absent.example/base:1 AS four
FROM one
"""


def test_bases_are_pinned_where_their_registry_answers(tmp_path):
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    asked = []

    def digest_of(reference):
        asked.append(str(reference))
        if reference.host == "absent.example":
            raise SourceError("no answer")
        return B

    found = pinned(tmp_path / "Dockerfile", digest_of)
    assert f"FROM docker.io/library/debian:12@{B} AS one\n" in found.text
    assert f"FROM harbour.example/base@{A} AS two\n" in found.text
    assert "FROM absent.example/base:1 AS four\n" in found.text
    assert set(asked) == {"docker.io/library/debian:12", "absent.example/base:1"}
    assert {str(one): digest for one, digest in found.named}["harbour.example/base@" + A] == A
    assert found.last[1] == B
    assert any("no answer" in one for one in found.notices)
    labels = labels_of(Origin("https://git.example/shop", "c" * 40), found)
    assert labels["org.opencontainers.image.base.digest"] == B
    assert labels["org.opencontainers.image.base.name"] == "docker.io/library/debian:12"
    for text in ("", "RUN true\n"):
        (tmp_path / "Dockerfile").write_text(text)
        with pytest.raises(UsageError):
            pinned(tmp_path / "Dockerfile", digest_of)


@pytest.mark.parametrize("name", BUILDERS)
def test_every_builder_is_given_the_time_the_labels_and_a_place(tmp_path, name):
    plan = Plan(tmp_path, tmp_path / "Dockerfile", 7, {"l": "1"}, {"a": "2"}, "stage", "linux/arm64")
    commands = BUILDERS[name].commands(plan, tmp_path / "made")
    words = " ".join(commands[0])
    for told in ("7", "l=1", "a=2", "stage", "linux/arm64", str(tmp_path)):
        assert told in words
    assert ("rewrite-timestamp=true" in words) is (name in ("buildkit", "docker"))
    assert ("--timestamp 7" in words) is (name in ("buildah", "podman"))
    assert ("--identity-label=false" in words) is (name in ("buildah", "podman"))


@pytest.mark.parametrize(
    ("name", "told", "old"),
    [
        ("buildah", "buildah version 1.23.1 (image-spec 1.0.1, runtime-spec 1.0.2)", True),
        ("buildah", "buildah version 1.28.2 (image-spec 1.1.0-rc2, runtime-spec 1.0.2-dev)", False),
        ("podman", "podman version 3.4.4", True), ("podman", "podman version 4.3.1", False),
        ("podman", "podman version of our own", False),
        ("docker", "github.com/docker/buildx v0.11.2 9872040", False),
    ],
)  # fmt: skip
def test_a_builder_that_does_not_know_the_flags_is_too_old(name, told, old):
    assert BUILDERS[name].is_too_old(told) is old


@pytest.mark.parametrize("folder", ["lockgate-build-h12a1qt_", "lockgate-build-_x__y___z", "B"])
def test_whatever_the_folder_is_called_the_name_that_an_image_is_kept_under_is_one(tmp_path, folder):
    plan = Plan(tmp_path, tmp_path / "Dockerfile", 7, {}, {})
    command = BUILDERS["buildah"].commands(plan, tmp_path / folder)[0]
    name = command[command.index("--tag") + 1]
    assert references.parse(f"{name}:latest").path == name.partition("/")[2]
