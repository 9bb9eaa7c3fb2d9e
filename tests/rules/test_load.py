"""How rule files are read: what is refused, where the error points, and what the cache may and may not do."""

from __future__ import annotations

import json
import sys
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate import rules
from lockgate.errors import ConfigurationError
from lockgate.model import Family
from lockgate.rules import _load
from lockgate.rules._form import rule_from_yaml

GOOD = """\
id: secrets/shop-token
title: Token of the shop
why: It opens the shop.
severity: high
confidence: medium
fix: Revoke it.
tags: [cwe-798]
references: ["https://shop.example.com/tokens"]
logic:
  pattern: '\\b(shop_[a-z0-9]{20})\\b'
  keywords: [shop_]
samples:
  - fires: true
    text: "key: shop_{{chars:a-z0-9:20}}"
  - fires: false
    text: "key: shop_{{chars:a-z0-9:5}}"
"""


def refusal(text: str | bytes, *, name: str = "shop-token") -> ConfigurationError:
    content = text.encode() if isinstance(text, str) else text
    with pytest.raises(ConfigurationError) as caught:
        rule_from_yaml(content, "f.yaml", family=Family.SECRETS, name=name)
    return caught.value


def test_a_good_rule_is_read_whole() -> None:
    rule = rule_from_yaml(GOOD.encode(), "f.yaml", family=Family.SECRETS, name="shop-token")
    assert (rule.id, str(rule.severity), str(rule.confidence)) == ("secrets/shop-token", "high", "medium")
    assert rule.logic == {"pattern": r"\b(shop_[a-z0-9]{20})\b", "keywords": ["shop_"]}
    assert [sample.fires for sample in rule.samples] == [True, False]


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("severity: high", "severty: high", 4, "did you mean 'severity'"),
        ("severity: high", "severity: hgih", 4, "did you mean 'high'"),
        ("title: Token of the shop", "title: Token of the shop.", 2, "full stop"),
        ("id: secrets/shop-token", "id: secrets/other", 1, "'secrets/shop-token'"),
        ("tags: [cwe-798]", "tags: [CWE 798]", 7, "does not fit 'tags'"),
        ("tags: [cwe-798]", "tags: [cwe-798, cwe-798]", 7, "stands twice"),
        ("https://shop", "http://shop", 8, "an https address"),
        ("  keywords", "  keyword", 11, "did you mean 'keywords'"),
        ("keywords: [shop_]", "keywords: [Shop_]", 11, "lower-case"),
        ("{20})", "{20}", 10, "RE2 refuses"),
        ("\\b(shop_[a-z0-9]{20})\\b", "[a-z0-9]{0,20}", 10, "matches the empty text"),
        ("keywords: [shop_]", "entropy: 9", 11, "at most 8"),
        ("keywords: [shop_]", "tier: 3", 11, "1 or 2"),
        ("keywords: [shop_]", "file: netrc", 10, "2 ways"),
        ("fires: true", "fires: false", 12, "no sample that fires"),
        ("fires: false", "fires: true", 12, "no sample that stays quiet"),
        ("fires: true", "fires: yes", 13, "true or false"),
        ("{{chars:a-z0-9:20}}", "{{alnun:20}}", 14, "unknown placeholder"),
        ("why: It opens the shop.", "why: ''", 3, "must be text"),
        ("why: It opens the shop.", "why: 12", 3, "must be text"),
        ("fix: Revoke it.", "fix: Revoke it.\nfix: Twice.", 7, "stands twice"),
        ("why: It opens the shop.", "why: &a x", 3, "anchors"),
        ("why: It opens the shop.", "why: !!python/object:os.system x", 3, "tag"),
    ],
)
def test_a_wrong_rule_is_refused_at_its_line(old: str, new: str, line: int, says: str) -> None:
    assert old in GOOD
    error = refusal(GOOD.replace(old, new, 1))
    assert error.where == f"f.yaml:{line}"
    assert says in str(error)


def test_a_rule_cut_in_half_is_refused() -> None:
    assert "missing" in str(refusal(GOOD[: GOOD.index("logic:")]))


def test_a_file_of_another_name_is_refused() -> None:
    assert "by its place" in str(refusal(GOOD, name="shop"))
    assert "lower-case words" in str(refusal(GOOD, name="Shop_Token"))


@pytest.mark.parametrize("content", [b"", b"- a\n", b"\xff\xfe\x00", b"a: [", b"[" * 5000, b"a: *b", b"--- a\n--- b\n"])
def test_what_is_no_rule_is_a_clear_error(content: bytes) -> None:
    assert refusal(content).where.startswith("f.yaml")


def test_a_huge_file_is_refused_before_it_is_parsed() -> None:
    assert "larger than" in str(refusal(b"a" * (256 * 1024 + 1)))


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(alphabet="a:-[]{}&*!'\"\n |>#%,", max_size=120).map(str.encode)))
def test_any_bytes_are_a_rule_or_a_configuration_error(content: bytes) -> None:
    try:
        rule_from_yaml(content, "f.yaml", family=Family.SECRETS, name="x")
    except ConfigurationError as error:
        assert error.where.startswith("f.yaml")


def own_folder(root: Path, text: str = GOOD) -> Path:
    folder = root / "secrets"
    folder.mkdir(parents=True)
    (folder / "shop-token.yaml").write_text(text)
    return root


