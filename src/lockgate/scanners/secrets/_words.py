"""What names and values are made of: words, placeholders, randomness. Pure text features, no verdicts."""

from __future__ import annotations

import itertools
import re

from lockgate.lazy_pattern import lazy_pattern


def word_set(text: str) -> frozenset[str]:
    """The words of a text, for tables that stay readable."""
    return frozenset(text.split())


WEAK = word_set(
    """
    password passwd pass passphrase pwd secret secrets token key apikey test testing tests tester admin
    administrator root user username guest login foo bar baz foobar foobaz qux abc abcd abcdef abc123 qwerty letmein
    welcome monkey dragon default none null true false nil undefined empty string text value data name example
    sample demo dummy fake mock stub placeholder changeme changeit change redacted hidden masked removed secure
    private public postgres mysql redis mongo rabbitmq oracle sa hello world hunter temp tmp dev prod staging local
    localhost unknown required optional wrong bad good bearer basic digest oauth jwt bcrypt plain plaintext
    encrypted hash sha md5 aes rsa base64 utf8 pw psw some any my the your yourpassword mypassword mysecret mytoken
    valid invalid correct incorrect old new first second alice bob eve joe
    clave contrasena senha passwort kennwort parola wachtwoord haslo heslo losenord lozinka salasana sifre geheim
    secreto segredo segreto usuario utente benutzer gebruiker tajne beispiel ejemplo exemplo esempio
    """
)
"""Words that are a placeholder when a value is made of nothing else but them, digits and punctuation."""

_PLACEHOLDER = lazy_pattern(
    r"example|change[_-]?(?:me|it|this)|place[_-]?holder|your[_ -]?|x{4,}|\*{3,}|\.{3}|dummy|sample|redacted|"
    r"insert[_ -]?|replace|todo|fixme|fake|mock|foobar|_here\b|-here\b|enter[_ -]|not[_-]?(?:a|the|real)|"
    r"super-?secret|top-?secret|"
    r"123456|qwerty|abcdef|0{6,}|1{6,}|deadbeef|lorem|ipsum|<[^>]*>|specified|undefined|unused|do[_-]not",
    re.IGNORECASE,
)
_REFERENCE = lazy_pattern(
    r"^\$|\$[({]|\W\$\w|\$[A-Z_]{2}|\$\w+\$|\{\{|\}\}|^\{[^}]*\}$|%\(|%[sdvqr]\b|^%[A-Za-z_.]+%$|#\{|^@[\w.]+@$|^\{[A-Za-z_]*\}|^!|^ENC\[?\(?|^vault:|"
    r"^ref\+|^env[:.(]|^arn:|\(\)|\)$|^(?:os|process|self|this|config|cfg|settings|params|request|req|env|var|local|data|module|"
    r"options|opts|args|state|props|secrets|context|ctx)\.|^&|->|=>|::|\+\+|\[['\"\d]|['\"]\]|^\\|^__|__$|^\*+$|^-+$|^--?\w+[-=]|^/dev/",
)
_PARTS = lazy_pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_COMMON_PAIRS = word_set(
    """
    in re er te es ti ed at on en ng st nt co de al le se li ra or ec ar an ri io me tr it ta si et ns ve ro ca pr
    ct ce pe di nd as ac ne la un ma ic is el lo rs ll na pa fi ge nc ch ea ex su ss ts em ut im ly mp il om ad ou
    th ni am he oc id bl to od ck po op sh no ef ab ie ha rt pl ap ig ol os mi ur mo iz pt sc cl ke ep ze us ul ty
    sp tt if ot fo ci ir da ia iv hi ub ow ag so yp cr va ee rr ai ho ib up ds um sa ff ov gr ev pp sy qu vi go fe
    pi rc ls rm oo gi nf tu be eg fl rd wa ua cu ui ps ms bu ba du bi lt ip gs mu tl mm sl xt tc ld nu fu do ry dd
    pu lu gn uc bs dr au uf cc ru tp xp ue fa rg ph ks cs fr nv of ys rl nk wr ob gu hr we rk og fs rn bo oa av gh
    ew ki xe wo oi wi dl mb tf nl yn ok ym ei nn ft yi ak
    """
)
"""The 240 commonest pairs of letters among 8,000 words of program texts; 436 others are rarer."""
_FILE = lazy_pattern(
    r"\.(?:json|ya?ml|xml|txt|pem|key|crt|cer|p12|pfx|jks|ini|conf|cfg|py|js|ts|go|java|rb|php|html?|md|sh|env|sql)$|^[a-z]{1,8}passwd$"
)
_WORD_IN = lazy_pattern(r"[A-Z]?[a-z]{4}|[A-Z]{4}|[A-Z][a-z]{3}|^\$|\{\{|\$\{|\\[uUx0-9]|^[-+]?0x|->|\[-?\d|\)$")
"""A word, which nearly every name and expression has and few random values, or a mark of program text."""
_CLASS = lazy_pattern(r"\[[^\]]*(?:[a-z]-[a-z]|0-9|\\[dws])|\\[dwsbn]|%[sdvq]\b")
"""A regular expression or a format."""
_VOWELS = frozenset("aeiouy")


