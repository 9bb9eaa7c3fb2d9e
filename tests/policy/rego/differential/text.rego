package text

import rego.v1

shown := [sprintf("%v", [x]) | some x in input.xs]

formats := [sprintf("%s|%d|%v", [s, n, s]) | some s in input.strings; some n in input.numbers]

rendered := sprintf("%v %v", [{x | some x in input.xs}, input.m])

template := $"{input.m.a}-{input.nothing}-{count(input.xs)}"

splits := [split(s, "a") | some s in input.strings]

joined := concat(",", input.strings)

joined_set := concat(",", {s | some s in input.strings})

upper_lower := [[upper(s), lower(s)] | some s in input.strings]

trims := [trim(s, "ab") | some s in input.strings]

trims_suffix := [trim_suffix(s, "a") | some s in input.strings]

positions := [indexof(s, "b") | some s in input.strings]

parts := [substring(s, 1, 2) | some s in input.strings]

replaced := [replace(s, "a", "<&>") | some s in input.strings]

matches contains s if {
	some s in input.strings
	regex.match(`^a+b?$`, s)
}

encoded := [base64.encode(s) | some s in input.strings]

json_texts := [json.marshal(x) | some x in input.xs]

round_trips if {
	every x in input.xs { json.unmarshal(json.marshal(x)) == x }
}

numbers_of := [to_number(s) | some s in ["1", "1.5", "-3", "1e3"]]

compared := [[a < b, a == b, a >= b] | some a in input.strings; some b in input.strings]

reversed := [strings.reverse(s) | some s in input.strings]

prefixes := strings.any_prefix_match(input.strings, ["a", "b"])
