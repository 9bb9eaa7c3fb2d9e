"""The shapes in which passwords, tokens and credentials in addresses stand in text: what the second tier looks at.

Each shape ends at one fixed character, so that Hyperscan reports one end for each value and not one for each character.
"""

from __future__ import annotations

from lockgate.scanners.secrets._judge import Style

_KINDS = (
    "api|auth|access|private|account|shared|secret|encryption|signing|app|master|session|client|jwt|service|deploy"
)
_NAME = (
    r"(?:passw(?:or)?[dt]|passphrase|passcode|pass|pwd|psw|secret|token|apikey|credentials?|creds|"
    rf"(?:{_KINDS})key|(?:{_KINDS})[_.-]key)"
)
"""Kinds of keys stand twice: ``[_.-]?key`` would have Hyperscan look at every ``key``."""
_TAIL = r"[\w.-]{0,30}(?:\[\])?"
_QUOTED = r"(?:\\?\"([^\"\r\n]{4,200})\"|\\?'([^'\r\n]{4,200})'|\x60([^\x60\r\n]{4,200})\x60)"
_BEFORE_QUOTE = r"(?:[bBrRuUfFLN@$]|String::from\(|new[ ]String\()?"

ASSIGNED = (
    rf"(?i){_NAME}{_TAIL}\\?[\"'\x60]?[\])]?(?:[ \t]{{0,30}}(?::[ \t]{{0,3}}&?[\w<>\[\]'?]{{1,24}}[ \t]{{0,3}})?"
    rf"(?:=>|:=|=|:|,)[ \t]{{0,30}}|[ \t]{{1,30}}|[ \t]?\([ \t]?|[ \t]{{1,8}}value[ \t]?=[ \t]?)"
    rf"{_BEFORE_QUOTE}{_QUOTED}"
)
BARE = (
    rf"(?im){_NAME}{_TAIL}[\"'\]]?[ \t]{{0,30}}(?:=>|=|:)[ \t]{{0,30}}"
    r"([^\s\"'\x60<>(){}\[\];,|&]{4,200})(?:[ \t]*(?:[;,\"'\\&<\r]|$)|[ \t]+#)"
)
SPACED = r"(?im)[_.](?:pass|password|passwd|secret|token)[ \t]?=[ \t]?([a-z]{4} [a-z]{4} [a-z]{4} [a-z]{4})\r?$"
_IN_ELEMENT = rf"{_NAME}{_TAIL}(?:[ \t][^<>\r\n]{{0,80}})?>[ \t]{{0,8}}([^<>\s]{{4,160}})[ \t]{{0,8}}<"
_IN_NAMED_ELEMENT = rf"{_NAME}{_TAIL}[\"'][^<>\r\n]{{0,60}}>([^<>\s]{{4,160}})<"
ELEMENT = rf"(?i)<[\w.:-]{{0,30}}{_IN_ELEMENT}/"
NAMED_ELEMENT = rf"(?i)name[ \t]?=[ \t]?[\"'][\w.:-]{{0,40}}{_IN_NAMED_ELEMENT}/"
CALLED = (
    r"(?im)(?:getConnection|mysqli?_connect|pg_connect|SetBasicAuth|basic_?auth|HTTPBasicAuth|HTTPDigestAuth|"
    r"UsernamePassword\w{0,30}|\.(?:login|auth|authenticate|sign_?in|setCredentials)|NetworkCredential|"
    r"PasswordAuthentication|\bauth[ ]?=|cookieParser)"
    r"[ \t]?[( \t](?:[^()\r\n]{0,120},[ \t]{0,4})?(?:\"([^\"\r\n]{4,120})\"|'([^'\r\n]{4,120})')"
    r"(?:\.\w{1,12}\(\))?(?:[ \t]?[,)]|[ \t]*\r?$)"
)
COMMAND = (
    r"(?im)(?:\bsshpass[ \t]+-p[ \t]*|\bmysql(?:dump|admin)?\b[^\r\n|]{0,80}[ \t]-p|"
    r"--(?:[a-z0-9]{1,16}-){0,3}(?:password|passwd|pass|passphrase|token|secret|api-key|access-key)[ \t=]|"
    r"\brequirepass[ \t]+|\bcurl\b[^\r\n|]{0,120}[ \t](?:-u|--user)[ \t=]?[\"']?[\w.@-]{1,60}:)"
    r"[\"']?([^\s\"'\x60<>(){};,|]{4,120})(?:[\"']|[ \t\r]|$)"
)
SQL = (
    r"(?i)\b(?:identified[ \t]+(?:with[ \t]+\w+[ \t]+)?by|password[ \t]*=?)[ \t]+'([^'\r\n]{4,120})'"
)
HEADER = (
    r"(?im)\bauthorization\\?[\"']?[ \t]{0,4}[:=,][ \t]{0,4}\\?[\"'\x60]?(?:bearer|basic|token)[ \t]+"
    r"([\w.=~+/-]{12,400})(?:[\"'\x60\\\s]|$)"
)

