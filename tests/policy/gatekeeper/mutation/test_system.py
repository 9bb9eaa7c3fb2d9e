"""What mutators make of objects, alone and together."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.policy.gatekeeper.builders import mutator, namespace, pod

from lockgate.policy.gatekeeper.match import MatchError
from lockgate.policy.gatekeeper.mutation import Mutation, MutationError, Mutators, parse_mutator, patch
from lockgate.policy.gatekeeper.review import Origin, Review


def _mutated(body: dict[str, Any], *mutators: dict[str, Any], **request: Any) -> Mutation:
    system = Mutators(parse_mutator(each) for each in mutators)
    review = Review.of_object(body, operation=request.pop("operation", "CREATE"), **request)
    before = copy.deepcopy(body)
    made = system.mutate(review)
    assert body == before, "the review itself is never changed"
    assert _patched(body, list(made.patch)) == made.object
    return made


def _patched(body: Any, operations: list[dict[str, Any]]) -> Any:
    """A plain reading of RFC 6902, for the three operations that are written."""
    whole = {"": copy.deepcopy(body)}
    for operation in operations:
        holder: Any = whole
        keys = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")]
        for key in keys[:-1]:
            holder = holder[int(key)] if isinstance(holder, list) else holder[key]
        key = int(keys[-1]) if isinstance(holder, list) else keys[-1]
        if operation["op"] == "remove":
            del holder[key]
        elif isinstance(holder, list) and operation["op"] == "add":
            holder.insert(key, operation["value"])
        else:
            holder[key] = operation["value"]
    return whole[""]


def test_assign_sets_a_value_and_makes_what_is_missing_on_the_way() -> None:
    made = _mutated(pod(), mutator("Assign", "a", "spec.securityContext.runAsNonRoot", assign={"value": True}))
    assert made.patch == ({"op": "add", "path": "/spec/securityContext", "value": {"runAsNonRoot": True}},)
    assert made.applied == ("Assign/a",)


def test_a_star_means_every_member_and_none_when_the_list_is_absent() -> None:
    change = mutator("Assign", "a", "spec.containers[name: *].imagePullPolicy", assign={"value": "Always"})
    body = pod()
    body["spec"]["containers"].append({"name": "side"})
    made = _mutated(body, change)
    assert [each["imagePullPolicy"] for each in made.object["spec"]["containers"]] == ["Always", "Always"]
    made = _mutated({**pod(), "spec": {}}, change)
    assert made.object["spec"] == {} and made.patch == ()


def test_a_named_entry_is_added_when_it_is_missing() -> None:
    made = _mutated(pod(), mutator("Assign", "a", "spec.containers[name: side].image", assign={"value": "proxy:1"}))
    assert made.object["spec"]["containers"][1] == {"name": "side", "image": "proxy:1"}


def test_a_whole_entry_is_added_or_replaced() -> None:
    entry = {"name": "main", "image": "other:2"}
    made = _mutated(pod(), mutator("Assign", "a", "spec.containers[name: main]", assign={"value": entry}))
    assert made.object["spec"]["containers"] == [entry]
    entry = {"name": "side"}
    made = _mutated(pod(), mutator("Assign", "a", "spec.containers[name: side]", assign={"value": entry}))
    assert made.object["spec"]["containers"][1] == entry


def test_numbers_find_numbers_and_texts_find_texts() -> None:
    body = pod()
    body["spec"]["ports"] = [{"port": 80}, {"port": "80"}, {"port": True}]
    made = _mutated(body, mutator("Assign", "a", "spec.ports[port: 80].seen", assign={"value": 1}))
    assert [each.get("seen") for each in made.object["spec"]["ports"]] == [1, None, None]


@pytest.mark.parametrize(
    ("condition", "sub_path", "applies"),
    [
        ("MustExist", "spec.containers[name: main]", True),
        ("MustNotExist", "spec.containers[name: main]", False),
        ("MustExist", "spec.containers[name: main].tty", False),
        ("MustNotExist", "spec.containers[name: main].tty", True),
        ("MustExist", "spec.containers", True),
        ("MustNotExist", "spec", False),
    ],
)
def test_path_tests_decide_whether_anything_is_done(condition: str, sub_path: str, applies: bool) -> None:
    change = mutator(
        "Assign",
        "a",
        "spec.containers[name: main].tty",
        assign={"value": True},
        pathTests=[{"subPath": sub_path, "condition": condition}],
    )
    assert bool(_mutated(pod(), change).patch) is applies


def test_from_metadata_reads_name_and_namespace_of_the_request() -> None:
    body = pod(namespace="")
    system = Mutators(
        [parse_mutator(mutator("Assign", "a", "spec.where", assign={"fromMetadata": {"field": "namespace"}}))]
    )
    request = {"operation": "CREATE", "namespace": "dock", "object": body}
    made = system.mutate(Review.of_request(request))
    assert made.object["spec"]["where"] == "dock"
    assert "namespace" not in made.object["metadata"], "what only the request knows is not written into the object"


def test_assign_metadata_only_adds() -> None:
    change = mutator("AssignMetadata", "a", "metadata.labels.owner", assign={"value": "crew"})
    assert _mutated(pod(), change).object["metadata"]["labels"] == {"owner": "crew"}
    assert _mutated(pod(labels={"owner": "ada"}), change).patch == ()


def test_modify_set_merges_without_doubles_and_prunes() -> None:
    body = pod()
    body["spec"]["args"] = ["--a", True]
    merged = _mutated(body, mutator("ModifySet", "a", "spec.args", values={"fromList": ["--a", "--b", 1]}))
    assert merged.object["spec"]["args"] == ["--a", True, "--b", 1]
    pruned = _mutated(body, mutator("ModifySet", "a", "spec.args", operation="prune", values={"fromList": ["--a", 1]}))
    assert pruned.object["spec"]["args"] == [True]
    assert (
        _mutated(pod(), mutator("ModifySet", "a", "spec.args", operation="prune", values={"fromList": [1]})).patch == ()
    )


def test_assign_image_replaces_the_parts_it_names() -> None:
    change = mutator(
        "AssignImage", "a", "spec.containers[name: *].image", assignDomain="registry.example.com", assignTag=":2"
    )
    assert _mutated(pod(), change).object["spec"]["containers"][0]["image"] == "registry.example.com/shop:2"


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("spec.containers.image", "spec.containers needs a mapping, and found a list"),
        ("spec.containers[name: main].image.tag", "found text"),
        ("spec.nothing.x", "found null"),
        ("spec.number[name: a].x", "needs a list, and found a number"),
    ],
)
def test_a_place_of_another_type_is_an_error(location: str, message: str) -> None:
    body = pod()
    body["spec"].update(nothing=None, number=3)
    with pytest.raises(MutationError, match="found") as caught:
        _mutated(body, mutator("Assign", "a", location, assign={"value": 1}))
    assert message in caught.value.message
    assert caught.value.where == "Assign/a"


def test_only_create_and_update_are_mutated() -> None:
    change = mutator("Assign", "a", "spec.x", assign={"value": 1})
    change["spec"]["applyTo"][0]["operations"] = ["UPDATE"]
    assert _mutated(pod(), change, operation="CREATE").patch == ()
    assert _mutated(pod(), change, operation="UPDATE").patch
    system = Mutators([parse_mutator(mutator("Assign", "a", "spec.x", assign={"value": 1}))])
    assert system.mutate(Review.of_object(pod(), operation="DELETE")).patch == ()


def test_the_match_of_a_mutator_can_fail_too() -> None:
    change = mutator(
        "Assign", "a", "spec.x", assign={"value": 1}, match={"namespaceSelector": {"matchLabels": {"a": "b"}}}
    )
    with pytest.raises(MatchError):
        _mutated(pod(), change)
    assert _mutated(pod(), change, namespace=namespace("harbour", a="b")).patch


def test_one_mutator_can_make_room_for_an_earlier_one() -> None:
    first = mutator(
        "Assign", "a", "spec.y", assign={"value": 1}, pathTests=[{"subPath": "spec.y", "condition": "MustExist"}]
    )
    second = mutator(
        "Assign", "b", "spec.y", assign={"value": 2}, pathTests=[{"subPath": "spec.y", "condition": "MustNotExist"}]
    )
    made = _mutated(pod(), first, second)
    assert made.object["spec"]["y"] == 1
    assert made.applied == ("Assign/b", "Assign/a")
    assert made.rounds == 3


def test_a_round_that_ends_where_it_began_is_at_rest() -> None:
    grow = mutator("ModifySet", "a", "spec.x", values={"fromList": [1]})
    shrink = mutator("ModifySet", "b", "spec.x", operation="prune", values={"fromList": [1]})
    body = pod()
    body["spec"]["x"] = [2]
    assert _mutated(body, grow, shrink) == Mutation(body)


def test_mutators_that_go_round_in_a_circle_are_an_error() -> None:
    circle = []
    for name, old, new in (("a", "Third", "Pod"), ("b", "Second", "Third"), ("c", "Pod", "Second")):
        circle.append(mutator("Assign", name, "kind", assign={"value": new}))
        circle[-1]["spec"]["applyTo"][0]["kinds"] = [old]
    with pytest.raises(MutationError, match=r"do not come to rest: Assign/c, Assign/b, Assign/a"):
        _mutated(pod(), *circle)


def test_mutators_that_contradict_each_other_are_all_disabled() -> None:
    as_list = mutator("Assign", "a", "spec.x[name: *].y", assign={"value": 1})
    as_mapping = mutator("Assign", "b", "spec.x.y", assign={"value": 1})
    bystander = mutator("Assign", "c", "spec.z", assign={"value": 1})
    system = Mutators([parse_mutator(as_list), parse_mutator(bystander)])
    assert system.add(parse_mutator(as_mapping)) == {"Assign/a"}
    assert system.conflicts.keys() == {"Assign/a", "Assign/b"}
    assert system.mutate(Review.of_object(pod(), operation="CREATE")).applied == ("Assign/c",)
    system.remove("Assign/a")
    assert system.conflicts == {}
    assert system.mutate(Review.of_object(pod(), operation="CREATE")).applied == ("Assign/b", "Assign/c")


@pytest.mark.parametrize(
    ("one", "other", "conflict"),
    [
        ("spec.x[name: a].y", "spec.x[key: a].y", True),
        ("spec.x[name: a].y", "spec.x[name: b].z", False),
        ("spec.x.y", "spec.x", False),
        ("spec.x.y", "spec.x.y", False),
        ("spec.x.y.z", "spec.x.y[name: a].z", True),
    ],
)
def test_locations_contradict_when_they_need_another_shape(one: str, other: str, conflict: bool) -> None:
    system = Mutators(
        parse_mutator(mutator("Assign", name, at, assign={"value": {"name": "a"}}))
        for name, at in (("a", one), ("b", other))
    )
    assert bool(system.conflicts) is conflict


def test_sets_images_and_what_lies_below_them_contradict() -> None:
    image = mutator("AssignImage", "a", "spec.x", assignTag=":1")
    below = mutator("Assign", "b", "spec.x.y", assign={"value": 1})
    as_set = mutator("ModifySet", "c", "spec.x", values={"fromList": [1]})
    for pair in ((image, below), (image, as_set), (below, as_set)):
        assert len(Mutators(parse_mutator(each) for each in pair).conflicts) == 2
    elsewhere = copy.deepcopy(below)
    elsewhere["spec"]["applyTo"] = [{"groups": [""], "versions": ["v1"], "kinds": ["Node"]}]
    assert not Mutators(parse_mutator(each) for each in (image, elsewhere)).conflicts


def test_expansions_are_mutated_by_what_holds_for_every_operation() -> None:
    change = mutator("Assign", "a", "spec.x", assign={"value": 1}, match={"source": "Generated"})
    system = Mutators([parse_mutator(change)])
    body = pod()
    assert system.mutate_object(body, source=Origin.GENERATED) == (("Assign/a",), 2)
    assert system.mutate_object(pod(), source=Origin.ORIGINAL) == ((), 0)
    change["spec"]["applyTo"][0]["operations"] = ["CREATE"]
    assert Mutators([parse_mutator(change)]).mutate_object(pod(), source=Origin.GENERATED) == ((), 0)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "a/b", "c~d"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["", "a", "a/b", "c~d"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(_VALUES, _VALUES)
def test_a_patch_turns_one_value_into_the_other(old: Any, new: Any) -> None:
    made = _patched(old, patch(old, new))
    assert repr(made) == repr(new) or made == new
    assert patch(made, new) == []


_CHANGES = st.lists(
    st.sampled_from(
        [
            mutator("Assign", "a", "spec.containers[name: *].tty", assign={"value": True}),
            mutator("Assign", "b", "spec.containers[name: side].image", assign={"value": "x.example/y:1"}),
            mutator(
                "Assign",
                "c",
                "spec.dns",
                assign={"value": "None"},
                pathTests=[{"subPath": "spec.dns", "condition": "MustNotExist"}],
            ),
            mutator("AssignMetadata", "d", "metadata.annotations.seen", assign={"fromMetadata": {"field": "name"}}),
            mutator("ModifySet", "e", "spec.containers[name: main].args", values={"fromList": ["--b", "--a"]}),
            mutator(
                "ModifySet", "f", "spec.containers[name: main].args", operation="prune", values={"fromList": ["--c"]}
            ),
            mutator("AssignImage", "g", "spec.containers[name: *].image", assignDomain="mirror.example.com"),
            mutator("AssignImage", "h", "spec.containers[name: main].image", assignPath="a/b", assignTag=":3"),
        ]
    ),
    unique_by=lambda body: body["metadata"]["name"],
)
_IMAGES = st.text(alphabet="ab.:/@", max_size=8)


@given(_CHANGES, st.lists(st.sampled_from(["--a", "--c", 1]), max_size=3), _IMAGES)
def test_what_has_come_to_rest_stays_at_rest(changes: list[dict[str, Any]], args: list[Any], image: str) -> None:
    body = pod()
    body["spec"]["containers"][0].update(args=args, image=image)
    made = _mutated(body, *changes)
    again = _mutated(dict(made.object), *changes)
    assert again.patch == ()
