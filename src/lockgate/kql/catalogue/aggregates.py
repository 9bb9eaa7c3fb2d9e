"""Aggregates, which sum up the rows of a group. Source: the public documentation of Kusto Query Language."""

SIGNATURES = """
sum(expr: summable) -> long $0 named sum_$0
sumif(expr: summable, predicate: bool) -> long $0 named sumif_$0
cnt() -> long named cnt_$0
count() -> long named count_$0
count(expr: scalar) -> long named count_$0
countif(predicate: bool) -> long named countif_$0
dcount(expr: scalar, accuracy: static?) -> long named dcount_$0
dcountif(expr: scalar, predicate: bool, accuracy: static?) -> long named dcountif_$0
tdigest(expr: summable, weight: integer?) -> array named tdigest_$0
tdigest_merge(tdigest: array) -> array named merge_tdigests_$0
merge_tdigest(tdigest: array) -> array named merge_tdigests_$0
hll(expr: countable, accuracy: integer?) -> array named hll_$0
hll_if(expr: countable, predicate: bool, accuracy: integer?) -> array named hll_if_$0
hll_merge(hll: array) -> array named hll_merge_$0
min(expr: orderable) -> $0 named min_$0
minif(expr: orderable, predicate: bool) -> $0 named minif_$0
max(expr: orderable) -> $0 named max_$0
maxif(expr: orderable, predicate: bool) -> $0 named maxif_$0
avg(expr: integer) -> real named avg_$0
avg(expr: real) -> real named avg_$0
avg(expr: decimal) -> decimal named avg_$0
avg(expr: timespan) -> timespan named avg_$0
avg(expr: datetime) -> datetime named avg_$0
avgif(expr: integer, predicate: bool) -> real named avgif_$0
avgif(expr: real, predicate: bool) -> real named avgif_$0
avgif(expr: decimal, predicate: bool) -> decimal named avgif_$0
avgif(expr: timespan, predicate: bool) -> timespan named avgif_$0
avgif(expr: datetime, predicate: bool) -> datetime named avgif_$0
makelist(expr: scalar, max_size: integer?) -> array of $0 named list_$0
make_list(expr: scalar, max_size: integer?) -> array of $0 named list_$0
make_list_if(expr: scalar, predicate: bool, max_size: integer?) -> array of $0 named list_$0
make_list_with_nulls(expr: scalar) -> array of $0 named list_$0
makeset(expr: scalar, max_size: integer?) -> array of $0 named set_$0
make_set(expr: scalar, max_size: integer?) -> array of $0 named set_$0
make_set_if(expr: scalar, predicate: bool, max_size: integer?) -> array of $0 named set_$0
make_dictionary(expr: bag, max_size: integer?) -> bag named dictionary_$0
make_bag(expr: bag, max_size: integer?) -> bag named bag_$0
make_bag_if(expr: bag, predicate: bool, max_size: integer?) -> bag named bag_$0
buildschema(expr: bag) -> bag named schema_$0
passthrough(expr: scalar) -> $0 named $0
percentile(expr: scalar, percentile: number) -> custom
percentiles(expr: scalar, percentile: number+) -> custom
percentiles_array(expr: scalar, percentile: number+) -> custom
percentiles_array(expr: scalar, percentiles: array) -> custom
percentilew(expr: scalar, weight: integer, percentile: number) -> custom
percentilesw(expr: scalar, weight: integer, percentile: number+) -> custom
percentilesw_array(expr: scalar, weight: integer, percentile: number+) -> custom
percentilesw_array(expr: scalar, weight: integer, percentiles: array) -> custom
stdev(expr: summable) -> real named stdev_$0
stdevif(expr: summable, predicate: bool) -> real named stdevif_$0
stdevp(expr: summable) -> real named stdevp_$0
variance(expr: summable) -> real named variance_$0
varianceif(expr: summable, predicate: bool) -> real named varianceif_$0
variancep(expr: summable) -> real named variancep_$0
variancepif(expr: summable, predicate: bool) -> real named variancepif_$0
covariance(expr: summable, expr: summable) -> real named covariance_$0
covarianceif(expr: summable, expr: summable, predicate: bool) -> real named covarianceif_$0
covariancep(expr: summable, expr: summable) -> real named covariancep_$0
covariancepif(expr: summable, expr: summable, predicate: bool) -> real named covariancepif_$0
any(expr: scalar) -> $0 named any_$0
any(expr: scalar{2,32767}) -> custom named any_$0
any(expr: star scalar) -> custom named any_$0
take_any(expr: starred scalar+) -> custom
anyif(expr: scalar, predicate: bool) -> $0 named anyif_$0
take_anyif(expr: scalar, predicate: bool) -> $0 named $0
arg_min(minimized: orderable, returned: starred scalar*) -> custom
arg_max(maximized: orderable, returned: starred scalar*) -> custom
argmin(minimized: orderable, returned: starred scalar*) -> custom prefixed min
argmax(maximized: orderable, returned: starred scalar*) -> custom prefixed max
binary_all_or(expr: summable) -> $0 named $0
binary_all_and(expr: summable) -> $0 named $0
binary_all_xor(expr: summable) -> $0 named $0
count_distinct(expr: static) -> long named count_distinct_$0
count_distinctif(expr: static, predicate: bool) -> long named count_distinctif_$0
"""
