"""Check what needs no connection: packages, state directory, addresses, templates, rules and mode."""

import os
import platform
import shutil
import sqlite3
import ssl
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Final

from config.schema import SupportAddress
from config.settings import ConfigError, Settings
from daemon.cli.support import context, startup
from daemon.cli.support.checks import model, rights
from daemon.cli.support.checks.finding import Finding, State, fail, ok, warn
from daemon.mail.token import LENGTH
from daemon.policies import tls
from daemon.store.sqlite_file import sqlite_file
from daemon.system.files import is_private
from daemon.text import domain_of
from workers import preflight
from workers.app import registry
from workers.learning import semantic
from workers.learning.registry import RegistryError
from workers.notify.outgoing import LOCAL_PART, tagged
from workers.policies import triage_policy
from workers.triage import rules
from workers.triage.rules import RuleError

PACKAGES: Final = ("daemon", "workers", "config", "templates")
# In older versions, a newline in an address or subject could start another header (CVE-2024-6923).
SAFE_PYTHON: Final = (3, 11, 10)
RENEW_DAYS: Final = 14


def findings(settings: Settings) -> Iterator[Finding]:
    """Yield the findings."""
    yield _python()
    yield from _names()
    yield from _state_directory(settings)
    yield from _database_elsewhere(settings)
    yield from _addresses(settings)
    yield from _certificate(settings)
    yield from _templates(settings)
    yield from _rules(settings)
    yield from _examples(settings)
    yield model.finding(settings)
    yield _encoder(settings)
    yield _mode(settings)


def _python() -> Finding:
    text = f"triaged {version('triaged')}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    if sys.version_info < SAFE_PYTHON:
        return warn(
            "platform",
            text,
            "upgrade Python to 3.11.10 or newer, which fixes bugs in email parsing; triaged works around them",
        )
    return ok("platform", text)


def _names() -> Iterator[Finding]:
    """Check that no other distribution installs packages with our names: it could overwrite ours silently."""
    owners = packages_distributions()
    for name in PACKAGES:
        found = sorted(set(owners.get(name, [])))
        others = [owner for owner in found if owner != "triaged"]
        if others:
            yield fail(
                "packages",
                f"{name} is also installed by {', '.join(others)}",
                "install triaged in a virtual environment of its own",
            )
    if not any(set(owners.get(name, [])) - {"triaged"} for name in PACKAGES):
        yield ok("packages", f"{', '.join(PACKAGES)} belong to triaged only")


def _state_directory(settings: Settings) -> Iterator[Finding]:
    path = settings.service.state_dir
    try:
        startup.check_state(settings)
    except context.Failure as error:
        temporary = isinstance(error, context.Unavailable)
        yield fail("state", error.message, rights.advice(path, error.cause), temporary=temporary)
        return
    if not path.is_dir():
        yield warn("state", f"{path} does not exist yet", "create it with `triaged run` or `triaged db upgrade`")
        return
    if not is_private(path):
        yield warn("state", f"other users can read {path}, which holds emails and keys", f"run chmod 700 {path}")
    free, floor = shutil.disk_usage(path).free, settings.limits.free_bytes
    text = f"{path}, {free / 2**30:.1f} GiB free"
    if free < floor:
        yield fail(
            "state",
            f"{text}: too little, so emails are refused",
            "free disk space, or lower limits.free_bytes",
            temporary=True,
        )
    else:
        yield ok("state", text)


def _database_elsewhere(settings: Settings) -> Iterator[Finding]:
    file = sqlite_file(settings.database_url)
    if file is None:
        return
    # Not Path.resolve, which raises for links in a circle.
    directory = Path(os.path.realpath(file.path)).parent
    if directory.is_relative_to(os.path.realpath(settings.service.state_dir)):
        return
    open_to_others = directory.is_dir() and not is_private(directory)
    exposed = "other users may look into its directory, and " if open_to_others else ""
    yield warn(
        "database",
        f"{file.path} is outside service.state_dir: {exposed}its free space is not watched",
        f"leave database.url empty, or run chmod 700 {directory}" if open_to_others else "leave database.url empty",
    )


def _addresses(settings: Settings) -> Iterator[Finding]:
    domains = {domain_of(address) for address in settings.support.emails}
    if any(_example(domain) for domain in domains):
        yield warn(
            "support", f"the support address is still the example {settings.support.address}", "set support.addresses"
        )
    else:
        yield ok("support", ", ".join(map(_described, settings.support.addresses)))
    for address in sorted(settings.support.tagged):
        if tagged(address, "a" * LENGTH) is None:
            yield warn(
                "support",
                f"no token fits into {address}: replies find their ticket by its Message-ID only",
                f"use an address with at most {LOCAL_PART - LENGTH - 1} characters before the @",
            )
    if settings.support.trusted_authserv_ids and not settings.smtp.trusted_networks:
        yield warn(
            "support",
            "support.trusted_authserv_ids has no effect: no client is trusted to bring results of these servers",
            "set smtp.trusted_networks to the networks of these servers",
        )
    made_up = [team.name for team in settings.teams if _example(domain_of(team.email))]
    if made_up:
        yield warn("teams", f"example addresses: {', '.join(made_up)}", "set name and email in [[teams]]")
    else:
        yield ok("teams", ", ".join(f"{team.name} {team.email}" for team in settings.teams))
    if not settings.service.admin:
        yield warn("admin", "nobody is notified of problems", "set service.admin to an email address")