OPTION = (
    r"(?im)\b(?:"
    r"login[ \t][^\r\n|;]{0,160}?-p[ \t=]|"  # docker, podman, helm registry, az, oc, cf
    r"(?:mongo(?:sh|dump|restore|export|import|stat|top)?)[ \t][^\r\n|;]{0,160}?[ \t]-p[ \t]?|"
    r"redis-cli[ \t][^\r\n|;]{0,100}?-a[ \t]|"
    r"ldap(?:search|add|modify|delete|passwd|whoami)[ \t][^\r\n|;]{0,160}?-w[ \t]|"
    r"(?:sqlcmd|bcp|osql|isql|ipmitool|mosquitto_[ps]ub|zip|unzip)[ \t][^\r\n|;]{0,160}?[ \t]-P[ \t]?|"
    r"htpasswd[ \t]+-[a-z]*b[a-z]*[ \t]+\S{1,120}[ \t]+\S{1,60}[ \t]+|"
    r"rabbitmqctl[ \t]+(?:add_user|change_password)[ \t]+\S{1,60}[ \t]+|"
    r"(?:smbclient|rpcclient|winexe|smbmap|net)[ \t][^\r\n|;]{0,120}?-U[ \t]?[\"']?[\w.\\/-]{1,60}%|"
    r"(?:lftp[ \t][^\r\n|;]{0,60}?|open[ ])-u[ \t]?[\"']?[\w.@-]{1,60},|"
    r"(?:plink|pscp|psftp|putty)(?:\.exe)?[ \t][^\r\n|;]{0,120}?-pw[ \t]|"
    r"openssl[ \t][^\r\n|;]{0,200}?(?:-pass(?:in|out)?|-k)[ \t](?:pass:)?|"
    r"keytool[ \t][^\r\n|;]{0,200}?-(?:src|dest)?(?:store|key)pass[ \t]|"
    r"x?freerdp[ \t][^\r\n|;]{0,160}?/p:|"
    r"net[ ]use[ \t][^\r\n|;]{0,100}?/user:\S{1,60}[ \t]|net[ ]user[ \t]+[\w.-]{1,40}[ \t]+|"
    r"ConvertTo-SecureString[ \t]+(?:-String[ \t]+)?|"
    r"https?[ ]-a[ \t]?[\w.@-]{1,60}:|"
    r"sqlplus[ \t]+(?:-\w[ \t]+){0,4}[\w$]{1,40}/)"
    r"[\"']?([^\s\"'\x60<>(){};,|@]{4,120})(?:[\"'@]|[ \t\r]|$)"
)
"""Passwords that tools take by an option or a place of their own, each from the tool's manual."""
PIPED = (
    r"(?i)\becho[ \t]+(?:-n[ \t]+)?[\"']?(?:[\w.-]{1,40}:)?([^\s\"'\x60|:]{4,120})[\"']?[ \t]{0,4}\|[ \t]{0,4}"
    r"(?:(?:sudo[ \t]+)?chpasswd|sudo[ \t]+-S|(?:sudo[ \t]+)?passwd[ \t]+--stdin|"
    r"[a-z]+[ \t][^\r\n|]{0,60}--password-stdin)"
)
ENVIRONMENT = (
    r"(?m)(?:^|[ \t;&|(\x60'\"])(?:-[eDP][ \t]?)?[A-Za-z][\w.-]{0,60}?"
    r"(?i:passw(?:or)?d|passphrase|pass|pwd|secret|token|_key|apikey)="
    r"([^\s\"'\x60<>(){}\[\];,|&$=]{4,120})[ \t]+[A-Za-z0-9./:$-]"
)
"""``PGPASSWORD=... psql``, ``-e DB_PASSWORD=... image``: a word that something follows."""
_LATER_VALUE = r"(?:\"([^\"\r\n]{4,200})\"|'([^'\r\n]{4,200})'|([^\s\"'{}\[\],<>]{4,200})[ \t]*(?:[,}\r\n]|$))"
NAMED_VALUE = (
    r"(?i)[\"']?\b(?:name|key|id|variable|field|property)[\"']?[ \t]{0,4}[:=][ \t]{0,4}"
    rf"[\"']?[\w.-]{{0,40}}{_NAME}{_TAIL}[\"']?"
    r"[ \t]{0,4},?[ \t]{0,4}(?:\r?\n[ \t]{0,40})?[\"']?(?:value|default)[\"']?[ \t]{0,4}[:=][ \t]{0,4}"
    rf"{_LATER_VALUE}"
)
"""``{"key": "password", "value": "..."}``, and the two lines of a variable in the manifest of a container."""
_FOREIGN = (
    r"(?:contrase(?:(?-i:\xc3\xb1|\xf1)|ni?)as?|\bclave|senha|mot[_ -]?de[_ -]?passe|\bmdp|kennwort|"
    r"passwort|parola|wachtwoord|"
    r"has(?:(?-i:\xc5\x82)|l)o\b|\bheslo|l(?:(?-i:\xc3\xb6|\xf6)|o)senord|adgangskode|salasana|"
    r"jelsz(?:(?-i:\xc3\xb3)|o)|\bsifre|(?-i:\xc5\x9fifre|\xc5\x9eifre)|lozinka|geslo|"
    r"(?-i:\xd0[\xbf\x9f]\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c|\xe5\xaf\x86\xe7\xa0\x81|\xe5\xaf\x86\xe7\xa2\xbc|"
    r"\xe3\x83\x91\xe3\x82\xb9\xe3\x83\xaf\xe3\x83\xbc\xe3\x83\x89|\xeb\xb9\x84\xeb\xb0\x80\xeb\xb2\x88\xed\x98\xb8))"
)
FOREIGN = (
    rf"(?im){_FOREIGN}[\w.-]{{0,30}}[\"'\])]{{0,2}}[ \t]{{0,30}}"
    r"(?:=>|:=|=|:|(?-i:\xef\xbc\x9a)|,|\bes\b|\best\b|\bist\b|\bis\b|(?-i:\xc3\xa9|\xc3\xa8))[ \t]{0,30}"
    r"(?:\"([^\"\r\n]{4,200})\"|'([^'\r\n]{4,200})'|\x60([^\x60\r\n]{4,200})\x60|"
    r"([^\s\"'\x60<>(){}\[\];,|&]{4,200})(?:[ \t\r;,\"'<]|$))"
)
"""The word for password in Spanish, Portuguese, French, German, Italian, Dutch, Polish, Czech, Swedish, Danish,
Finnish, Hungarian, Turkish, Croatian, Slovenian, Russian, Chinese, Japanese and Korean, in UTF-8."""
PROSE = (
    r"(?im)\b(?:(?:password|passwd|passphrase|passcode|pwd)s?"
    r"(?:[ \t]+(?:for|of|to|on)[ \t]+[\w@./' \t-]{1,50}?)?[ \t]*"
    r"(?:\bis[ \t]*(?:now[ \t]*)?:?|\b(?:was[ \t]+)?(?:set|reset|changed)[ \t]+to|\bwas|->|=>|=|:|[ \t]/)|"
    r"(?:pass|pw)(?:[ ]is\b|[ ]?[:=]|[ ]->|[ ]/))[ \t]*"
    r"[\"'\x60*(\[<]{0,3}([^\s\"'\x60<>(){}\[\],;|]{5,80})[\"'\x60*)\]>.,;!]{0,3}(?:[ \t\r]|$)"
)
"""What people write to people: ``the password for web01 is ...``."""
ACCOUNT = (
    r"(?im)\b(?:log[ ]?in|log[ ]?on|sign[ ]in|credentials?|creds|account|"
    r"user(?:name)?[ ]?/[ \t]?(?:password|pass|pw))\b"
    r"[^\r\n:/]{0,40}?(?::|[ \t]-|[ \t](?:is|are|with|as|=))[ \t]*"
    r"[\"'\x60*(]{0,2}[\w.@+-]{2,60}[\"'\x60*]{0,2}[ \t]?[/:][ \t]?"
    r"[\"'\x60*]{0,2}([^\s\"'\x60<>(){}\[\],;|/:]{6,80})[\"'\x60*).,;!]{0,3}(?:[ \t\r]|$)"
)
"""``login: admin / ...``, ``credentials are deploy:...``."""

