"""Wrong configurations, each with words of the line that refuses it. HOME is the directory that `prepare` fills."""

import datetime as dt
import os
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TLS: Final = '[smtp]\ncertificate = "HOME/{}"\nkey = "HOME/{}"\n'
MAILBOX: Final = '[[imap]]\nname = "work"\nhost = "h"\nusername = "u"\npassword = "p"\n'
OAUTH: Final = (
    MAILBOX.replace('password = "p"\n', "") + '[imap.oauth2]\ntoken_url = "https://h/token"\nclient_id = "c"\n'
)
ENCODE: Final = "write @ as %40"

WRONG: Final[dict[str, tuple[str, str]]] = {
    "no TOML": ("[smtp\n", "not TOML"),
    "TOML nested too deeply": ("a = " + "[" * 5000, "not TOML"),
    "unknown section": ("[smpt]\n", "smpt: no such setting"),
    "unknown setting": ('[smtp]\nlistne = "127.0.0.1:25"\n', "smtp.listne: no such setting"),
    "section that is a value": ("smtp = 1\n", "smtp"),
    "text for a number": ('[limits]\nconnections = "many"\n', "limits.connections"),
    "limit of zero": ("[limits]\nconnections = 0\n", "limits.connections"),
    "share above one": ("[triage]\nthreshold = 1.5\n", "triage.threshold"),
    "endless time": (MAILBOX + "poll_seconds = inf\n", "imap.0.poll_seconds"),
    "time that is no number": ("[limits]\nidle_seconds = nan\n", "limits.idle_seconds"),
    "time that overflows": ("[health]\njob_minutes = 1e300\n", "health.job_minutes"),
    "delivery for ever": ("[limits]\ndelivery_days = inf\n", "limits.delivery_days"),
    "unknown protocol": ('[smtp]\nprotocol = "http"\n', "smtp.protocol"),
    "unknown log level": ('[log]\nlevel = "loud"\n', "log.level"),
    "address without a domain": ('[support]\naddresses = ["support"]\n', "support.addresses.0"),
    "no support address": ("[support]\naddresses = []\n", "support.addresses"),
    "admin at our own address": ('[service]\nadmin = "support@example.com"\n', "service.admin"),
    "domain with a line break": ('[support]\ndomain = "a\\r\\nb"\n', "support.domain"),
    "host name with a blank": ('[smtp]\nhostname = "mx example"\n', "smtp.hostname"),
    "outgoing host that is empty": ('[outgoing]\ntransport = "smtp"\nhost = ""\n', "outgoing.host"),
    "outgoing host with a name too long": (f'[outgoing]\nhost = "{"a" * 64}.example"\n', "outgoing.host"),
    "outgoing host that is a URL": ('[outgoing]\nhost = "smtp://mx.example.com"\n', "outgoing.host"),
    "no categories": ("categories = []\n", "categories"),
    "no teams": ("teams = []\n", "teams"),
    "category of an unknown team": ('[[categories]]\nname = "Sales"\nteam = "SALES"\n', "categories.Sales.team"),
    "unknown review team": ('[triage]\nreview_team = "NOBODY"\n', "triage.review_team"),
    "rule for an unknown category": (
        '[[rules]]\nname = "r"\ncategory = "Paiments"\nphrases = ["abc"]\n',
        "rules.r.category",
    ),
    "rule that is no regular expression": (
        '[[rules]]\nname = "r"\ncategory = "Login"\npatterns = ["(a"]\n',
        "rules.0.patterns",
    ),
    "rule that is slow": ('[[rules]]\nname = "r"\ncategory = "Login"\npatterns = ["(a+)+$"]\n', "rule 'r'"),
    "rule that matches every email": ('[[rules]]\nname = "r"\ncategory = "Login"\npatterns = ["a*"]\n', "rule 'r'"),
    "rule without words": ('[[rules]]\nname = "r"\ncategory = "Login"\nphrases = ["--"]\n', "rule 'r'"),
    "templates missing": ('[service]\ntemplates = "HOME/nowhere"\n', "nowhere: no such directory"),
    "templates that are a file": ('[service]\ntemplates = "HOME/file"\n', "file: no such directory"),
    "template broken": ('[service]\ntemplates = "HOME/broken"\n', "ticket.txt.j2, line 1"),
    "template with an unknown variable": ('[service]\ntemplates = "HOME/variable"\n', "nonsense"),
    "template of an unknown name": ('[service]\ntemplates = "HOME/unknown"\n', "no template has this name"),
    "template that is a directory": ('[service]\ntemplates = "HOME/folder"\n', "ticket.txt.j2: cannot be read"),
    "template that is a pipe": ('[service]\ntemplates = "HOME/pipe"\n', "ticket.txt.j2: cannot be read"),
    "template in Latin-1": ('[service]\ntemplates = "HOME/latin"\n', "ticket.txt.j2: not UTF-8"),
    "template with an empty subject": ('[service]\ntemplates = "HOME/empty"\n', "empty subject"),
    "examples missing": ('[triage]\nexamples = "HOME/nowhere"\n', "triage.examples"),
    "examples without a file": ('[triage]\nexamples = "HOME/none"\n', "has no CSV file"),
    "examples without a column": ('[triage]\nexamples = "HOME/columns"\n', "column"),
    "certificate missing": (
        TLS.format("nowhere", "key"),
        "smtp.certificate: HOME/nowhere cannot be read: No such file",
    ),
    "certificate that is garbage": (TLS.format("file", "key"), "smtp.certificate: HOME/file is not"),
    "certificate that is a directory": (TLS.format("none", "key"), "smtp.certificate: HOME/none cannot be read"),
    "key missing": (TLS.format("certificate", "nowhere"), "smtp.key: HOME/nowhere cannot be read"),
    "key that is garbage": (TLS.format("certificate", "file"), "smtp.key: HOME/file is not"),
    "key of another certificate": (TLS.format("certificate", "other"), "does not belong to"),
    "key with a password": (TLS.format("certificate", "locked"), "smtp.key: HOME/locked is not an unencrypted"),
    "certificate without its key": ('[smtp]\ncertificate = "HOME/certificate"\n', "belong together"),
    "users without TLS": ('[smtp]\nusers = {ann = "secret"}\n', "need TLS"),
    "user with an empty password": (TLS.format("certificate", "key") + 'users = {ann = ""}\n', "neither of them empty"),
    "listen address without a port": ('[smtp]\nlisten = "127.0.0.1"\n', "smtp.listen"),
    "listen port too large": ('[smtp]\nlisten = "127.0.0.1:70000"\n', "smtp.listen"),
    "listen address unknown": ('[smtp]\nlisten = "nowhere.invalid:2525"\n', "smtp.listen: nowhere.invalid:2525"),
    "listen address that is no name": ('[smtp]\nlisten = "..:2525"\n', "smtp.listen: ..:2525"),
    "listen address of another machine": ('[smtp]\nlisten = "192.0.2.1:2525"\n', "smtp.listen: 192.0.2.1:2525"),
    "listen address with a NUL": ('[smtp]\nlisten = "a\\u0000b:2525"\n', "smtp.listen"),
    "listen name too long": (f'[smtp]\nlisten = "{"ü" * 80}:2525"\n', "smtp.listen"),
    "listen port of other digits": ('[smtp]\nlisten = "127.0.0.1:²"\n', "smtp.listen: '127.0.0.1:²' is not HOST:PORT"),
    "one address for email and HTTP": (
        '[smtp]\nlisten = "127.0.0.1:2525"\n[http]\nlisten = "127.0.0.1:2525"\n',
        "http.listen: 127.0.0.1:2525 is taken by smtp.listen",
    ),
    "every address for email, one of them for HTTP": (
        '[smtp]\nlisten = "0.0.0.0:2525"\n[http]\nlisten = "127.0.0.1:2525"\n',
        "http.listen: 127.0.0.1:2525 is taken by smtp.listen",
    ),
    "IPv6 address of another machine": ('[smtp]\nlisten = "[2001:db8::1]:2525"\n', "smtp.listen: [2001:db8::1]:2525"),
    "state directory that is a file": ('[service]\nstate_dir = "HOME/file"\n', "HOME/file"),
    "state directory below a file": ('[service]\nstate_dir = "HOME/file/var"\n', "HOME/file/var"),
    "state directory where nothing can be made": ('[service]\nstate_dir = "/proc/triaged"\n', "/proc/triaged"),
    "state directory with a long name": (f'[service]\nstate_dir = "HOME/{"a" * 300}"\n', "name too long"),
    "state directory that is empty": ('[service]\nstate_dir = ""\n', "service.state_dir"),
    "state directory with a NUL": ('[service]\nstate_dir = "a\\u0000b"\n', "service.state_dir"),
    "state directory that links to itself": ('[service]\nstate_dir = "HOME/circle"\n', "HOME/circle"),
    "state directory that links to nothing": ('[service]\nstate_dir = "HOME/dangling"\n', "HOME/dangling"),
    "models that are a file": ('[service]\nstate_dir = "HOME/taken"\n', "HOME/taken/models"),
    "lock that is a directory": ('[service]\nstate_dir = "HOME/locking"\n', "HOME/locking/daemon.lock"),
    "Maildir that is a file": ('[outgoing]\nmaildir = "HOME/file"\n', "outgoing.maildir: HOME/file"),
    "SQLite below a file": ('[database]\nurl = "sqlite:///HOME/file/x.db"\n', "HOME/file"),
    "SQLite where nothing can be made": ('[database]\nurl = "sqlite:////proc/triaged/x.db"\n', "/proc/triaged"),
    "SQLite that is a directory": ('[database]\nurl = "sqlite:///HOME/none"\n', "HOME/none"),
    "SQLite with a NUL": ('[database]\nurl = "sqlite:///a\\u0000b"\n', "database.url"),
    "SQLite that links to itself": ('[database]\nurl = "sqlite:///HOME/circle"\n', "HOME/circle"),
    "SQLite that is another file": ('[database]\nurl = "sqlite:///HOME/file"\n', "not a database"),
    "SQLite in memory": ('[database]\nurl = "sqlite://"\n', "database.url: not a database URL"),
    "SQLite in memory by name": ('[database]\nurl = "sqlite:///:memory:"\n', "database.url: not a database URL"),
    "database of another kind": ('[database]\nurl = "mysql://h/x"\n', "database.url: not a database URL"),
    "database URL with a port of letters": ('[database]\nurl = "postgresql://h:port/x"\n', "database.url: the port"),
    "database URL with an unknown option": (
        '[database]\nurl = "postgresql://u@127.0.0.1:1/x?nonsense=1"\n',
        "nonsense",
    ),
    "database driver that triaged does not use": (
        '[database]\nurl = "postgresql+asyncpg://h/x"\n',
        "database.url: not a",
    ),
    "database scheme that is short": ('[database]\nurl = "postgres://h/x"\n', "database.url: not a database URL"),
    "database port too large": ('[database]\nurl = "postgresql://h:70000/x"\n', "database.url: the port"),
    "database port after a port": ('[database]\nurl = "postgresql://h:1:2/x"\n', "database.url: the port"),
    "two database hosts before the slash": ('[database]\nurl = "postgresql://a:1,b:2/x"\n', "database.url: the port"),
    "database host with an empty label": ('[database]\nurl = "postgresql://a..b/x"\n', "database.url: not a host name"),
    "database host with a name too long": (
        f'[database]\nurl = "postgresql://{"a" * 64}.de/x"\n',
        "database.url: not a",
    ),
    "database host that is no IPv4 address": (
        '[database]\nurl = "postgresql://192.168.1.300/x"\n',
        "database.url: not a host name",
    ),
    "database host that is no IPv6 address": (
        '[database]\nurl = "postgresql://[zz]/x"\n',
        "database.url: not a host name",
    ),
    "database host with an open bracket": (
        '[database]\nurl = "postgresql://[::1/x"\n',
        "database.url: not a host name",
    ),
    "database host of an option with an empty label": (
        '[database]\nurl = "postgresql:///x?host=a..b"\n',
        "database.url: the host after the ?",
    ),
    "database address of an option that is none": (
        '[database]\nurl = "postgresql:///x?hostaddr=nowhere"\n',
        "could not parse network address",
    ),
    "database hosts and ports that do not match": (
        '[database]\nurl = "postgresql:///x?host=a,b,c&port=1,2"\n',
        "database.url cannot be used",
    ),
    "database user with a NUL": ('[database]\nurl = "postgresql://u%00@127.0.0.1:1/x"\n', "database.url: it must not"),
    "database name with a NUL": ('[database]\nurl = "postgresql://127.0.0.1:1/%00"\n', "database.url: it must not"),
    "database option of the driver": (
        '[database]\nurl = "postgresql://127.0.0.1:1/x?autocommit=1"\n',
        "PostgreSQL has no option 'autocommit'",
    ),
    "database password with an at sign": ('[database]\nurl = "postgresql://u:top@secret@h/x"\n', ENCODE),
    "Redis URL malformed": ('[broker]\nurl = "redis:/127.0.0.1"\n', "broker.url: not a Redis URL"),
    "Redis URL of another protocol": ('[broker]\nurl = "http://127.0.0.1:6379"\n', "broker.url: not a Redis URL"),
    "Redis URL without a host": ('[broker]\nurl = "redis:///0"\n', "broker.url: not a Redis URL"),
    "Redis host with a name too long": (f'[broker]\nurl = "redis://{"a" * 64}.example/0"\n', "broker.url: not a host"),
    "Redis host with an empty label": ('[broker]\nurl = "redis://a..example/0"\n', "broker.url: not a host"),
    "Redis port of letters": ('[broker]\nurl = "redis://127.0.0.1:port/0"\n', "broker.url: the port"),
    "Redis port too large": ('[broker]\nurl = "redis://127.0.0.1:70000/0"\n', "broker.url: the port"),
    "Redis port after a port": ('[broker]\nurl = "redis://127.0.0.1:1:2/0"\n', "broker.url: the port"),
    "Redis host that is no IPv4 address": (
        '[broker]\nurl = "redis://192.168.1.300/0"\n',
        "broker.url: not a host name",
    ),
    "Redis host with an open bracket": ('[broker]\nurl = "redis://[::1/0"\n', "broker.url: not a host name"),
    "Redis host that is no IPv6 address": ('[broker]\nurl = "redis://[zz]:1/0"\n', "broker.url: not a host name"),
    "Redis host with a NUL": ('[broker]\nurl = "redis://h%00:1/0"\n', "broker.url: it must not have %00"),
    "Redis host with a sign": ('[broker]\nurl = "redis://h!$:1/0"\n', "broker.url: not a host name"),
    "Redis database that is negative": ('[broker]\nurl = "redis://127.0.0.1:1?db=-1"\n', "broker.url: Redis has no"),
    "Redis database of too many digits": (
        '[broker]\nurl = "redis://127.0.0.1:1/99999999999999999999"\n',
        "broker.url: Redis has no database",
    ),
    "Redis time that is negative": (
        '[broker]\nurl = "redis://127.0.0.1:1/0?socket_timeout=-1"\n',
        "broker.url: an option",
    ),
    "Redis option that is an object": ('[broker]\nurl = "redis://127.0.0.1:1/0?retry=3"\n', "broker.url: an option"),
    "Redis encoding unknown": ('[broker]\nurl = "redis://127.0.0.1:1/0?encoding=zz"\n', "broker.url: an option"),
    "Redis client with a blank": (
        '[broker]\nurl = "redis://127.0.0.1:1/0?client_name=a%20b"\n',
        "broker.url: an option",
    ),
    "Redis database of letters": ('[broker]\nurl = "redis://127.0.0.1:6379/abc"\n', "broker.url: not a Redis URL"),
    "Redis option unknown": ('[broker]\nurl = "redis://127.0.0.1:1/0?foo=1"\n', "broker.url: an option"),
    "Redis option of the wrong type": ('[broker]\nurl = "redis://127.0.0.1:1/0?socket_timeout=x"\n', "broker.url: an"),
    "Redis password with an at sign": ('[broker]\nurl = "redis://:top@secret@h:6379/0"\n', ENCODE),
    "Redis password with a slash": ('[broker]\nurl = "redis://:top/secret@h:6379/0"\n', ENCODE),
    "Redis password with a question mark": ('[broker]\nurl = "redis://:top?secret@h:6379/0"\n', ENCODE),
    "Redis password with a hash": ('[broker]\nurl = "redis://:top#secret@h:6379/0"\n', ENCODE),
    "mailbox without a host": ('[[imap]]\nname = "work"\nhost = ""\nusername = "u"\npassword = "p"\n', "imap.0.host"),
    "mailbox without a credential": ('[[imap]]\nname = "work"\nhost = "h"\nusername = "u"\n', "password or oauth2"),
    "mailbox user with a line break": (MAILBOX.replace('"u"', '"u\\r\\nb"'), "imap.0.username: must not have control"),
    "mailbox password with a line break": (MAILBOX.replace('"p"', '"topsecret\\n"'), "imap.0.password: must not have"),
    "mailbox password with a NUL": (MAILBOX.replace('"p"', '"topsecret\\u0000"'), "imap.0.password: must not have"),
    "mailbox folder with a line break": (MAILBOX + 'folders = ["a\\nb"]\n', "imap.0.folders.0: must not have control"),
    "mailbox to move to with a line break": (MAILBOX + 'move_to = "a\\nb"\n', "imap.0.move_to: must not have control"),
    "mailbox secret with a line break": (
        OAUTH + 'client_secret = "hidden\\n"\n',
        "imap.0.oauth2.client_secret: must",
    ),
    "mailbox token with a tab": (OAUTH + 'refresh_token = "topsecret\\t"\n', "imap.0.oauth2.refresh_token: must not"),
    "token URL with a line break": (OAUTH.replace("/token", "/a\\nb"), "imap.0.oauth2.token_url: "),
    "user for sending with a line break": (
        '[outgoing]\nusername = "u\\nb"\n',
        "outgoing.username: must not have control",
    ),
    "password for sending with a line break": (
        '[outgoing]\npassword = "topsecret\\r"\n',
        "outgoing.password: must not",
    ),
    "password of a further server with a DEL": (
        '[[outgoing.servers]]\nname = "shop"\nhost = "h"\npassword = "topsecret\\u007f"\n',
        "outgoing.servers.0.password: must not have control",
    ),
    "password of a listener's user with a line break": (
        TLS.format("certificate", "key") + 'users = {ann = "topsecret\\n"}\n',
        "smtp.users.ann: must not have control",
    ),
    "listener's user with a line break": (
        TLS.format("certificate", "key") + 'users = {"a\\nb" = "topsecret"}\n',
        "smtp: names of users must not have control",
    ),
    "two mailboxes of one name": (MAILBOX * 2, "different names"),
    "border server with a blank": (
        '[support]\ntrusted_authserv_ids = ["mx example.com"]\n',
        "support.trusted_authserv_ids.0",
    ),
    "border of a mailbox that is an address": (MAILBOX + 'border = "mx@example.com"\n', "imap.0.border"),
    "mailbox that moves into itself": (MAILBOX + 'after = "move"\nmove_to = "INBOX"\n', "move_to must be another one"),
    "token URL with a password": (OAUTH.replace("//h", "//u:topsecret@h"), "imap.0.oauth2.token_url"),
}


