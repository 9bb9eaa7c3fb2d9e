package numbers_test

import rego.v1

sums := [(a + b) | some a in input.numbers; some b in input.numbers]

products := [(a * b) | some a in input.numbers; some b in input.numbers]

quotients := [(a / b) | some a in input.numbers; some b in input.numbers]

remainders := [(a % b) | some a in input.numbers; some b in input.numbers]

differences := [(a - b) | some a in input.numbers; some b in input.numbers]

rounded := [[round(n / 4), ceil(n / 4), floor(n / 4), abs(n)] | some n in input.numbers]

aggregates := [sum(input.numbers), product(input.numbers), max(input.numbers), min(input.numbers)] if {
	count(input.numbers) > 0
}

ranges := [numbers.range(0, n) | some n in input.numbers; n < 1000]

equalities := [[n == 1, n == 1.0, n == true, [n] == [1]] | some n in input.xs]

masked := [bits.and(a, 6) | some a in input.numbers; a >= 0]

as_keys := {n: (n + 0.5) | some n in input.numbers}

ordered := [[a, b] | some a in input.xs; some b in input.xs; a <= b]

formatted := [format_int(n, 16) | some n in input.numbers]
