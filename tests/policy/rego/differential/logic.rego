package logic

import rego.v1

default anything := "nothing"

anything := x if {
	x := input.m.a
	is_string(x)
} else := y if {
	y := input.m.b
	is_string(y)
} else := "neither" if {
	input.m.a
}

not_equal if not input.m.a == "a"

not_call if not startswith(input.m.a, "a")

not_greater if not input.m.a > 1

not_missing if not input.nothing

not_nested if {
	not [x | x := input.m.a; is_number(x)] == []
}

all_positive if {
	every x in input.numbers { x > 0 }
}

all_keys_short if {
	every k, v in input.m {
		count(k) < 3
		v != null
	}
}

some_missing contains k if {
	some k in ["a", "b", "c"]
	not input.m[k]
}

f(x) := "one" if x == 1

f(x) := "text" if is_string(x)

f([a, b]) := sprintf("pair %v %v", [a, b])

f({"k": v}) := v

default f(_) := "other"

calls := [f(x) | some x in input.xs]

object_calls := [f(o) | some o in input.objects]

truthy contains i if {
	some i
	input.xs[i]
}

reordered contains y if {
	y = z + 1
	z = input.numbers[_]
	not z == 2
}

shadowed := x if {
	x := [input | some input in input.numbers]
}

chained := r if {
	a := {"k": input.m.a}
	b := a.k
	r := {"b": b}
}

replaced := [x, y, z] if {
	x := anything
	y := anything with input.m.a as "new"
	z := anything with input as {"m": {"b": "second"}}
}

mocked := x if {
	x := calls with f as "mock"
}

counted := x if {
	y := count([1]) with count as 7
	x := [count(input.xs), y]
}

total[kind] := n if {
	some kind in ["number", "string", "boolean", "null", "array", "object"]
	n := count([x | some x in input.xs; type_name(x) == kind])
}

deep.path.a := 1

deep.path[k] := v if {
	some k, v in input.numbers
	k > 0
}

deep.names contains k if some k, _ in input.m

# Below a rule with computed keys, what holds nothing is not there at all.
mixed.p.x contains k if some k, _ in input.m

mixed.p.y contains v if some v in input.numbers

mixed.q.r := 1 if input.operation == "CREATE"

mixed[k].z contains v if {
	some k in input.strings
	some v in input.ys
}

mixed_keys contains k if mixed[k]

mixed_pairs contains [a, b] if mixed[a][b]

mixed_set := mixed.p.x

mixed_missing if not mixed.q
