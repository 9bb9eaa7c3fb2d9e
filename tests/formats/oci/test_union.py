"""What shows of each layer is what is there when all layers are put on top of each other, as a runtime does it."""

from hypothesis import given
from hypothesis import strategies as st

from lockgate.formats.oci.layers.entries import Entry, Kind
from lockgate.formats.oci.layers.union import Hidden, How, Union

PATHS = ["a", "a/b", "a/b/c", "a/d", "e"]
ENTRIES = st.builds(Entry, st.sampled_from([Kind.FILE, Kind.FOLDER, Kind.LINK, Kind.WHITEOUT, Kind.OPAQUE]),
                    st.sampled_from(PATHS))  # fmt: skip


def above(path: str) -> list[str]:
    return [path[:at] for at in range(len(path)) if path[at] == "/"]


def consistent(layer: list[Entry]) -> list[Entry]:
    """Without what no layer of a real file system holds: a path twice, and files below what is no folder."""
    files = {one.path for one in layer if one.kind in (Kind.FILE, Kind.LINK)}
    kept, seen = [], set()
    for one in layer:
        mark = (one.path, one.kind in (Kind.WHITEOUT, Kind.OPAQUE))
        if mark in seen or files.intersection(above(one.path)) or (one.kind is Kind.OPAQUE and one.path in files):
            continue
        if one.kind is Kind.FOLDER and one.path in files:
            continue
        seen.add(mark)
        kept.append(one)
    folders = {parent for one in kept if one.kind in (Kind.FILE, Kind.LINK, Kind.FOLDER) for parent in above(one.path)}
    told = {one.path for one in kept if one.kind is Kind.FOLDER}
    kept += [Entry(Kind.FOLDER, path) for path in folders - told]
    return sorted(kept, key=lambda one: one.path)  # a folder before what it holds, as every builder writes them


LAYERS = st.lists(st.lists(ENTRIES, max_size=5).map(consistent), max_size=4)


def applied(layers: list[list[Entry]]) -> set[tuple[str, int]]:
    """Path and layer of every file and link that shows, the plain way: apply the layers from the base up."""
    tree: dict[str, tuple[Kind, int]] = {}

    def drop(path: str, *, itself: bool) -> None:
        for one in [one for one in tree if one.startswith(f"{path}/") or (itself and one == path)]:
            del tree[one]

    for index, layer in enumerate(layers):
        for one in layer:
            if one.kind is Kind.WHITEOUT:
                drop(one.path, itself=True)
            elif one.kind is Kind.OPAQUE:
                drop(one.path, itself=False)
        for one in layer:
            if one.kind is Kind.FOLDER:
                if tree.get(one.path, (Kind.FOLDER, 0))[0] is not Kind.FOLDER:
                    drop(one.path, itself=True)
                tree[one.path] = Kind.FOLDER, index
            elif one.kind in (Kind.FILE, Kind.LINK):
                drop(one.path, itself=True)
                tree[one.path] = one.kind, index
    return {(path, index) for path, (kind, index) in tree.items() if kind is not Kind.FOLDER}


@given(LAYERS)
def test_what_shows_is_what_applying_the_layers_leaves(layers):
    union, shown = Union(), set()
    for index in reversed(range(len(layers))):
        files = [one for one in layers[index] if one.kind in (Kind.FILE, Kind.LINK)]
        shown |= {(one.path, index) for one in files if union.hides(one.path) is None}
        union.add(index, layers[index])
    assert shown == applied(layers)


def test_who_hides_is_the_nearest_layer_above():
    union = Union()
    union.add(3, [Entry(Kind.WHITEOUT, "etc")])
    union.add(2, [Entry(Kind.FILE, "etc/key")])
    assert union.hides("etc/key") == Hidden(2, How.REPLACED)
    assert union.hides("etc/other") == Hidden(3, How.DELETED)
    assert union.hides("var") is None


def test_a_path_deleted_and_made_again_in_one_layer_was_replaced():
    for order in (1, -1):
        union = Union()
        union.add(1, [Entry(Kind.WHITEOUT, "a"), Entry(Kind.FILE, "a")][::order])
        assert union.hides("a") == Hidden(1, How.REPLACED)


def test_deep_paths_take_no_recursion():
    union = Union()
    union.add(1, [Entry(Kind.WHITEOUT, "a")])
    assert union.hides("a/" * 5000 + "b") == Hidden(1, How.DELETED)
    assert union.hides("b/" * 5000 + "b") is None
