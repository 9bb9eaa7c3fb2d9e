"""A layer knows the step of the build that brought it, and the line of the Dockerfile, whichever builder it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.formats.oci.documents import config, digest, manifest

from lockgate.formats import dockerfile
from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import configs, history, manifests

HEX = "0f" * 32


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("RUN /bin/sh -c apt-get update # buildkit", "RUN apt-get update"),
        ("RUN |2 A=1 B=two words /bin/sh -c make all # buildkit", "RUN make all"),
        ("RUN /bin/bash -o pipefail -c curl x | sh # buildkit", "RUN curl x | sh"),
        ("COPY . /app # buildkit", "COPY . /app"),
        ("COPY --chown=1000 a b /app # buildkit", "COPY --chown=1000 a b /app"),
        ("/bin/sh -c apt-get update &&     apt-get install -y curl", "RUN apt-get update && apt-get install -y curl"),
        ("|1 VERSION=3 /bin/sh -c make install", "RUN make install"),
        (f"/bin/sh -c #(nop) ADD file:{HEX} in / ", f"ADD file:{HEX} in /"),
        ('/bin/sh -c #(nop)  CMD ["bash"]', 'CMD ["bash"]'),
        ("/bin/sh -c #(nop) ENV A=b", "ENV A=b"),
        ("RUN make", "RUN make"),
        ("bazel build ...", "bazel build ..."),
        ("", ""),
    ],
)
def test_a_step_reads_as_it_stands_in_a_dockerfile(written, read):
    assert history.instruction(written) == read


def image(steps, layers):
    entries = [{"created_by": text, "empty_layer": empty} for text, empty in steps]
    return manifests.read(manifest(*layers)), configs.read(config(*layers, history=entries))


def test_steps_without_a_layer_are_passed_over():
    made = image([("ADD base", False), ("ENV A=b", True), ("RUN make", False)], ["one", "two"])
    assert [(layer.instruction, layer.step, layer.diff_id) for layer in history.layers_of(*made)] == [
        ("ADD base", 0, digest("one")),
        ("RUN make", 2, digest("two")),
    ]


def test_where_the_history_has_not_one_step_a_layer_nothing_is_said_of_steps():
    made = image([("ADD base", False)], ["one", "two"])
    assert [(layer.instruction, layer.step) for layer in history.layers_of(*made)] == [("", -1), ("", -1)]


DOCKERFILE = b"""\
ARG BASE=debian
FROM golang AS build
RUN make
FROM ${BASE}
LABEL a=b
ENV PORT 80
RUN apt-get update && \\
    apt-get install -y curl
COPY --from=build --chown=1:1 /out /app
# a comment
RUN make
RUN make
ENTRYPOINT ["/app/cart"]
"""
BUILDKIT = [
    ("RUN /bin/sh -c base # buildkit", False),
    ("CMD [\"bash\"]", True),
    ("LABEL a=b", True),
    ("ENV PORT=80", True),
    ("RUN /bin/sh -c apt-get update &&     apt-get install -y curl # buildkit", False),
    ("COPY --chown=1:1 /out /app # buildkit", False),
    ("RUN /bin/sh -c make # buildkit", False),
    ("RUN /bin/sh -c make # buildkit", False),
    ("ENTRYPOINT [\"/app/cart\"]", True),
]  # fmt: skip
OLDER = [
    (f"/bin/sh -c #(nop) ADD file:{HEX} in / ", False),
    ("/bin/sh -c #(nop)  LABEL a=b", True),
    ("/bin/sh -c #(nop)  ENV PORT=80", True),
    ("/bin/sh -c apt-get update &&     apt-get install -y curl", False),
    (f"/bin/sh -c #(nop) COPY --chown=1:1 dir:{HEX} in /app ", False),
    ("/bin/sh -c make", False),
    ("/bin/sh -c make", False),
    ('/bin/sh -c #(nop)  ENTRYPOINT ["/app/cart"]', True),
]


@pytest.mark.parametrize("steps", [BUILDKIT, OLDER])
def test_each_layer_is_at_its_line_of_the_dockerfile_and_the_base_at_none(steps):
    made = image(steps, [str(number) for number, (_, empty) in enumerate(steps) if not empty])
    lines = history.lines_of(made[1].history, dockerfile.parse(DOCKERFILE))
    assert [layer.line for layer in history.layers_of(*made, lines)] == [0, 7, 9, 11, 12]


def test_a_dockerfile_of_something_else_places_nothing():
    made = image([("ADD base", False), ("RUN make", False)], ["one", "two"])
    assert history.lines_of(made[1].history, dockerfile.parse(b"FROM a\nRUN other\nCOPY x /y\n")) == {}
    assert history.lines_of(made[1].history, dockerfile.parse(b"")) == {}


def test_a_file_from_the_network_is_at_its_line_though_buildah_writes_its_digest_alone():
    made = image([(f"/bin/sh -c #(nop) ADD {HEX} in /opt/ ", False)], ["one"])
    found = history.lines_of(made[1].history, dockerfile.parse(b"FROM a\nADD https://x.example/tools.tgz /opt/\n"))
    assert found == {0: 2}


STEPS = ["RUN a", "RUN b", "COPY a /b", "ENV A=b", "RUN |1 x", "/bin/sh -c #(nop)"]


@given(st.lists(st.sampled_from(STEPS), max_size=8))
def test_lines_rise_with_the_steps(steps):
    entries = [configs.HistoryEntry(text) for text in steps]
    found = history.lines_of(entries, dockerfile.parse("\n".join(["FROM x", *steps]).encode()))
    assert list(dict(sorted(found.items())).values()) == sorted(found.values())


def test_a_configuration_says_what_the_image_runs_as():
    read = configs.read(
        config(
            "a",
            config={
                "User": "1000", "Env": ["A=b"], "Cmd": "sh", "Entrypoint": ["/x", "y"], "ExposedPorts": {"80/tcp": {}},
                "Labels": {"k": "v"}, "Healthcheck": {"Test": ["CMD", "true"]}, "Volumes": None,
            },
        )
    )  # fmt: skip
    assert (read.user, read.env, read.command, read.entrypoint) == ("1000", ("A=b",), ("sh",), ("/x", "y"))
    assert (read.ports, dict(read.labels), read.healthcheck) == (("80/tcp",), {"k": "v"}, ("CMD", "true"))
    assert str(read.platform) == "linux/amd64"


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'{"rootfs": 7}', b'{"rootfs": {"diff_ids": ["x"]}}', b'{"history": [1]}', b'{"config": {"Env": [1]}}',
     b'{"rootfs": {"type": "snapshot"}}', b'{"config": {"User": 7}}', b'{"os": []}'],
)  # fmt: skip
def test_what_is_no_configuration_is_refused(content):
    with pytest.raises(FormatError):
        configs.read(content)
