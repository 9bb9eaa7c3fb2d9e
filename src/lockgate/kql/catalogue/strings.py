"""Texts: parts, search, replacement, trimming, encoding. Source: the public documentation of Kusto Query Language."""

SIGNATURES = """
strcat(arg: scalar{1,64}) -> string
strcat_array(array: array, delimiter: scalar) -> string
array_strcat(array: array, delimiter: scalar) -> string
strcat_delim(delimiter: scalar, arg: scalar{2,64}) -> string
strcmp(s1: scalar, s2: scalar) -> long
strrep(value: scalar, multiplier: long, delimiter: scalar?) -> string
strlen(string: string|dynamic) -> long named strlen_$0
string_size(string: string|dynamic) -> long named string_size_$0
toupper(value: scalar) -> string
tolower(value: scalar) -> string
to_utf8(value: scalar) -> array
unicode_codepoints_from_string(value: scalar) -> array
substring(string: scalar, start: integer, length: integer?) -> string
regex_quote(string: scalar) -> string
indexof(string: scalar, match: scalar, start: integer?, length: integer?, occurrence: const integer?) -> long
indexof_regex(string: scalar, match: const scalar, start: integer?, length: integer?, occurrence: const integer?) ->
    long
has_any_index(source: string|dynamic, values: array) -> long
reverse(value: scalar) -> string
split(source: scalar, delimiter: string, requested_index: integer?) -> array<string> named $0
parse_command_line(command: scalar, parser: string) -> array<string>
extract(regex: const string, capture_group: long, source: string) -> string
extract(regex: const string, capture_group: long, source: string, type_literal: literal type) -> typeof $n
extractall(regex: const string, source: string) -> array
extractall(regex: const string, capture_groups: array, source: string) -> array
extract_all(regex: const string, source: string) -> array
extract_all(regex: const string, capture_groups: array, source: string) -> array
extractjson(json_path: const string, json_text: string) -> string
extractjson(json_path: const string, json_text: string, type: literal type) -> typeof $n
extract_json(json_path: const string, json_text: string) -> string
extract_json(json_path: const string, json_text: string, type: literal type) -> typeof $n
replace(regex: const string, rewrite: const string, source: string) -> string
replace_regex(source: string, lookup_regex: const string, rewrite_pattern: const string) -> string
replace_string(text: string, lookup: string, rewrite: string) -> string
replace_strings(text: string, lookups: array, rewrites: array) -> string
trim_start(regex: const string, source: string) -> string
trim_end(regex: const string, source: string) -> string
trim(regex: const string, source: string) -> string
countof(source: string, search: string, kind: literal string=normal/regex?) -> long
translate(search_list: string, replacement_list: string, source: string) -> string
make_string(value: integer|array+) -> string
unicode_codepoints_to_string(value: integer|array+) -> string
url_encode(url: string) -> string
url_encode_component(url: string) -> string
url_decode(encoded_url: string) -> string
base64_encodestring(string: string) -> string
base64_encode_tostring(string: string) -> string
base64_decode_toarray(base64_string: string) -> array
base64_encode_fromarray(base64_string_decoded_as_array: array) -> string
base64_decodestring(base64_string: string) -> string
base64_decode_tostring(base64_string: string) -> string
base64_decode_toguid(base64_string: string) -> guid
base64_encode_fromguid(guid: guid) -> string
zlib_decompress_from_base64_string(string: string) -> string
zlib_compress_to_base64_string(string: string) -> string
gzip_decompress_from_base64_string(string: string) -> string
gzip_compress_to_base64_string(string: string) -> string
__lz4_compress_dynamic_array_to_base64_string(dynamic: array) -> string
isascii(value: scalar) -> bool
isutf8(value: scalar) -> bool
treepath(object: bag) -> array<string> named tree_$0
punycode_to_string(string: string) -> string
punycode_from_string(string: string) -> string
punycode_domain_from_string(string: string) -> string
punycode_domain_to_string(string: string) -> string
format_bytes(size: number, precision: const number?, format: const string?) -> string named $0
"""
