"""Blobs of approximate counts and percentiles. Source: the public documentation of Kusto Query Language."""

SIGNATURES = """
percentile_tdigest(tdigest: array, percentile1: real) -> dynamic named percentile_tdigest_$0
percentile_tdigest(tdigest: array, percentile1: real, type: literal type) -> typeof $n named percentile_tdigest_$0
percentiles_array_tdigest(tdigest: array, percentile: real+) -> array named percentile_tdigest_$0
percentiles_array_tdigest(tdigest: array, percentiles: array) -> array named percentile_tdigest_$0
percentrank_tdigest(digest: array, value: scalar) -> real
rank_tdigest(digest: array, value: scalar) -> real
tdigest_isvalid(digest: array, value: scalar) -> bool
hll_isvalid(hll: array, value: scalar) -> bool
tdigest_merge(tdigest: array{2,16}) -> array named tdigests_merge_result
merge_tdigest(tdigest: array{2,16}) -> array named tdigests_merge_result
hll_merge(hll: array{2,16}) -> array named hll_merged_result
dcount_hll(hll: array) -> long named dcount_hll_$0
__hll_normalize(hll: dynamic{2,16}) -> dynamic named $0
"""
