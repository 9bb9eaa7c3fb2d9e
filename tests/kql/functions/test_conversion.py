"""Conversions, and the parsers of texts."""

from __future__ import annotations

import pytest
from tests.kql.rows import shown, value

NOKIA = '{"Family":"Nokia N81","Brand":"Nokia","Model":"N81-3"}'
OTHER_SYSTEM = '{"OperatingSystem":{"Family":"Other","MajorVersion":"","MinorVersion":"","Patch":"","PatchMinor":""}}'


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("tolong('0x1F')", 31),
        ("tolong('12.5')", None),
        ("tolong(12.9)", 12),
        ("tolong(real(nan))", None),
        ("tolong('9223372036854775808')", None),
        ("toint('2147483648')", None),
        ("toint(-1.9)", -1),
        ("todouble('1e3')", 1000.0),
        ("todouble('x')", None),
        ("tobool('TRUE')", True),
        ("tobool(2)", True),
        ("tobool('abc')", None),
        ("tobool(dynamic(true))", True),
        ("totimespan('0.00:01:00')", 600_000_000),
        ("totimespan('5m')", 3_000_000_000),
        ("todatetime('nothing')", None),
        ("toguid('{74BE27DE-1E4E-49D9-B579-FE0B331D3642}')", "74be27de-1e4e-49d9-b579-fe0b331d3642"),
        ("toguid('1')", None),
        ("isempty('')", True),
        ("isempty(dynamic({}).a)", True),
        ("isempty(dynamic([]))", False),
        ("isnull('')", False),
        ("isnull(parse_json('null'))", True),
        ("isnotempty(' ')", True),
    ],
)
def test_what_cannot_be_converted_is_null(expression: str, result: object) -> None:
    found = value(expression)
    assert found == result and type(found) is type(result)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("tostring(5.0)", "5.0"),
        ("tostring(1e22)", "1E+22"),
        ("tostring(0.1)", "0.1"),
        ("tostring(real(nan))", "NaN"),
        ("tostring(decimal(1.50))", "1.50"),
        ("tostring(true)", "True"),
        ("tostring(-1.5d)", "-1.12:00:00"),
        ("tostring(datetime(2026-11-26 10:00))", "2026-11-26T10:00:00.0000000Z"),
        ("tostring(dynamic('text'))", "text"),
        ("tostring(dynamic({'a': [1, 2.5, null, 'ü']}))", '{"a":[1,2.5,null,"ü"]}'),
        ("tostring(int(null))", ""),
        ("tohex(256)", "100"),
        ("tohex(-256)", "ffffffffffffff00"),
        ("tohex(255, 4)", "00ff"),
        ("dynamic_to_json(dynamic({'b': 1, 'a': 2}))", '{"a":2,"b":1}'),
        ("parse_json('no json')", "no json"),
        ("parse_json('{\"a\":1}').a", "1"),
        ("parse_json('')", ""),
    ],
)
def test_every_type_has_its_text(expression: str, text: str) -> None:
    assert shown(expression) == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("parse_url('scheme://user:secret@host:1234/this/path?k1=v1&k2=v%202#part').Host", "host"),
        ("parse_url('https://a.example/b/c?x=1')['Query Parameters'].x", "1"),
        ("parse_url('https://a.example/b/c').Path", "/b/c"),
        ("parse_url('no address').Scheme", ""),
        ("parse_urlquery('k1=v1&k2=v2')", '{"Query Parameters":{"k1":"v1","k2":"v2"}}'),
        (r"parse_path(@'C:\temp\file.txt').DirectoryName", "temp"),
        ("parse_path('file://C:/temp/file.txt:some.exe').AlternateDataStreamName", "some.exe"),
        ("parse_version('1.2.3.4')", "1000000020000000300000004"),
        ("parse_version('1.2.3.4.5')", ""),
        ('parse_csv(\'a,"b,""c",d\')', '["a","b,\\"c","d"]'),
        ("parse_csv('one\\ntwo')", '["one"]'),
        ("parse_xml('<e name=\"v\">text</e>')", '{"e":{"@name":"v","#text":"text"}}'),
        ("parse_xml('<e> <a>1</a> <a>x</a> </e>')", '{"e":{"a":[1,"x"]}}'),
        ("parse_xml('<e>')", ""),
        ("parse_xml('<!DOCTYPE d [<!ENTITY a \"b\">]><e>&a;</e>')", ""),
        ("parse_user_agent('Mozilla/5.0 (Windows NT 10.0) Firefox/118.0', 'browser').Browser.Family", "Firefox"),
        ("parse_user_agent('Mozilla/5.0 (Windows NT 6.1)', 'os').OperatingSystem.MajorVersion", "7"),
        ("parse_user_agent('SymbianOS/9.2; Series60/3.1 NokiaN81-3/10.0.032', 'device').Device", NOKIA),
        ("parse_user_agent('', dynamic(['OS', 'x']))", OTHER_SYSTEM),
    ],
)
def test_parsers_take_texts_apart(expression: str, text: str) -> None:
    assert shown(expression) == text
