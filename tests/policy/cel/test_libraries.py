"""Extensions of cel-go and libraries of Kubernetes. Expectations are facts of their documentation and tests."""

from __future__ import annotations

from typing import Any

import pytest

from lockgate.policy.cel import CelError, Uint, compile_expression


def value(text: str, **variables: Any) -> Any:
    return compile_expression(text, variables=variables.keys()).evaluate(variables)


def holds(text: str) -> None:
    assert value(text) is True


def fails(text: str, message: str = ".") -> None:
    with pytest.raises(CelError, match=message):
        value(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'tacocat'.charAt(3)", "o"),
        ("'tacocat'.charAt(7)", ""),
        ("'©αT'.charAt(0)", "©"),
        ("'tacocat'.indexOf('ac')", 1),
        ("'tacocat'.indexOf('none')", -1),
        ("'tacocat'.indexOf('a', 3)", 5),
        ("'tacocat'.indexOf('', 3)", 3),
        ("'tacocat'.indexOf('a', 99)", -1),
        ("'tacocat'.lastIndexOf('at')", 5),
        ("'tacocat'.lastIndexOf('')", 7),
        ("'tacocat'.lastIndexOf('a', 3)", 1),
        ("'tacocat'.lastIndexOf('t', 6)", 6),
        ("['x', 'y'].join()", "xy"),
        ("['x', 'y'].join('-')", "x-y"),
        ("[].join('-')", ""),
        ("'TacoCÆt Xii'.lowerAscii()", "tacocÆt xii"),
        ("'tacoCaté'.upperAscii()", "TACOCATé"),
        ("'12 days 12 hours'.replace('{0}', '2')", "12 days 12 hours"),
        ("'hello hello'.replace('he', 'we', 1)", "wello hello"),
        ("'hello hello'.replace('he', 'we', 0)", "hello hello"),
        ("'hello hello'.replace('he', 'we', -1)", "wello wello"),
        ("'ab'.replace('', '_')", "_a_b_"),
        ("'a,b,c'.split(',')", ["a", "b", "c"]),
        ("'a,b,c'.split(',', 2)", ["a", "b,c"]),
        ("'a,b,c'.split(',', 1)", ["a,b,c"]),
        ("'a,b,c'.split(',', 0)", []),
        ("'a,b,c'.split(',', -1)", ["a", "b", "c"]),
        ("'abc'.split('')", ["a", "b", "c"]),
        ("'abc'.split('', 2)", ["a", "bc"]),
        ("''.split(',')", [""]),
        ("'tacocat'.substring(4)", "cat"),
        ("'tacocat'.substring(0, 4)", "taco"),
        ("'ta©o©αT'.substring(2, 6)", "©o©α"),
        ("' \\u0085\\ttrim\\n '.trim()", "trim"),
        ("'\\u180etext\\u200b'.trim()", "\u180etext\u200b"),
        ("strings.quote('first\\n\"second\"')", '"first\\n\\"second\\""'),
        ("'abc'.matches('^a.c$') && matches('xabcx', 'abc') && !'abc'.matches('^b')", True),
        ("'abc'.contains('b') && 'abc'.startsWith('') && 'abc'.endsWith('bc')", True),
    ],
)
def test_texts(text: str, expected: object) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "'a'.charAt(2)",
        "'a'.charAt(-1)",
        "'a'.substring(2)",
        "'abc'.substring(2, 1)",
        "'a'.indexOf('a', -1)",
        "[1].join()",
        "dyn('gums').reverse()",  # of version 3 of the extension, which Kubernetes does not have
    ],
)
def test_texts_have_bounds(text: str) -> None:
    fails(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'%s %s %s %s'.format(['a', 1, true, null])", "a 1 true null"),
        # What stands in a list or a map is written as an expression would be: version 2, as in Kubernetes.
        ("'%s'.format([[1.0, 'b', [2.5]]])", '[1.000000, "b", [2.500000]]'),
        ("'%s'.format([{'b': 1, 'a': [true]}])", '{"a":[true], "b":1}'),
        ("'%s'.format([{1: null, 10: b'x', 2: type(1)}])", '{1:null, 10:b"x", 2:int}'),
        (r"'%s'.format([['tab\t\"\u200b', duration('1.5s'), timestamp('2024-01-01T00:00:00Z'), 1.0/0.0]])",
         r'["tab\t\"\u200b", duration("1.5s"), timestamp("2024-01-01T00:00:00Z"), "+Inf"]'),
        ("'%s %s'.format([timestamp('2024-01-01T00:00:00Z'), duration('90s')])", "2024-01-01T00:00:00Z 90s"),
        ("'%s %s %s'.format([b'abc', type(1), 5u])", "abc int 5"),
        ("'%s %s %s'.format([1.0, 1e30, 2.5e-7])", "1 1e+30 2.5e-07"),
        ("'%d %d'.format([1, 2u])", "1 2"),
        ("'%f %.2f %.0f'.format([1234567.5, 2.345, -0.0])", "1,234,567.500000 2.35 0"),
        ("'%e %.2e'.format([1052.032911275, -2.7e-4])", "1.052033×10⁰³ -2.700000×10⁻⁰⁴"),
        ("'%f %e %s %f'.format([0.0/0.0, -1.0/0.0, 1.0/0.0, 'NaN'])", "NaN     -∞ +Inf NaN"),
        ("'%b %b %b'.format([5, true, -5])", "101 1 -101"),
        ("'%o'.format([11])", "13"),
        ("'%x %X %x %x'.format([30, 30, 'hi', b'\\xab'])", "1e 1E 6869 ab"),
        ("'100%% %s'.format(['a'])", "100% a"),
        ("'none'.format([])", "none"),
    ],
)
def test_formats(text: str, expected: str) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    ["'%s'.format([])", "'%d'.format(['a'])", "'%d'.format([1.5])", "'%f'.format([1])", "'%s'.format([b'\\xff'])",
     "'%'.format([1])", "'%q'.format([1])", "'%.9999f'.format([1.0])",
     "'%b'.format([1.5])", "'%x'.format([1.5])", "'%s'.format([optional.of(1)])", "'%f'.format([true])"],
)  # fmt: skip
def test_formats_refuse_what_does_not_fit(text: str) -> None:
    fails(text, "format|clause|range|precision")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1, 2, 2].isSorted() && !['b', 'a'].isSorted() && [].isSorted()", True),
        ("[1, 3].sum()", 4),
        ("[1.0, 3.5].sum()", 4.5),
        ("[duration('1m'), duration('1s')].sum() == duration('61s')", True),
        ("[].sum()", 0),
        ("[3, 1].min() == 1 && ['a', 'c', 'b'].max() == 'c'", True),
        ("[1, 2, 2].indexOf(2)", 1),
        ("['b'].indexOf('a')", -1),
        ("[1, 2, 2].lastIndexOf(2.0)", 2),
        ("[1, 2, 3, 4].slice(1, 3)", [2, 3]),
        ("[].slice(0, 0)", []),
        ("[1, [2, [3]], 4].flatten()", [1, 2, [3], 4]),
        ("[1, [2, [3]]].flatten(2)", [1, 2, 3]),
        ("[[1]].flatten(0)", [[1]]),
        ("[3, 1, 2].sort()", [1, 2, 3]),
        ("['b', 'a'].sort()", ["a", "b"]),
        ("[1, 2, 1, 1.0, 'a', 'a'].distinct()", [1, 2, "a"]),
        ("[[1], [1], [2]].distinct()", [[1], [2]]),
        ("lists.range(3)", [0, 1, 2]),
        ("[1, 2].reverse()", [2, 1]),
        ("[1, 2].first().value() + [1, 2].last().value()", 3),
        ("[].first().hasValue()", False),
        ("sets.contains([1, 2], [2.0]) && !sets.contains([1], [1, 2]) && sets.contains([], [])", True),
        ("sets.equivalent([1, 2], [2, 1, 1]) && !sets.equivalent([1], [2])", True),
        ("sets.intersects([1], [1, 2]) && !sets.intersects([], [1])", True),
    ],
)
def test_lists(text: str, expected: object) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[].min()", "min called on empty list"),
        ("['a'].sum()", "no such overload: sum"),
        ("[1, 'a'].isSorted()", "no such overload"),
        ("[1, 'a'].sort()", "same type"),
        ("[[1]].sort()", "no such overload"),
        ("[1].slice(0, 2)", "list is length 1"),
        ("[1].slice(-1, 0)", "negative"),
        ("[1, 2].slice(2, 1)", "less than or equal"),
        ("[1].flatten(-1)", "non-negative"),
        ("lists.range(5000000)", "longer than"),
    ],
)
def test_lists_have_bounds(text: str, message: str) -> None:
    fails(text, message)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("math.greatest(1, 2.5, 2u)", 2.5),
        ("math.greatest([1, 3, 2])", 3),
        ("math.least(-42, 40.0)", -42),
        ("math.ceil(1.2) == 2.0 && math.floor(-1.2) == -2.0 && math.trunc(-1.9) == -1.0", True),
        ("math.round(1.5) == 2.0 && math.round(-1.5) == -2.0 && math.round(2.4) == 2.0", True),
        ("math.isNaN(0.0 / 0.0) && math.isInf(1.0 / 0.0) && math.isFinite(1.0)", True),
        ("math.abs(-3) == 3 && math.abs(-1.5) == 1.5 && math.abs(2u) == 2u", True),
        ("math.sign(-7) == -1 && math.sign(0.0) == 0.0 && math.sign(3u) == 1u", True),
        ("math.bitAnd(3, 5)", 1),
        ("math.bitOr(-2, -4)", -2),
        ("math.bitXor(3u, 5u)", Uint(6)),
        ("math.bitNot(1) == -2 && math.bitNot(0u) == 18446744073709551615u", True),
        ("math.bitShiftLeft(1, 2) == 4 && math.bitShiftLeft(1u, 200) == 0u && math.bitShiftLeft(-1, 2) == -4", True),
        ("math.bitShiftRight(1024, 2) == 256 && math.bitShiftRight(-1, 60) == 15", True),
        ("math.sqrt(81) == 9.0 && math.isNaN(math.sqrt(-1.0))", True),
        ("base64.encode(b'hello')", "aGVsbG8="),
        ("base64.decode('aGVsbG8=') == b'hello' && base64.decode('aGVsbG8') == b'hello'", True),
        ("'abc 123'.find('[0-9]+')", "123"),
        ("'abc'.find('[0-9]+')", ""),
        ("'123 abc 456'.findAll('[0-9]+')", ["123", "456"]),
        ("'1 2 3'.findAll('[0-9]', 2)", ["1", "2"]),
        ("'1 2'.findAll('[0-9]', 0)", []),
        ("'aé😀'.find('é.')", "é😀"),
    ],
)
def test_mathematics_encoders_and_patterns(text: str, expected: object) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    ["math.greatest('a')", "math.least([])", "math.abs(-9223372036854775808)", "math.bitShiftLeft(1, -1)",
     "base64.decode('!')", "'a'.find('(' + '')", "math.ceil(1)"],
)  # fmt: skip
def test_mathematics_has_bounds(text: str) -> None:
    fails(text)


