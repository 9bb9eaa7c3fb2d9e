"""How the main page of every persona looks: pictures, light, dark and on a phone, and its tree of roles and names.

Pictures are compared pixel by pixel, with a tolerance, where Chromium and the fonts are those that they were made with;
elsewhere that is skipped with the reason. The tree is the same with every font, and is compared everywhere. What
differs from one run to the next (times, digests, where the project lies) is written the same before. Made anew by
``CONSOLE_PICTURES=keep``; look at them before they are committed.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.engine.deployments.conftest import flaw, result
from tests.server.console.test_in_a_browser import sign_in
from tests.server.console.whole import Whole, whole
from tests.simulators import browser

from lockgate.cli._project import project_at
from lockgate.model import Location, Severity, Verdict
from lockgate.model.actor import Actor, Persona
from lockgate.store.team import waivers

pytestmark = pytest.mark.slow
KEPT = Path(__file__).parent / "pictures"
LOOKS = {
    "light": ("light", 800, 600), "dark": ("dark", 800, 600), "phone": ("light", 375, 640),
}  # fmt: skip
MOST_DIFFERENT = 0.0005
"""Share of pixels that may differ: a button has more, and the edges of letters of another machine have fewer."""
APART = 40
"""How far apart two values of a colour, of 256, must be to differ: edges of letters may be a shade off."""
MAKES_SAME = """folder => {
  const same = text => text.replaceAll(folder, '/project')
    .replace(/\\b\\d+ (s|min|h|d) ago\\b|\\bnow\\b/g, '1 h ago')
    .replace(/\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?( ?UTC|Z|[+-]\\d\\d:\\d\\d)?/g,
      '2031-05-05 12:00 UTC')
    .replace(/\\d{4}-\\d\\d-\\d\\d(?! 12:00)/g, '2031-05-06')
    .replace(/\\b(lg1-)?[0-9a-f]{12,64}\\b/g, one => 'a'.repeat(one.length));
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) walk.currentNode.data = same(walk.currentNode.data);
}"""
COMPARES = """async ([one, other, apart]) => {
  const pixels = async data => {
    const image = await createImageBitmap(await (await fetch(data)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, image.width, image.height);
  };
  const [a, b] = [await pixels(one), await pixels(other)];
  if (a.width !== b.width || a.height !== b.height) return 1;
  let different = 0;
  for (let at = 0; at < a.data.length; at += 4)
    different += [0, 1, 2].some(part => Math.abs(a.data[at + part] - b.data[at + part]) > apart);
  return different / (a.width * a.height);
}"""
PACKS = """async data => {
  const image = await createImageBitmap(await (await fetch(data)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext('2d').drawImage(image, 0, 0);
  const reader = new FileReader();
  reader.readAsDataURL(await canvas.convertToBlob({type: 'image/webp', quality: 0.7}));
  await new Promise(done => { reader.onload = done; });
  return reader.result;
}"""
MEASURES = """() => {
  const context = document.createElement('canvas').getContext('2d');
  return ['15px system-ui', '700 22px system-ui', '13px ui-monospace'].map(font => {
    context.font = font;
    return Math.round(context.measureText('Sphinx of black quartz, judge my vow 0123456789').width * 100);
  });
}"""


def judged(folder: Path) -> None:
    """A project whose findings no rule of ours makes, so that pictures hold when rules change."""
    (folder / "lockgate.yaml").write_text("version: 1\n")
    at = datetime.now(UTC) - timedelta(hours=1)
    severities = (Severity.CRITICAL, Severity.HIGH, Severity.HIGH, Severity.MEDIUM, Severity.LOW)
    found = [
        replace(one, finding=replace(one.finding, severity=severity, message=f"{name} 1.{number} has a known flaw",
                                     location=Location(f"services/{name}/poetry.lock", 10 + number)),
                identity=f"lg1-{number:032x}", first_seen=at.isoformat())
        for number, (severity, name) in enumerate(zip(severities, ("cart", "pay", "mail", "shop", "web"), strict=True))
        for one in [flaw(name)]
    ]  # fmt: skip
    run = result("run-pictures", verdict=Verdict.DENY, at=at)
    run = replace(run, run=replace(run.run, root=str(folder), branch="main"), findings=tuple(found))
    project_at(folder).record().append_result(run)


@dataclass
class Seen:
    """A page that somebody looks at."""

    shop: Whole
    page: Any

    def shown(self, address: str, look: str) -> bytes:
        """The PNG of a page in one of the looks."""
        scheme, width, height = LOOKS[look]
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        self.page.goto(self.shop.origin + address)
        self.page.evaluate(MAKES_SAME, str(self.shop.services.project))
        return bytes(self.page.screenshot(animations="disabled", caret="hide"))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser.chromium() as started:
        yield started


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    with whole(tmp_path_factory.mktemp("pictures"), judged) as made:
        yield made


@pytest.fixture(scope="module")
def bench(chromium: Any) -> Iterator[Any]:
    """A blank page, in which pictures are compared and packed."""
    context = chromium.new_context(bypass_csp=True)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def made_with(chromium: Any, bench: Any) -> dict[str, Any]:
    """What pictures depend on."""
    return {"chromium": chromium.version.partition(".")[0], "widths": bench.evaluate(MEASURES)}


def data(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def tree_of(page: Any) -> str:
    """Roles and names in their order, without addresses, which hold ids of this run."""
    lines = page.locator("body").aria_snapshot().splitlines()
    return "".join(f"{line}\n" for line in lines if "- /url:" not in line)


def pages(shop: Whole) -> dict[str, tuple[Persona, str]]:
    """By name: who looks, and at what. Made once, in this order."""
    id, until = shop.waiting(), f"{shop.clock() + timedelta(days=20):%Y-%m-%d}"
    with shop.services.database.begin() as connection:
        waivers.ask(connection, Actor("person:dev", "Dev"), [f"lg1-{1:032x}"], "the service is not reachable", until)
    return {
        "developer-home": (Persona.DEVELOPER, "/home"), "developer-findings": (Persona.DEVELOPER, "/findings"),
        "developer-finding": (Persona.DEVELOPER, f"/findings/lg1-{0:032x}"),
        "sre-deployment": (Persona.SRE, f"/deployments/{id}"),
        "sre-environment": (Persona.SRE, "/inventory"),
        "operator-home": (Persona.CLUSTER_OPERATOR, "/home"),
        "security-waivers": (Persona.SECURITY, "/waivers"), "administrator-people": (Persona.ADMINISTRATOR, "/people"),
    }  # fmt: skip


@pytest.mark.timeout(180)  # five people sign in, eight pages are looked at three times
def test_every_personas_main_page_looks_as_it_did(
    shop: Whole, chromium: Any, bench: Any, made_with: dict[str, Any], tmp_path: Path
) -> None:
    keeping, wrong = os.environ.get("CONSOLE_PICTURES") == "keep", dict[str, str]()
    known = json.loads((KEPT / "made_with.json").read_text()) if not keeping else made_with
    people = {one: shop.person(str(one).partition("-")[0], one) for one in Persona}
    opened: dict[Persona, Any] = {}
    for name, (persona, address) in pages(shop).items():
        if persona not in opened:
            opened[persona] = chromium.new_context(bypass_csp=True).new_page()
            opened[persona].set_default_timeout(10_000)
            sign_in(opened[persona], people[persona])
        seen = Seen(shop, opened[persona])
        for look in LOOKS:
            shot, kept = seen.shown(address, look), KEPT / f"{name}-{look}.webp"
            packed = bench.evaluate(PACKS, data("png", shot))
            if keeping:
                KEPT.mkdir(exist_ok=True)
                kept.write_bytes(base64.b64decode(packed.partition(",")[2]))
            elif known == made_with:
                share = bench.evaluate(COMPARES, [packed, data("webp", kept.read_bytes()), APART])
                if share > MOST_DIFFERENT:
                    (tmp_path / f"{name}-{look}.png").write_bytes(shot)
                    wrong[f"{name}-{look}"] = f"{share:.2%} of the pixels differ, see {tmp_path}"
        tree, told = KEPT / f"{name}.yaml", tree_of(seen.page)
        if keeping:
            tree.write_text(told)
        elif tree.read_text() != told:
            (tmp_path / f"{name}.yaml").write_text(told)
            wrong[name] = f"what can be perceived differs, see {tmp_path}"
    for page in opened.values():
        page.context.close()
    if keeping:
        (KEPT / "made_with.json").write_text(json.dumps(made_with) + "\n")
    assert wrong == {}
    if known != made_with:
        pytest.skip(f"the trees are the same; pictures were made with {known}, and here is {made_with}")


def test_a_missing_button_and_another_colour_are_seen_and_a_shade_is_not(bench: Any) -> None:
    def shot(style: str) -> str:
        bench.set_viewport_size({"width": 375, "height": 640})
        bench.set_content(f"<style>body {{ background: #fff; {style} }}</style><p>Text</p><button>Approve</button>")
        return data("png", bench.screenshot())

    plain = shot("")
    for style, differs in (("} button { visibility: hidden", True), ("background: #eed", False), ("", False),
                           ("background: #123", True)):  # fmt: skip
        assert (bench.evaluate(COMPARES, [plain, shot(style), APART]) > MOST_DIFFERENT) is differs, style


def test_pictures_stay_small() -> None:
    assert sum(one.stat().st_size for one in KEPT.iterdir()) < 1_000_000