URL = r"(?i)\b[a-z][a-z0-9+.-]{1,30}://[^\s/:@\"'\x60<>]{0,80}:(?P<secret>[^\s/@\"'\x60<>]{3,160})@[\w.\[{$%-]"
DSN = r"(?i)[\"'\x60= ][\w.-]{1,40}:(?P<secret>[^\s/@\"'\x60<>:]{4,120})@(?:tcp|unix)\("
ORACLE = r"(?i)\bjdbc:oracle:(?:thin|oci):[\w$#]{1,40}/(?P<secret>[^\s@\"'/]{4,80})@"
CONNECTION = (
    r"(?im)(?:[;?&]|(?:user(?:name|[ _]?id)?|uid|server|host|data source|database)=[^\r\n\"']{1,300}[;?&])[ \t]?"
    r"(?:password|pwd|passwd|accountkey|sharedaccesskey)[ \t]?=[ \t]?"
    r"(?P<secret>[^\s;&\"'\x60<>]{4,160})(?:[;&\"'\x60<\s]|$)"
)
JDBC_USER = r"(?i)\bjdbc:[a-z0-9]{2,20}://[^\s/:@\"'<>]{1,80}:(?P<secret>[^\s/@\"'<>]{4,120})@[\w.-]"

_NAMED = (
    "pass", "pwd", "psw", "secret", "token", "cred",
    *(f"{kind}{joint}key" for kind in _KINDS.split("|") for joint in ("", "_", ".", "-")),
)  # fmt: skip
"""In each of the names, one of these stands."""
PASSWORD_SHAPES = (
    (ASSIGNED, Style.QUOTED, _NAMED),
    (BARE, Style.BARE, _NAMED),
    (SPACED, Style.BARE, ("pass", "secret", "token")),
    (ELEMENT, Style.ELEMENT, ("</",)),
    (NAMED_ELEMENT, Style.ELEMENT, ("</",)),
    (CALLED, Style.QUOTED, (
        "getconnection", "_connect", "basicauth", "basic_auth", "digestauth", "usernamepassword",
        ".login", ".auth", ".sign", "setcredentials", "networkcredential", "passwordauthentication", "auth=", "auth =",
        "cookieparser",
    )),
    (COMMAND, Style.COMMAND, ("-pass", "sshpass", "requirepass", "mysql", "-token", "-secret", "-key", "curl")),
    (OPTION, Style.COMMAND, (
        "login ", "login\t", "mongo", "redis-cli", "ldap", "sqlcmd", "bcp", "isql", "osql", "ipmitool", "mosquitto_",
        "zip ", "zip\t",
        "htpasswd", "rabbitmqctl", "smbclient", "rpcclient", "winexe", "smbmap", "lftp", "open -u", "plink", "pscp",
        "psftp", "putty", "openssl", "keytool", "freerdp", "net ", "net\t", "convertto-secure", "http -a", "https -a",
        "sqlplus",
    )),
    (PIPED, Style.COMMAND, ("chpasswd", "sudo", "-stdin")),
    (ENVIRONMENT, Style.BARE, ("password=", "passwd=", "passphrase=", "pass=", "pwd=", "secret=", "token=", "key=")),
    (NAMED_VALUE, Style.QUOTED, _NAMED),
    (FOREIGN, Style.QUOTED, (
        "contrase", "clave", "senha", "de passe", "de_passe", "de-passe", "depasse", "mdp", "kennwort", "passwort",
        "parola", "wachtwoord", "haslo", "has\u0142o", "heslo", "senord", "adgangskode", "salasana", "jelsz", "sifre",
        "\u015fifre", "\u015eifre", "lozinka", "geslo", "\u0430\u0440\u043e\u043b\u044c", "\u5bc6\u7801",
        "\u5bc6\u78bc", "\u30d1\u30b9\u30ef\u30fc\u30c9", "\ube44\ubc00\ubc88\ud638",
    )),
    (PROSE, Style.BARE, (
        "password", "passwd", "passphrase", "passcode", "pwd",
        *(f"{word}{sign}" for word in ("pass", "pw") for sign in (" is", ":", " :", "=", " =", " ->", " /")),
    )),
    (ACCOUNT, Style.BARE, ("login", "log in", "logon", "log on", "cred", "account", "user/", "user /", "name/",
                           "name /", "sign in")),
    (SQL, Style.QUOTED, ("identified", "password")),
    (HEADER, Style.COMMAND, ("authorization",)),
)
_VALUE_OR_DEFAULT = "(?:v[a-z]{3}e|d[a-z]{5}t)"
"""No fixed text: Hyperscan would take that for what to look for first, and an automaton of the names would have to walk
over every byte before it."""
ENDS = {
    ELEMENT: rf"(?i){_IN_ELEMENT}[/!]",
    NAMED_ELEMENT: rf"(?i){_IN_NAMED_ELEMENT}[/!]",
    NAMED_VALUE: (
        rf"(?i){_NAME}[\w.-]*(?:\[\])?[\"']?[ \t]*,?[ \t]*(?:\r?\n[ \t]*)?[\"']?{_VALUE_OR_DEFAULT}[\"']?[ \t]*[:=]"
        rf"[ \t]*{_LATER_VALUE}"
    )
}
"""What Hyperscan is asked in place of a shape: ``name:``, which stands in every other line, would set it counting. It
looks for the names that other shapes begin with as well, and for no ``name`` and no ``</``."""
ADDRESS_SHAPES = (
    (URL, ("://",)),
    (DSN, ("@tcp(", "@unix(")),
    (ORACLE, ("jdbc:oracle:",)),
    (CONNECTION, ("password", "pwd", "passwd", "accountkey", "sharedaccesskey")),
    (JDBC_USER, ("jdbc:",)),
)