def test_the_rules_of_a_project_join_ours(tmp_path: Path) -> None:
    book = rules.load([Family.SECRETS], extra=[own_folder(tmp_path / "own")])
    assert book.get("secrets/shop-token").title == "Token of the shop"
    assert len(book.rules) == len(rules.load([Family.SECRETS]).rules) + 1


def test_a_rule_of_a_project_does_not_replace_ours(tmp_path: Path) -> None:
    folder = tmp_path / "own" / "secrets"
    folder.mkdir(parents=True)
    (folder / "jwt.yaml").write_text(GOOD.replace("secrets/shop-token", "secrets/jwt"))
    with pytest.raises(ConfigurationError, match="stands in two packs"):
        rules.load([Family.SECRETS], extra=[tmp_path / "own"])


def test_rules_in_a_folder_that_nobody_reads_are_refused(tmp_path: Path) -> None:
    own = own_folder(tmp_path / "own")
    (own / "secrets").rename(own / "secret")
    with pytest.raises(ConfigurationError, match="not a family"):
        rules.load([Family.SECRETS], extra=[own])
    with pytest.raises(ConfigurationError, match="does not exist"):
        rules.load([Family.SECRETS], extra=[tmp_path / "none"])


def test_an_installed_pack_joins_through_its_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = own_folder(tmp_path / "vendor_pack_of_rules")
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    points = EntryPoints([EntryPoint("vendor", "vendor_pack_of_rules", rules.ENTRY_POINTS)])
    monkeypatch.setattr(_load, "entry_points", lambda group: points)
    assert rules.load([Family.SECRETS]).get("secrets/shop-token").family is Family.SECRETS
    sys.modules.pop("vendor_pack_of_rules")


def test_a_cached_rulebook_is_the_same_rulebook(tmp_path: Path) -> None:
    cold = rules.load(cache_dir=tmp_path)
    warm = rules.load(cache_dir=tmp_path)
    assert warm == cold
    assert warm.digest == rules.load().digest
    assert [path.suffix for path in sorted(tmp_path.iterdir())].count(".json") >= 1


def test_a_warm_load_reads_no_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cold = rules.load(cache_dir=tmp_path)
    monkeypatch.setattr("lockgate.rules._form.rule_from_yaml", lambda *_a, **_k: pytest.fail("a file was read"))
    assert rules.load(cache_dir=tmp_path) == cold


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"stamp": 1}', b"\xff\x00", b"null"])
def test_a_damaged_cache_is_passed_over(tmp_path: Path, damage: bytes) -> None:
    own, cache = own_folder(tmp_path / "own"), tmp_path / "cache"
    whole = rules.load([Family.SECRETS], cache_dir=cache, extra=[own])
    for path in cache.iterdir():
        path.write_bytes(damage)
    assert rules.load([Family.SECRETS], cache_dir=cache, extra=[own]) == whole


def test_a_cache_with_a_rule_of_another_shape_is_passed_over(tmp_path: Path) -> None:
    own, cache = own_folder(tmp_path / "own"), tmp_path / "cache"
    whole = rules.load([Family.SECRETS], cache_dir=cache, extra=[own])
    for path in cache.iterdir():
        held = json.loads(path.read_bytes())
        held["rules"][0]["severity"] = 99
        path.write_text(json.dumps(held))
    assert rules.load([Family.SECRETS], cache_dir=cache, extra=[own]) == whole


def test_a_changed_rule_is_read_anew(tmp_path: Path) -> None:
    own, cache = own_folder(tmp_path / "own"), tmp_path / "cache"
    before = rules.load([Family.SECRETS], cache_dir=cache, extra=[own])
    (own / "secrets" / "shop-token.yaml").write_text(GOOD.replace("severity: high", "severity: critical"))
    after = rules.load([Family.SECRETS], cache_dir=cache, extra=[own])
    assert str(after.get("secrets/shop-token").severity) == "critical"
    assert after.digest != before.digest


def test_a_cache_folder_that_cannot_be_written_costs_no_answer(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert rules.load([Family.SECRETS], cache_dir=tmp_path / "file" / "below").rules


def test_a_misspelt_rule_id_names_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'secrets/aws-access-key-id'"):
        rules.load([Family.SECRETS]).get("secrets/aws-acces-key-id")
    with pytest.raises(ConfigurationError, match="did you mean 'secrets/npm-access-token'"):
        rules.load([Family.SECRETS]).get("npm-access-token")


def test_every_rule_says_where_its_facts_come_from() -> None:
    assert [rule.id for rule in rules.load([Family.SECRETS]).rules if not rule.references] == []


def test_the_catalogue_has_a_section_for_every_rule() -> None:
    book = rules.load()
    page = rules.catalogue_markdown(book)
    assert page == rules.catalogue_markdown(book)
    headings = [line for line in page.splitlines() if line.startswith("### ")]
    assert headings == [f"### `{rule.id}`" for family in Family for rule in book.of(family)]


def test_an_explanation_shows_samples_with_their_placeholders() -> None:
    text = rules.explain(rules.load([Family.SECRETS]).get("secrets/npm-access-token"))
    assert "Revoke it under Access tokens" in text.replace("\n  ", " ")
    assert "npm_{{alnum:36}}" in text
