package collections

import rego.v1

sorted := sort([x | some x in input.xs])

kinds := {type_name(x) | some x in input.xs}

by_type[kind] contains x if {
	some x in input.xs
	kind := type_name(x)
}

indexes := {i: x | some i, x in input.xs; x != null}

pairs := [[a, b] | some a in input.xs; some b in input.xs; a < b]

unique := {x | some x in input.xs}

union_all := unique | {1, "a", true}

intersection_all := unique & {1, "a", true, null}

difference := unique - {1, "a"}

keys := [k | some k, _ in input.m]

values_in_order := [v | some v in input.m]

nested := [leaf | walk(input.m, [path, leaf]); is_number(leaf); count(path) > 0]

objects := {x: y | some x in input.xs; y := [x]}

key_forms := {k: count(xs) | some k, xs in by_type}

membership contains x if {
	some x in input.xs
	x in {1, 2, "a", true, [1]}
}

positions contains [i, j] if input.xs[i] == input.ys[j]

set_of_sets := {{x} | some x in input.xs}

array_lookup := [input.xs[i] | some i in [0, 1, 2, 7, -1]]

destructured contains [a, b] if {
	some pair in pairs
	[a, b] := pair
	a != b
}

object_patterns contains v if {
	some o in input.objects
	{"k": v, "n": _} = o
}

sliced := array.slice(input.xs, 1, 3)

concatenated := array.concat(input.xs, input.ys)

filtered := object.filter(input.m, {"a", "b"})

removed := object.remove(input.m, ["a"])

merged := object.union(input.m, {"a": {"z": 1}})