@pytest.mark.parametrize(
    "text",
    [
        "isQuantity('1.3G') && isQuantity('1.3Gi') && isQuantity('10000k') && isQuantity('-1') && isQuantity('1e3')",
        "!isQuantity('1,3G') && !isQuantity('200K') && !isQuantity('Three') && !isQuantity('Mi') && !isQuantity('')",
        "quantity('12Mi') == quantity('12582912') && quantity('1k') == quantity('1000')",
        "quantity('200M').compareTo(quantity('0.2G')) == 0",
        "quantity('50M').compareTo(quantity('50Mi')) == -1 && quantity('50Mi').compareTo(quantity('50M')) == 1",
        "quantity('150Mi').isGreaterThan(quantity('100Mi')) && !quantity('50Mi').isGreaterThan(quantity('100Mi'))",
        "quantity('50M').isLessThan(quantity('100M')) && !quantity('100M').isLessThan(quantity('50M'))",
        "quantity('50k').add(quantity('20k')) == quantity('70k') && quantity('50k').add(20) == quantity('50020')",
        "quantity('50k').sub(quantity('20k')) == quantity('30k') && quantity('50k').sub(20000) == quantity('30k')",
        "quantity('50k').add(20).sub(quantity('100k')).sub(-50000) == quantity('20')",
        "quantity('50000000G').isInteger() && quantity('50k').isInteger() && quantity('1.5k').isInteger()",
        "!quantity('9999999999999999999999999999999999999G').isInteger() && !quantity('500m').isInteger()",
        "quantity('50k').asInteger() == 50000 && quantity('12Mi').asInteger() == 12582912",
        "quantity('50k').sub(20000).asApproximateFloat() == 30000.0 && quantity('100m').asApproximateFloat() == 0.1",
        "sign(quantity('20')) == 1 && quantity('-1').sign() == -1 && quantity('0').sign() == 0",
        "quantity('2').mul(3) == quantity('6') && quantity('1.5Gi').mul(2) == quantity('3Gi')",
        "quantity('0.0000000001') == quantity('1n')",
        "quantity('1.5Gi') == quantity('1610612736') && quantity('0.5') == quantity('500m')",
        "type(quantity('1')) == kubernetes.Quantity",
    ],
)
def test_quantities(text: str) -> None:
    holds(text)


