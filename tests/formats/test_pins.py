"""Pins by digest or commit, resolved from what the tree itself has pinned."""

from hypothesis import given
from hypothesis import strategies as st

from lockgate.formats.pins import known_pins

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40
DIGEST = "sha256:" + "ab" * 32


def pinned(known: str, line: str) -> str | None:
    edit = known_pins([known]).edit("f", 1, line)
    return edit.text if edit else None


def test_an_action_takes_the_commit_that_another_workflow_states_for_its_tag():
    known = f"      - uses: actions/checkout@{COMMIT} # v4.2.2\n"
    assert pinned(known, "  - uses: actions/checkout@v4.2.2") == f"  - uses: actions/checkout@{COMMIT} # v4.2.2"


def test_quotes_around_an_action_stay():
    known = f"uses: 'actions/checkout@{COMMIT}' # v4"
    assert pinned(known, "    uses: 'actions/checkout@v4'") == f"    uses: 'actions/checkout@{COMMIT}' # v4"


def test_another_folder_of_the_same_repository_has_the_same_commit():
    known = f"- uses: github/codeql-action/init@{COMMIT} # v3.28.1"
    line = "- uses: github/codeql-action/analyze@v3.28.1"
    assert pinned(known, line) == f"- uses: github/codeql-action/analyze@{COMMIT} # v3.28.1"


def test_another_tag_is_not_known():
    assert pinned(f"- uses: actions/checkout@{COMMIT} # v4.2.2", "- uses: actions/checkout@v4") is None


def test_two_commits_for_one_tag_are_no_knowledge():
    known = f"- uses: a/b@{COMMIT} # v1\n- uses: a/b@{OTHER} # v1\n"
    assert pinned(known, "- uses: a/b@v1") is None


def test_a_line_with_a_comment_is_left_to_people():
    assert pinned(f"- uses: a/b@{COMMIT} # v1", "- uses: a/b@v1 # do not raise") is None


def test_an_image_takes_the_digest_that_stands_elsewhere():
    known = f"image: python:3.12-slim@{DIGEST}"
    assert pinned(known, "FROM python:3.12-slim AS build") == f"FROM python:3.12-slim@{DIGEST} AS build"


def test_an_image_of_a_registry_with_a_port_is_pinned():
    known = f"FROM registry.example:5000/shop/cart:1.2@{DIGEST}"
    line = "    image: registry.example:5000/shop/cart:1.2"
    assert pinned(known, line) == f"    image: registry.example:5000/shop/cart:1.2@{DIGEST}"


def test_an_image_that_is_pinned_already_is_left_alone():
    assert pinned(f"FROM alpine:3.20@{DIGEST}", f"FROM alpine:3.20@{DIGEST}") is None


def test_the_same_name_at_another_registry_is_another_image():
    assert pinned(f"FROM alpine:3.20@{DIGEST}", "FROM registry.example/alpine:3.20") is None


def test_a_longer_tag_is_another_image():
    assert pinned(f"FROM alpine:3.2@{DIGEST}", "FROM alpine:3.20") is None
    assert pinned(f"FROM alpine:3@{DIGEST}", "FROM alpine:3-slim") is None


def test_two_images_on_one_line_are_left_to_people():
    assert pinned(f"FROM a:1@{DIGEST}", "COPY --from=a:1 a:1 /x") is None


def test_a_line_that_names_an_image_elsewhere_is_not_touched():
    assert pinned(f"FROM alpine:3.20@{DIGEST}", "RUN echo alpine:3.20") is None


def test_a_pins_file_is_lines_of_the_same_kind():
    known = f"actions/setup-python@{COMMIT} # v5.3.0\npython:3.12@{DIGEST}\n"
    assert pinned(known, "- uses: actions/setup-python@v5.3.0") == f"- uses: actions/setup-python@{COMMIT} # v5.3.0"
    assert pinned(known, "FROM python:3.12") == f"FROM python:3.12@{DIGEST}"


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_read_without_an_error(known: str, line: str):
    pinned(known, line)