def _described(entry: SupportAddress) -> str:
    """Return an address with what it decides, and the server that sends from it."""
    target = " of ".join(name for name in (entry.category, entry.team) if name)
    says = f"always {target}" if entry.triage == "fixed" else f"probably {target}"
    notes = [says if target else "", f"through {entry.server}" if entry.server else ""]
    notes += ["without plus addresses"] if entry.plus_addressing is False else []
    shown = ", ".join(note for note in notes if note)
    return f"{entry.address} ({shown})" if shown else entry.address


def _example(domain: str) -> bool:
    return domain in {"example.com", "example.org", "example.net"} or domain.endswith(".example")


def _certificate(settings: Settings) -> Iterator[Finding]:
    path = settings.smtp.certificate
    if path is None or not settings.smtp.enabled:
        return
    try:
        tls(settings)
        ends = _expiry(path)
    except (ConfigError, OSError, ValueError) as error:
        yield fail("certificate", str(error), "set smtp.certificate and smtp.key to a matching pair of PEM files")
        return
    left = (ends - datetime.now(UTC)).days
    if left < 0:
        yield fail("certificate", f"{path} expired on {ends:%Y-%m-%d}", "renew the certificate")
    elif left < RENEW_DAYS:
        yield warn("certificate", f"{path} expires on {ends:%Y-%m-%d}", "renew the certificate")
    else:
        yield ok("certificate", f"{path}, valid until {ends:%Y-%m-%d}")


def _expiry(path: Path) -> datetime:
    """Return when the first certificate of a PEM file expires."""
    reader = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    reader.load_verify_locations(cadata=_first_certificate(path.read_text(encoding="ascii")))
    described = reader.get_ca_certs() or [{}]
    ends = described[0].get("notAfter")
    if not isinstance(ends, str):
        return datetime.max.replace(tzinfo=UTC)
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)


def _first_certificate(pem: str) -> str:
    end = "-----END CERTIFICATE-----"
    return pem[: pem.index(end) + len(end)] + "\n"


def _templates(settings: Settings) -> Iterator[Finding]:
    """Check the templates of the admin, and those of each address."""
    directories = {"service.templates": settings.service.templates}
    directories |= {f"support.addresses.{one.address}.templates": one.templates for one in settings.support.addresses}
    found = {setting: directory for setting, directory in directories.items() if directory is not None}
    broken = False
    for setting, directory in found.items() or [("service.templates", None)]:
        try:
            preflight.check_templates(directory, setting)
        except ConfigError as error:
            broken = True
            yield fail("templates", str(error), "create the directory, or correct the template by the shipped one")
    if not broken:
        yield ok("templates", " and ".join(["shipped ones", *dict.fromkeys(map(str, found.values()))]))


def _examples(settings: Settings) -> Iterator[Finding]:
    try:
        preflight.check_examples(settings.triage.examples)
    except ConfigError as error:
        yield fail("examples", str(error), "correct the file, or the setting triage.examples")


def _rules(settings: Settings) -> Iterator[Finding]:
    policy, broken = triage_policy(settings), 0
    for rule in policy.rules:
        try:
            rules.check(rule)
        except RuleError as error:
            broken += 1
            yield fail(
                "rules", str(error), "correct or remove the rule; `triaged rules test` shows the hits of each rule"
            )
    if not broken:
        yield ok("rules", f"{len(policy.rules)} rules, all valid and fast")


def _encoder(settings: Settings) -> Finding:
    encoder = semantic.shared(enabled=settings.triage.semantic)
    if not settings.triage.semantic:
        return ok("encoder", "off: words alone decide (setting triage.semantic, extra triaged[semantic])")
    try:
        problem = encoder.problem or semantic.mismatch(encoder, registry(settings).load())
    except RegistryError:
        problem = ""
    if problem:
        return warn("encoder", f"{problem}; words alone decide", "correct it, or set triage.semantic to false")
    return ok("encoder", f"{encoder.name}, files and reference vectors checked")


def _mode(settings: Settings) -> Finding:
    triage = settings.triage
    meaning = {
        "suggest": f"tickets that no rule decides go to {triage.review_team}, with a suggestion",
        "auto": f"the model routes if verified tickets certify an accuracy of {triage.promised_accuracy:.0%}",
        "always": f"the model routes from confidence {triage.threshold:.2f}; other tickets go to {triage.review_team}",
    }
    special = [c for c in settings.categories if c.mode or c.threshold is not None]
    own = "".join(
        f"; {c.name}: {c.mode or triage.mode} {'' if c.threshold is None else c.threshold}".rstrip() for c in special
    )
    advice = 'to change: mode = "suggest", "auto" or "always" and threshold = 0.0 to 1.0 in [triage] or [[categories]]'
    return Finding(State.OK, "triage", f"mode {triage.mode}: {meaning[triage.mode]}{own}", advice)
