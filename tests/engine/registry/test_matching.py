"""What was fine when it was pushed is told when an advisory arrives, without a request to the registry."""

import json
from dataclasses import replace

import pytest
from tests.simulators.registry import serving

from lockgate.engine.registry.matching import match_again
from lockgate.model import Family
from lockgate.rules import load
from lockgate.store.advisories import AdvisoryStore

STATUS = (
    b"Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nSource: zlib\nVersion: 1:1.2.13.dfsg-1\n"
    b"Description: x\n\n"
)


def advisory(name, package):
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1:99"}]}]
    return {"id": name, "modified": "2026-01-01T00:00:00Z", "summary": "of a test",
            "affected": [{"package": {"ecosystem": "Debian:12", "name": package}, "ranges": ranges}],
            "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]}  # fmt: skip


@pytest.fixture
def both(tmp_path_factory):
    return load((Family.SECRETS, Family.DEPENDENCIES), cache_dir=tmp_path_factory.mktemp("made"), samples=False)


def build(folder, *advisories):
    folder.mkdir(exist_ok=True)
    for one in advisories:
        (folder / f"{one['id']}.json").write_text(json.dumps(one))
    AdvisoryStore.build([folder], folder / "advisories.db")
    return folder / "advisories.db"


def test_an_advisory_that_arrives_later_is_told_of_an_image_that_was_pushed_before(tmp_path, layout, watching, both):
    release = b'ID=debian\nVERSION_ID="12"\n'
    layout.name(layout.image({"etc/os-release": release, "var/lib/dpkg/status": STATUS}), "1")
    advisories = build(tmp_path / "advisories", advisory("DSA-1-1", "openssl"))
    with serving(layout.folder) as registry:
        one = watching(registry.host)
        request = replace(
            one.watch._judging.request, families=(Family.SECRETS, Family.DEPENDENCIES), advisories=advisories
        )
        one.watch._judging = replace(one.watch._judging, rules=both, request=request)
        one.worker = one.watch._worker()
        one.tell("", "1")
        one.work()
        assert one.steps() == [("1", "judged", "allow")]
        asked = len(registry.requests)
        assert match_again(one.watch._judging) == "1 images, of which 0 are told anew"
        build(tmp_path / "advisories", advisory("DSA-2-1", "zlib"))
        assert match_again(one.watch._judging) == "1 images, of which 1 are told anew"
        assert one.steps() == [("1", "judged", "allow"), ("1", "matched", "deny")]
        assert one.ask("ImageSteps | where Step == 'matched' | join kind=inner Findings on RunId | count") == [(1,)]
        assert match_again(one.watch._judging) == "1 images, of which 0 are told anew"
        assert len(registry.requests) == asked
