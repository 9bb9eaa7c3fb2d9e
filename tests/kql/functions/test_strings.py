"""Texts: put together, searched, captured, replaced, and written in other alphabets."""

from __future__ import annotations

import pytest
from tests.kql.rows import shown, value

from lockgate.kql.errors import EvaluationError


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("strcat('a', 1, 2.0, true, 1d, int(null))", "a12.0True1.00:00:00"),
        ("strcat_delim('-', 1, '2', 'A', 1s)", "1-2-A-00:00:01"),
        ("strcat_array(dynamic([1, 'x', null, {'a': 1}]), '->')", '1->x->->{"a":1}'),
        ("strrep('ab', 3, '-')", "ab-ab-ab"),
        ("substring('123456', 1)", "23456"),
        ("substring('123456', 2, 2)", "34"),
        ("substring('123456', -2, 2)", "56"),
        ("substring('123456', 9)", ""),
        ("reverse(datetime(2017-10-15 12:00))", "Z0000000.00:00:21T51-01-7102"),
        ("toupper('straße')", "STRASSE"),
        ("split('a__b', '_')", '["a","","b"]'),
        ("split('aaa_bbb_ccc', '_', 1)", '["bbb"]'),
        ("split('', ',')", '[""]'),
        ("split('aabbcc', 'bb')", '["aa","cc"]'),
        ("translate('krasp', 'otsku', 'spark')", "kusto"),
        ("translate('abc', '', 'ab')", ""),
        ("translate('abc', 'x', 'abc')", "xxx"),
        ("replace_string('Number is', 'is', 'was')", "Number was"),
        ("replace_strings('a.b', dynamic(['a', 'b']), dynamic(['x', 'y']))", "x.y"),
        ("replace_strings('a cat, a dog', dynamic(['cat', 'dog']), dynamic(['dog', 'pigeon']))", "a dog, a pigeon"),
        ("replace_strings('This is', dynamic(['This', 'is']), dynamic(['This', 'was']))", "This was"),
        ("replace_strings('This is', dynamic(['is', 'This']), dynamic(['was', 'That']))", "Thwas was"),
        ("replace_strings('This is', dynamic(['This', 'is']), dynamic([12345, 'was']))", "This was"),
        ("replace_strings('a1a', dynamic([1, '', 'a']), dynamic(['x', 'y', '']))", "1"),
        ("strlen(replace_strings('aaaa', dynamic(['a', 'a']), dynamic(['bcd', 'e'])))", "12"),
        ("format_bytes(10332, 1)", "10.1 KB"),
        ("format_bytes(1024)", "1 KB"),
        ("unicode_codepoints_to_string(dynamic([75, 117]), 115)", "Kus"),
    ],
)
def test_texts_are_put_together_and_taken_apart(expression: str, text: str) -> None:
    assert shown(expression) == text


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("indexof('abcdefg', 'cde')", 2),
        ("indexof('abcdefg', 'cde', 1, 2)", -1),
        ("indexof('abcdefg', 'cde', -5)", 2),
        ("indexof(1234567, 5, 1, 4)", 4),
        ("indexof('abcdefgabcdefg', 'cde', 1, 10, 2)", 9),
        ("indexof('abcdefgabcdefg', 'cde', 1, -1, 3)", -1),
        ("indexof('abc', 'c', 0, -2)", None),
        ("indexof_regex('abc123', '[0-9]')", 3),
        ("countof('ababa', 'aba')", 2),
        ("countof('ababa', 'aba', 'regex')", 1),
        ("has_any_index('this is an example', dynamic(['not', 'EXAMPLE']))", 1),
        ("strcmp('ABC', 'abc')", -1),
        ("strlen('⒦⒰')", 2),
        ("string_size('⒦⒰')", 6),
    ],
)
def test_texts_are_found_and_counted(expression: str, result: int | None) -> None:
    assert value(expression) == result


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("extract('x=([0-9.]+)', 1, 'hello x=45.6|wo')", "45.6"),
        ("extract('x=([0-9.]+)', 1, 'hello x=45.6|wo', typeof(real))", "45.6"),
        ("extract('x=([0-9.]+)', 1, 'hello x=45.6|wo', typeof(int))", ""),
        ("extract('x', 0, 'y')", ""),
        ("extract('x', 5, 'x')", ""),
        (r"extract_all(@'(\w)(\d)', 'a1 b2')", '[["a","1"],["b","2"]]'),
        (r"extract_all(@'(?P<l>\w)(\d)', dynamic(['l']), 'a1 b2')", '["a","b"]'),
        (r"extract_all(@'(\d)', 'none')", ""),
        (r"replace_regex('Number is 1', @'is (\d+)', @'was: \1')", "Number was: 1"),
        (r"replace_regex('a', 'a', @'\\\0')", r"\a"),
        (r"trim(@'[^\w]+', '-  Te st1// $')", "Te st1"),
        ("trim_start('--', '--x--')", "x--"),
        ("trim_end('^asd', 'wasd')", "wasd"),
        ("extract_json('$.a[1].b', '{\"a\": [1, {\"b\": 7}]}')", "7"),
        ("extract_json('$.x', 'no json')", ""),
        ("regex_quote('(so$me.Te^xt)')", r"\(so\$me\.Te\^xt\)"),
    ],
)
def test_patterns_capture_replace_and_trim(expression: str, text: str) -> None:
    assert shown(expression) == text


