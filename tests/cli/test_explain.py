"""`lockgate explain` says of one rule what, why and how to mend it."""

import pytest

from lockgate.rules import load


def test_a_rule_is_explained(lockgate, tmp_path):
    rule = load(["dockerfiles"]).rules[0]
    done = lockgate("explain", str(rule.id), cwd=tmp_path)
    assert done.returncode == 0
    words = " ".join(done.stdout.split())
    assert all(" ".join(text.split()) in words for text in (rule.id, rule.title, rule.why, rule.fix))


@pytest.mark.parametrize("typed", ["dockerfiles/user-mising", "user-missing"])
def test_an_unknown_rule_names_the_nearest(lockgate, tmp_path, typed):
    done = lockgate("explain", typed, cwd=tmp_path)
    assert done.returncode == 3
    assert "did you mean 'dockerfiles/user-missing'?" in done.stderr


def test_a_rule_like_no_other_points_to_the_list(lockgate, tmp_path):
    done = lockgate("explain", "zzzzqqqq", cwd=tmp_path)
    assert done.returncode == 3
    assert "lockgate rules" in done.stderr


def test_control_characters_of_a_typed_name_do_not_reach_the_terminal(lockgate, tmp_path):
    assert "\x1b" not in lockgate("explain", "a\x1b[31mb", cwd=tmp_path).stderr
