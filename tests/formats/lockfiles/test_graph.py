"""Parents, shortest chains and scopes by reach."""

from lockgate.formats.lockfiles._graph import MAX_CHAIN, chains, parents, scopes
from lockgate.model import Scope

EDGES = {"a": ["b", "c"], "b": ["d"], "c": ["c", "e"], "d": ["e"], "e": ["a"], "x": ["e"]}
LABEL = {name: name.upper() for name in "abcdex"}


def test_the_shortest_chain_from_any_direct_component_counts_even_around_a_cycle():
    assert chains(EDGES, ["a", "x"], label=LABEL) == {
        "a": (), "x": (), "b": ("A",), "c": ("A",), "d": ("A", "B"), "e": ("X",),
    }  # fmt: skip


def test_what_nothing_direct_reaches_has_no_chain():
    assert "x" not in chains(EDGES, ["b"], label=LABEL)


def test_a_component_is_not_its_own_parent():
    assert parents(EDGES)["c"] == ["a"]


def test_the_strongest_scope_that_reaches_a_component_counts():
    found = scopes({"r": ["s"], "d": ["s", "t"]}, {"d": Scope.DEVELOPMENT, "r": Scope.RUNTIME})
    assert found == {"r": Scope.RUNTIME, "s": Scope.RUNTIME, "d": Scope.DEVELOPMENT, "t": Scope.DEVELOPMENT}


def test_a_long_chain_keeps_its_ends():
    edges = {n: [n + 1] for n in range(200)}
    chain = chains(edges, [0], label={n: str(n) for n in range(201)})[200]
    assert len(chain) <= MAX_CHAIN and chain[0] == "0" and chain[-1] == "199" and "…" in chain