def test_quantities_have_bounds() -> None:
    fails("quantity('200K')", "does not read")
    fails("quantity('9999999999999999999999999999999999999G').asInteger()", "cannot convert value to integer")
    fails("quantity('1').add('1')", r"no such overload: add\(kubernetes.Quantity, string\)")
    holds("quantity('1e999999999').compareTo(quantity('1e-999999999')) == 1")


@pytest.mark.parametrize(
    "text",
    [
        "isIP('127.0.0.1') && isIP('::1') && !isIP('127.0.0.256') && !isIP(':::1') && !isIP('01.2.3.4')",
        "!isIP('::ffff:1.2.3.4') && !isIP('fe80::1%en0') && !isIP('1.2.3.4/8') && !isIP('')",
        "ip('127.0.0.1').family() == 4 && ip('::1').family() == 6",
        "ip('127.0.0.1') == ip('127.0.0.1') && ip('::1') == ip('0:0:0:0:0:0:0:1') && ip('::1') != ip('::2')",
        "ip.isCanonical('127.0.0.1') && ip.isCanonical('2001:db8::abcd') && !ip.isCanonical('2001:DB8::ABCD')",
        "ip('0.0.0.0').isUnspecified() && ip('::').isUnspecified() && ip('127.0.0.1').isLoopback()",
        "ip('224.0.0.1').isLinkLocalMulticast() && !ip('224.0.1.1').isLinkLocalMulticast()",
        "ip('ff02::1').isLinkLocalMulticast() && !ip('fd00::1').isLinkLocalMulticast()",
        "ip('169.254.169.254').isLinkLocalUnicast() && ip('fe80::1').isLinkLocalUnicast()",
        "ip('192.168.0.1').isGlobalUnicast() && !ip('255.255.255.255').isGlobalUnicast()",
        "ip('2001:db8::abcd').isGlobalUnicast() && !ip('ff00::1').isGlobalUnicast()",
        "string(ip('::0001')) == '::1' && type(ip('::1')) == net.IP",
        "isCIDR('192.168.0.0/16') && isCIDR('::1/128') && !isCIDR('192.168.0.0/33') && !isCIDR('::1/129')",
        "!isCIDR('192.168.0.0/') && !isCIDR('192.168.0.0/08') ",
        "!isCIDR('192.168.0.0') && !isCIDR('::ffff:1.2.3.4/24')",
        "cidr('192.168.0.0/24').containsIP(ip('192.168.0.1')) && !cidr('192.168.0.0/24').containsIP('192.168.1.1')",
        "!cidr('192.168.0.0/24').containsIP('::1')",
        "cidr('192.168.0.0/16').containsCIDR(cidr('192.168.10.0/24'))",
        "!cidr('192.168.1.0/24').containsCIDR('192.168.2.0/24') && !cidr('10.1.0.0/16').containsCIDR('10.0.0.0/8')",
        "cidr('192.168.0.1/24').ip() == ip('192.168.0.1') && cidr('::1/128').prefixLength() == 128",
        "cidr('192.168.0.1/24').masked() == cidr('192.168.0.0/24')",
        "cidr('192.168.0.1/24') != cidr('192.168.0.1/24').masked() && string(cidr('10.0.0.1/8')) == '10.0.0.1/8'",
        "type(cidr('::/0')) == net.CIDR",
    ],
)
def test_addresses(text: str) -> None:
    holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "isURL('https://example.com:80/') && isURL('/absolute/path') && isURL('http://[::1]:80/')",
        "!isURL('https://a:b:c/') && !isURL('../relative') && !isURL('') ",
        "!isURL('example.com') && !isURL('http://a b/')",
        "!isURL('http://a/%zz') && !isURL('http://[::1') && !isURL('http://a:8o/') && !isURL(':foo')",
        "url('https://example.com/').getScheme() == 'https' && url('/path').getScheme() == ''",
        "url('https://example.com:80/').getHost() == 'example.com:80' && url('/path').getHost() == ''",
        "url('https://[::1]:80/').getHost() == '[::1]:80' && url('https://[::1]:80/').getHostname() == '::1'",
        "url('https://example.com:80/').getHostname() == 'example.com' && url('https://example.com/').getPort() == ''",
        "url('https://example.com:80/').getPort() == '80' && url('https://[::1]/').getPort() == ''",
        "url('https://example.com/path with spaces/').getEscapedPath() == '/path%20with%20spaces/'",
        "url('https://example.com').getEscapedPath() == '' && url('https://a/b%2Fc').getEscapedPath() == '/b%2Fc'",
        "url('https://a/p?k1=a&k2=b&k2=c').getQuery() == {'k1': ['a'], 'k2': ['b', 'c']}",
        "url('https://a/p?key with spaces=value with spaces').getQuery()['key with spaces'] == ['value with spaces']",
        "url('https://a/p?').getQuery() == {} && url('https://a/p').getQuery() == {}",
        "url('https://user:pw@a.b:1/x').getHost() == 'a.b:1' && url('https://a/b#c').getEscapedPath() == '/b'",
        "url('http://a/') == url('http://a/') && url('http://a/') != url('http://b/')",
        "type(url('/a')) == kubernetes.URL && url('mailto:a@b').getScheme() == 'mailto'",
    ],
)
def test_urls(text: str) -> None:
    holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "isSemver('1.2.3-beta.1+build.1') && isSemver('0.1.0-alpha.1') && !isSemver('v1.2') && !isSemver('1.0')",
        "!isSemver('01.1.1') && !isSemver('1.1.1-01') && !isSemver('1.1.1-') ",
        "!isSemver('') && !isSemver('1.1.1-a..b')",
        "isSemver('v1.0', true) && isSemver('01.01.01', true) && isSemver('1', true) && !isSemver('1.0-beta', true)",
        "semver('v1.0.0', true) == semver('1.0.0') && semver('01.01.01', true) == semver('1.1.1')",
        "semver('1.2.3').major() == 1 && semver('1.2.3').minor() == 2 && semver('1.2.3').patch() == 3",
        "semver('1.2.3').compareTo(semver('1.2.3')) == 0 && semver('1.2.3').compareTo(semver('2.0.0')) == -1",
        "semver('1.0.0').isGreaterThan(semver('1.0.0-rc.1')) && semver('1.0.0-2').isLessThan(semver('1.0.0-10'))",
        "semver('1.0.0-alpha').isLessThan(semver('1.0.0-alpha.1')) && semver('1.0.0-1').isLessThan(semver('1.0.0-a'))",
        "semver('1.0.0+a') == semver('1.0.0+b') && type(semver('1.0.0')) == kubernetes.Semver",
    ],
)
def test_semantic_versions(text: str) -> None:
    holds(text)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("dns1123Label", ["a", "my-label-1", "1a"], ["", "A", "-a", "a-", "a.b", "a" * 64]),
        ("dns1123Subdomain", ["apiextensions.k8s.io", "a"], ["A.b", "a..b", "-a", ".", "a" * 254]),
        ("dns1035Label", ["a-1"], ["1a", "a_", "a-"]),
        ("dns1123LabelPrefix", ["my-label-", "a"], ["-a", "A-", "-"]),
        ("dns1123SubdomainPrefix", ["mysubdomain.prefix.-", "a-"], ["A-", ".-a"]),
        ("dns1035LabelPrefix", ["a-"], ["1-"]),
        ("qualifiedName", ["apiextensions.k8s.io/v1beta1", "Name_1.x"], ["a/b/c", "/a", "a/", "-a", "a" * 64]),
        ("labelValue", ["", "A.b_c-1"], ["-a", "a-", "a b", "a" * 64]),
        ("uri", ["http://example.com", "/a"], ["x", "http://a b"]),
        ("uuid", ["123e4567-e89b-12d3-a456-426614174000"], ["123e4567", "g23e4567-e89b-12d3-a456-426614174000"]),
        ("byte", ["aGVsbG8="], ["a", "aGVsbG8", "!!!!"]),
        ("date", ["2021-01-01"], ["2021-02-30", "21-1-1", "2021-01-01T00:00:00Z"]),
        ("datetime", ["2021-01-01T00:00:00Z"], ["2021-01-01", "x"]),
    ],
)  # fmt: skip
def test_named_formats(name: str, right: list[str], wrong: list[str]) -> None:
    for text in right:
        assert value(f"format.{name}().validate(t).hasValue()", t=text) is False, text
    for text in wrong:
        reasons = value(f"format.named('{name}').value().validate(t).value()", t=text)
        assert reasons, text
        assert all(isinstance(reason, str) and reason for reason in reasons)


def test_a_format_that_is_not_named_is_empty() -> None:
    holds("!format.named('nonsense').hasValue() && format.named('uuid').hasValue()")
    holds("type(format.uuid()) == kubernetes.NamedFormat")


def test_a_pattern_that_go_reads_is_read_and_one_of_exponential_size_is_not() -> None:
    holds("'é' .matches('^[\\\\p{L}\\\\p{N}._-]{1,253}$')")
    fails("'a'.matches('((a{1,99}){1,99}){1,99}' + '')", "RE2 does not read the pattern")