def parts(text: str) -> list[str]:
    """Lower-case words and numbers of a name or value: ``dbPassword_2`` gives ``db``, ``password``, ``2``."""
    return [one.lower() for one in _PARTS.findall(text)]


def is_placeholder(value: str) -> bool:
    """Made to be replaced: says so, or consists of weak words only."""
    if _PLACEHOLDER.search(value):
        return True
    words = [one for one in parts(value) if not one.isdigit() and len(one) > 1]
    return bool(words) and all(one in WEAK for one in words)


def is_reference(value: str) -> bool:
    """Names a place where the value lives: a variable, a call, a template, a vault entry, a file, an address."""
    if _REFERENCE.search(value) or "://" in value or _FILE.search(value):
        return True
    return value.startswith(("/", "./", "../", "~/", "C:\\")) and value.count("/") + value.count("\\") >= 2


def is_monotonous(value: str) -> bool:
    """Few different characters, or a run up or down the alphabet."""
    if len(set(value)) <= max(2, len(value) // 8 if len(value) < 40 else 4):
        return True
    steps = [ord(after) - ord(before) for before, after in itertools.pairwise(value)]
    return len(value) >= 5 and sum(step in (0, 1, -1) for step in steps) >= 0.7 * len(steps)


def is_gibberish(word: str) -> bool:
    """Letters that do not follow each other as in English; decided for 5 letters and more."""
    letters = word.lower()
    pairs = [letters[at : at + 2] for at in range(len(letters) - 1)]
    if len(pairs) < 4:
        return False
    common = sum(pair in _COMMON_PAIRS for pair in pairs) / len(pairs)
    return common < 0.55 or not _VOWELS & set(letters)


def _are_gibberish(words: list[str]) -> bool:
    """Words that are too short to be decided on by themselves, taken together: seven pairs and more."""
    pairs = [word[at : at + 2] for word in words for at in range(len(word) - 1)]
    return len(pairs) >= 6 and sum(pair in _COMMON_PAIRS for pair in pairs) < 0.5 * len(pairs)


def alternations(value: str) -> int:
    """How often letters, digits and cases change between neighbours; a capital that opens a word does not count."""
    kinds = ["d" if c.isdigit() else "u" if c.isupper() else "l" if c.isalpha() else "s" for c in value]
    changes = 0
    for at in range(1, len(kinds)):
        before, after = kinds[at - 1], kinds[at]
        if before != after and "s" not in (before, after) and (before, after) != ("u", "l"):
            changes += 1
    return changes


def is_noise(value: str) -> bool:
    """Letters of both cases, digits and signs so mixed that no name, template or expression can be read in it."""
    if len(value) < 8 or " " in value or _CLASS.search(value):
        return False
    kinds = (any(map(str.islower, value)), any(map(str.isupper, value)), any(map(str.isdigit, value)))
    return all(kinds) and not _WORD_IN.search(value)


def is_random(value: str) -> bool:
    """Looks drawn by a machine: mixed without order, or unpronounceable."""
    letters = sum(c.isalpha() for c in value)
    digits = sum(c.isdigit() for c in value)
    if len(value) < 6 or letters + digits < 0.6 * len(value):
        return False
    if digits and letters:
        return alternations(value) >= max(2, len(value) // 8) or (
            " " not in value and any(map(is_gibberish, parts(value)))
        )
    if not letters:
        return False
    words = parts(value)
    if value.islower() or value.isupper() or value.istitle():
        return any(is_gibberish(word) for word in words if len(word) >= 6)
    if value.isalpha() and len(value) >= 8 and len(value) < 3 * len(words):
        return True  # the words of a name in camel case are longer
    if value.isalpha() and _are_gibberish(words):
        return True
    return alternations(value) >= max(3, len(value) // 5)


def is_sentence(value: str) -> bool:
    """Words for people."""
    words = value.split()
    plain = sum(word.strip(".,:;!?'\"()").isalpha() for word in words)
    return len(words) >= 2 and plain >= 0.5 * len(words)