def prepare(home: Path) -> None:
    """Make the files and directories that the table names."""
    (home / "file").write_text("neither PEM nor a database, and long enough to look like one. " * 20, "utf-8")
    (home / "taken").mkdir()
    (home / "locking" / "daemon.lock").mkdir(parents=True)
    (home / "taken" / "models").write_text("", "utf-8")
    for name, target in (("circle", "circle"), ("dangling", "missing")):
        (home / name).symlink_to(home / target)
    for name in ("none", "broken", "variable", "unknown", "folder/ticket.txt.j2", "latin", "empty", "columns"):
        (home / name).mkdir(parents=True)
    (home / "pipe").mkdir()
    os.mkfifo(home / "pipe" / "ticket.txt.j2")
    (home / "broken" / "ticket.txt.j2").write_text("{{ nonsense", "utf-8")
    (home / "variable" / "ticket.txt.j2").write_text("{{ nonsense }}", "utf-8")
    (home / "unknown" / "tikcet.txt.j2").write_text("hello", "utf-8")
    (home / "latin" / "ticket.txt.j2").write_bytes(b"gr\xfc\xdfe")
    (home / "empty" / "ticket.subject.j2").write_text("", "utf-8")
    (home / "columns" / "a.csv").write_text("subject,text\na,b\n", "utf-8")
    key, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    (home / "certificate").write_bytes(_certificate(key))
    (home / "key").write_bytes(_pem(key, serialization.NoEncryption()))
    (home / "other").write_bytes(_pem(other, serialization.NoEncryption()))
    (home / "locked").write_bytes(_pem(key, serialization.BestAvailableEncryption(b"x")))


def _certificate(key: ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mx.example.com")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    ended = builder.not_valid_before(now).not_valid_after(now + dt.timedelta(days=30))
    signed = ended.sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


def _pem(key: ec.EllipticCurvePrivateKey, encryption: serialization.KeySerializationEncryption) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
