"""Verdicts on images of Pods: for how long each is believed, and what happens without time."""

import pytest

from lockgate.engine.image_trust.admitting import ImageVerdicts, Lasting
from lockgate.engine.image_trust.verify import Verified
from lockgate.errors import SourceError
from lockgate.gates.images import ImageTrust, Trusted
from lockgate.model import Decision, Verdict
from lockgate.settings.image_policy import ImagePolicy, ImageRule

DIGEST = f"sha256:{'a' * 64}"
IMAGE = f"registry.example.com/team/shop@{DIGEST}"
TAGGED = "registry.example.com/team/shop:1"
RULE = ImageRule(match=("registry.example.com/*",), signed_by=("release",))
TRUST = ImageTrust(ImagePolicy(images=(RULE,)), {}, "v1")


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Registry:
    """Answers with the verdict it is told to, and counts."""

    def __init__(self):
        self.asked, self.verdict, self.away = [], Verdict.ALLOW, False

    def __call__(self, trust, reference, image, seconds, puller):
        self.asked.append((image, seconds))
        if self.away:
            raise SourceError("the registry does not answer")
        return Verified(image, DIGEST, not reference.digest, Trusted(Decision("images", self.verdict)))


@pytest.fixture
def made():
    clock, registry = Clock(), Registry()
    return ImageVerdicts(registry, Lasting(allowed=600, denied=15, tag=30), clock), registry, clock


def ask(verdicts, clock, image=IMAGE, trust=TRUST, seconds=9.0):
    return verdicts.asked(trust, image, until=clock.now + seconds)


def test_a_verdict_lasts_by_digest_and_a_denial_for_less(made):
    verdicts, registry, clock = made
    for verdict, lasts in ((Verdict.ALLOW, 600), (Verdict.DENY, 15)):
        registry.verdict = verdict
        before = len(registry.asked)
        assert ask(verdicts, clock).verified.trusted.decision.verdict is verdict
        clock.now += lasts
        ask(verdicts, clock)
        assert len(registry.asked) == before + 1
        clock.now += 1


def test_which_digest_a_tag_names_is_asked_anew_soon(made):
    verdicts, registry, clock = made
    assert ask(verdicts, clock, TAGGED).verified.by_tag
    assert not ask(verdicts, clock).verified.by_tag  # the same digest, named by it
    clock.now += 31
    ask(verdicts, clock, TAGGED)
    assert [image for image, _ in registry.asked] == [TAGGED, TAGGED]


def test_a_verdict_is_one_of_the_policy_that_gave_it(made):
    verdicts, registry, clock = made
    ask(verdicts, clock)
    ask(verdicts, clock, trust=ImageTrust(TRUST.policy, {}, "v2"))
    assert len(registry.asked) == 2


def test_what_fails_is_no_verdict_and_is_not_kept(made):
    verdicts, registry, clock = made
    registry.away = True
    assert ask(verdicts, clock).error == "the registry does not answer"
    registry.away = False
    assert ask(verdicts, clock).verified is not None


def test_without_time_nobody_is_asked(made):
    verdicts, registry, clock = made
    assert "no time was left" in ask(verdicts, clock, seconds=0.1).error
    assert registry.asked == []


def test_what_needs_no_asking_is_known_at_once(made):
    verdicts, registry, _ = made
    assert verdicts.known(TRUST, "nginx").verified.trusted.decision.verdict is Verdict.DENY  # no line is about it
    assert "is no name of an image" in verdicts.known(TRUST, "NGINX@x").error
    assert verdicts.known(TRUST, IMAGE) is None
    assert registry.asked == []
