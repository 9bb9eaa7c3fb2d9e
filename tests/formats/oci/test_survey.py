"""What is kept of the entries of layers for the checks of images, and its form in JSON."""

import pytest

from lockgate.formats.format_error import FormatError
from lockgate.formats.oci import capabilities, configs, survey
from lockgate.formats.oci.history import Layer
from lockgate.formats.oci.layers.entries import Entry, Kind
from lockgate.formats.oci.manifests import Descriptor
from lockgate.formats.oci.survey import HiddenFile, Step, Survey, SurveyedFile, SurveyedLayer, Surveyor

CONFIG = b"""{"os": "linux", "architecture": "amd64", "created": "2026-01-02T03:04:05Z",
 "config": {"User": "shop", "ExposedPorts": {"80/tcp": {}}, "Labels": {"a": "b"}, "Healthcheck": {"Test": ["NONE"]}},
 "history": [{"created_by": "ADD base"}, {"created_by": "USER shop", "empty_layer": true}, {"created_by": "RUN x"}]}"""


def layer(index: int, step: int = -1) -> Layer:
    return Layer(index, Descriptor("", f"sha256:{index}", 0), "", step)


def seen(*entries: tuple[Entry, int, int | None]) -> Survey:
    surveyor = Surveyor()
    for entry, at, hidden_by in entries:
        surveyor.meet(entry, at, hidden_by)
    layers = [layer(0, 0), layer(1, 2)]
    return surveyor.survey(name="x", config=configs.read(CONFIG), layers=layers, lines={1: 7})


def test_only_what_a_check_may_speak_of_is_kept():
    found = seen(
        (Entry(Kind.FILE, "usr/bin/su", 9, 0o4755), 1, None),
        (Entry(Kind.FILE, "usr/bin/cat", 5, 0o755), 1, None),
        (Entry(Kind.LINK, "bin/sh", 0, 0o777, "dash"), 0, None),
        (Entry(Kind.FILE, "srv/open", 1, 0o666), 0, None),
        (Entry(Kind.FILE, "srv/closed", 1, 0o644), 0, None),
        (Entry(Kind.FOLDER, "tmp", 0, 0o1777), 0, None),
        (Entry(Kind.FOLDER, "usr/bin", 0, 0o755), 0, None),
        (Entry(Kind.FOLDER, "usr/local/bin", 0, 0o755, "", 1000, 1000), 0, None),
        (Entry(Kind.SPECIAL, "dev/sda", 0, 0o660, "block 8:0"), 0, None),
        (Entry(Kind.SPECIAL, "run/pipe", 0, 0o666, "FIFO"), 0, None),
    )
    assert [one.path for one in found.files] == ["dev/sda", "srv/open", "usr/bin/su", "usr/local/bin"]
    assert found.programs == {"bin/sh": 0, "usr/bin/cat": 1, "usr/bin/su": 1}
    assert found.steps == (Step("ADD base", 0), Step("USER shop", -1, 7), Step("RUN x", 1))


def test_what_no_container_sees_counts_as_hidden_alone():
    found = seen((Entry(Kind.FILE, "bin/su", 700, 0o4755), 0, 1), (Entry(Kind.FILE, "bin/ls", 30, 0o755), 0, None))
    assert (found.files, found.programs) == ((), {"bin/ls": 0})
    assert found.hidden == (HiddenFile("bin/su", 0, 700, 1),)
    assert found.layers == (SurveyedLayer(0, "sha256:0", 730, 700, 2), SurveyedLayer(1, "sha256:1"))


def test_what_is_beyond_the_bounds_is_counted():
    found = seen(*((Entry(Kind.FILE, f"srv/{at}", 1, 0o666), 0, None) for at in range(5_003)))
    assert (len(found.files), found.left_out) == (5_000, 3)


def test_a_survey_is_the_same_after_it_was_written_and_read():
    found = seen(
        (Entry(Kind.FILE, "bin/ping", 9, 0o4755, "", 1, 2, "0100000200200000000000000000000000000000"), 1, None),
        (Entry(Kind.FILE, "a\udcff", 9, 0o666), 0, None),
        (Entry(Kind.FILE, "gone", 9, 0o666), 0, 1),
    )  # fmt: skip
    assert survey.read(survey.to_json(found)) == found
    assert found.files[1] == SurveyedFile("bin/ping", 1, "file", 0o4755, 1, 2, ("cap_net_raw",))


@pytest.mark.parametrize(
    "text", [b"[]", b'{"files": [1]}', b'{"files": [{"mode": "9"}]}', b'{"layers": [{"index": "x"}]}']
)
def test_what_is_no_survey_is_refused(text):
    with pytest.raises(FormatError):
        survey.read(text)


@pytest.mark.parametrize(
    ("attribute", "names"),
    [
        ("0100000200200000000000000000000000000000", ("cap_net_raw",)),
        ("0000000300000000000000000001000000000000e8030000", ("cap_checkpoint_restore",)),
        ("000000010100000000000000", ("cap_chown",)),
        ("0000000200000000000000000080000000000000", ("cap_47",)),
        ("", ()), ("00", ()), ("xx", ()), ("000000090020000000000000", ()),
    ],
)  # fmt: skip
def test_capabilities_are_read_in_every_revision(attribute, names):
    assert capabilities.names_of(attribute) == names


def test_a_folder_has_the_mode_that_the_uppermost_layer_gives_it():
    found = seen(
        (Entry(Kind.FOLDER, "srv", 0, 0o755), 1, None), (Entry(Kind.FOLDER, "srv", 0, 0o777), 0, None),
    )  # fmt: skip
    assert found.files == ()
