"""Numbers, bits, hashes, statistics. Source: the public documentation of Kusto Query Language."""

SIGNATURES = """
__hash_crc32(source: static, mod: integer, seed: integer) -> long
__hash_djb2(source: static, mod: integer?) -> long
hash(source: static, mod: integer?) -> long
hash_sha256(source: static) -> string
hash_md5(source: static) -> string
hash_sha1(source: static) -> string
hash_xxhash64(source: static, mod: integer?) -> long
__hash_xxh64(source: static, mod: integer, seed: integer) -> long
hash_combine(source: scalar{2,32767}) -> long
hash_many(source: static+) -> long
__hash_many_crc32(arg: scalar{1,2}) -> long
bitset_count_ones(value: integer) -> long named $0
round(number: number, precision: const long?) -> $0 named $0
ceiling(number: number) -> $0 named $0
pow(base: number, exponent: number) -> real named $0
sqrt(number: number) -> real named $0
log(number: number) -> real named $0
log2(number: number) -> real named $0
log10(number: number) -> real named $0
exp(number: number) -> real named $0
exp2(number: number) -> real named $0
exp10(number: number) -> real named $0
pi() -> real
cos(number: number) -> real named $0
sin(number: number) -> real named $0
tan(number: number) -> real named $0
acos(number: number) -> real named $0
asin(number: number) -> real named $0
atan(number: number) -> real named $0
atan2(y: number, x: number) -> real named $0
abs(number: integer) -> long named $0
abs(number: number) -> $0 named $0
abs(number: timespan) -> timespan named $0
cot(number: number) -> real
degrees(radians: number) -> real
radians(degrees: number) -> real
sign(number: number) -> real
rand(number: integer?) -> real named $0
beta_cdf(x: number, alpha: number, beta: number) -> real
beta_inv(probability: number, alpha: number, beta: number) -> real
beta_pdf(x: number, alpha: number, beta: number) -> real
gamma(number: number) -> real named $0
loggamma(number: number) -> real named $0
erf(number: number) -> real named $0
erfc(number: number) -> real named $0
isnan(number: real) -> bool
isinf(number: real) -> bool
isfinite(number: real) -> bool
welch_test(mean1: number, variance1: number, count1: number, mean2: number, variance2: number, count2: number) ->
    real
new_guid() -> guid
"""
