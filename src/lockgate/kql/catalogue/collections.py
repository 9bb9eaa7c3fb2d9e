"""Dynamic arrays and bags. Source: the public documentation of Kusto Query Language."""

SIGNATURES = """
repeat(value: scalar, count: long) -> array of $0 named repeat_$0
arraylength(array: array) -> long
array_length(array: array) -> long
range(start: summable, stop: summable, step: summable?) -> array of $0
array_concat(array: array{1,64}) -> custom
array_iif(condition_array: array, when_true: scalar, when_false: scalar) -> custom
array_iff(condition_array: array, when_true: scalar, when_false: scalar) -> custom
array_index_of(array: array, value: scalar, start: integer?, length: integer?, occurrence: const integer?) -> long
array_slice(array: array, start: integer, end: integer) -> $0
array_split(array: array, index: integer) -> $0
array_split(array: array, indices: array) -> $0
array_shift_left(array: array, shift_count: integer, default_value: scalar?) -> $0
array_shift_right(array: array, shift_count: integer, default_value: scalar?) -> $0
array_reverse(value: array) -> $0
array_rotate_left(array: array, rotate_count: integer) -> $0
array_rotate_right(array: array, rotate_count: integer) -> $0
array_sort_asc(arrays: array{1,64}, nulls_last: const bool?) -> custom
array_sort_desc(arrays: array{1,64}, nulls_last: const bool?) -> custom
bag_keys(object: bag) -> array<string>
zip(array: array{2,64}) -> array
pack(key: string+, value: scalar+) -> custom
pack_dictionary(key: string+, value: scalar+) -> custom
bag_pack(key: string+, value: scalar+) -> custom
bag_pack_columns(value: column scalar+) -> custom
pack_all(ignore_null_empty: literal scalar?) -> custom
pack_array(value: scalar+) -> custom
pack_array(value: star scalar) -> custom
set_has_element(set: array, value: scalar) -> bool
set_union(set: array{2,64}) -> custom
set_intersect(set: array{2,64}) -> custom
set_difference(set: array{2,64}) -> custom
set_equals(set1: array, set2: array) -> bool
bag_merge(bag: bag{2,64}) -> custom
bag_remove_keys(bag: bag, keys: array) -> custom
bag_has_key(bag: bag, key: string) -> bool
jaccard_index(set: array{2,2}) -> array<real>
bag_set_key(bag: bag, key: const string, value: scalar) -> custom
bag_zip(keys: array, values: array) -> bag
"""