def test_a_group_that_a_pattern_lacks_is_told() -> None:
    with pytest.raises(EvaluationError, match="no group"):
        value("extract_all('(a)', dynamic(['b']), 'a')")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("url_encode('https://a.com/x y')", "https%3a%2f%2fa.com%2fx+y"),
        ("url_encode_component('x y')", "x%20y"),
        ("url_decode('https%3A%2F%2Fa.com%2Fx%20y')", "https://a.com/x y"),
        ("base64_encode_tostring('Kusto')", "S3VzdG8="),
        ("base64_decode_tostring('U3RyaW5n0KHR0tGA0L7Rh9C60LA=')", ""),
        ("base64_decode_toarray('S3VzdG8=')", "[75,117,115,116,111]"),
        ("base64_encode_fromguid(toguid('ae3133f2-6e22-49ae-b06a-16e6a9b212eb'))", "8jMxriJurkmwahbmqbIS6w=="),
        ("base64_decode_toguid('8jMxriJurkmwahbmqbIS6w==')", "ae3133f2-6e22-49ae-b06a-16e6a9b212eb"),
        ("punycode_from_string('académie-française')", "acadmie-franaise-npb1a"),
        ("punycode_domain_to_string('bücher.example')", "xn--bcher-kva.example"),
        ("punycode_domain_to_string('bücher。a｡b．c')", "xn--bcher-kva.a.b.c"),
        ("punycode_domain_from_string('xn--bcher-kva.Example')", "bücher.Example"),
        ("punycode_domain_from_string('a..b')", "a..b"),
        ("punycode_domain_from_string('a.xn--999999b.c')", ""),
        ("zlib_decompress_from_base64_string('eJwLSS0uUSguKcrMS1cwNDIGACxqBQ4=')", "Test string 123"),
        ("gzip_decompress_from_base64_string(gzip_compress_to_base64_string('text'))", "text"),
        ("gzip_decompress_from_base64_string('S3VzdG8=')", ""),
        ("parse_command_line('echo \"hello world!\" x', 'windows')", '["echo","hello world!","x"]'),
        ("parse_command_line('x', 'unix')", ""),
    ],
)
def test_texts_are_written_in_other_alphabets(expression: str, text: str) -> None:
    assert shown(expression) == text


def test_what_would_grow_without_bound_is_cut() -> None:
    assert len(shown("strrep(strrep('0123456789', 1000), 1024)")) == 1 << 20
    assert len(shown("replace_string(strrep('aa', 1024), 'a', strrep('0123456789', 1000))")) == 1 << 20
