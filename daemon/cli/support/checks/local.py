"""Look at what can be judged on this machine: names, state directory, templates, rules, model, mode."""

import os
import platform
import shutil
import sqlite3
import ssl
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Final

from config.settings import Settings
from daemon.cli.support.checks.finding import Finding, State, fail, ok, warn
from daemon.text import domain_of
from workers.app import registry
from workers.learning.registry import RegistryError
from workers.notify.render import Renderer, TemplateProblem
from workers.policies import triage_policy
from workers.triage import rules
from workers.triage.rules import RuleError

PACKAGES: Final = ("daemon", "workers", "config", "templates")
# Before it, a newline in an address or subject could begin a header of its own (CVE-2024-6923).
SAFE_PYTHON: Final = (3, 11, 10)
DAYS_LEFT: Final = 14


def findings(settings: Settings) -> Iterator[Finding]:
    """Yield what was found, in the order in which mail passes."""
    yield _python()
    yield from _names()
    yield from _state_directory(settings)
    yield from _addresses(settings)
    yield from _certificate(settings)
    yield _templates(settings)
    yield from _rules(settings)
    yield _model(settings)
    yield _mode(settings)


def _python() -> Finding:
    text = f"triaged {version('triaged')}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    if sys.version_info < SAFE_PYTHON:
        return warn("platform", text, "upgrade Python to 3.11.10 or newer; we work around its bugs in reading mail")
    return ok("platform", text)


def _names() -> Iterator[Finding]:
    """Say who owns the names of our packages: another distribution could overwrite them without a word."""
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
        yield ok("packages", f"{', '.join(PACKAGES)} are ours")


def _state_directory(settings: Settings) -> Iterator[Finding]:
    path = settings.service.state_dir
    if not path.is_dir():
        yield warn("state", f"{path} is not there yet", "it is made by `triaged run` or `triaged db upgrade`")
        return
    if not os.access(path, os.W_OK | os.X_OK):
        yield fail("state", f"{path} cannot be written", "give it to the user that triaged runs as")
        return
    if path.stat().st_mode & (stat.S_IWGRP | stat.S_IRWXO):
        yield warn("state", f"{path} can be read by others", f"chmod 700 {path}: it holds mail and keys")
    free, floor = shutil.disk_usage(path).free, settings.limits.free_bytes
    said = f"{path}, {free / 2**30:.1f} GiB free"
    if free < floor:
        yield fail("state", f"{said}: mail is refused for now", "make room, or lower limits.free_bytes", temporary=True)
    else:
        yield ok("state", said)


def _addresses(settings: Settings) -> Iterator[Finding]:
    domains = {domain_of(address) for address in settings.support.addresses}
    if any(_example(domain) for domain in domains):
        yield warn("support", f"the address is still {settings.support.address}", "set support.addresses")
    else:
        yield ok("support", ", ".join(settings.support.addresses))
    made_up = [team.name for team in settings.teams if _example(domain_of(team.email))]
    if made_up:
        yield warn("teams", f"made-up addresses: {', '.join(made_up)}", "set [[teams]] name and email")
    else:
        yield ok("teams", ", ".join(f"{team.name} {team.email}" for team in settings.teams))
    if not settings.service.admin:
        yield warn("admin", "nobody is told when something is wrong", "set service.admin to a mail address")


def _example(domain: str) -> bool:
    return domain in {"example.com", "example.org", "example.net"} or domain.endswith(".example")


def _certificate(settings: Settings) -> Iterator[Finding]:
    path, key = settings.smtp.certificate, settings.smtp.key
    if path is None or key is None:
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(path, key)
        ends = _ends(path)
    except (OSError, ValueError) as error:
        yield fail("certificate", f"{path}: {error}", "set smtp.certificate and smtp.key to a pair that fits, in PEM")
        return
    left = (ends - datetime.now(UTC)).days
    if left < 0:
        yield fail("certificate", f"{path} ended on {ends:%Y-%m-%d}", "renew it")
    elif left < DAYS_LEFT:
        yield warn("certificate", f"{path} ends on {ends:%Y-%m-%d}", "renew it")
    else:
        yield ok("certificate", f"{path}, until {ends:%Y-%m-%d}")


def _ends(path: Path) -> datetime:
    """Return when the first certificate of a PEM file ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=_first(path.read_text(encoding="ascii")))
    described = context.get_ca_certs() or [{}]
    ends = described[0].get("notAfter")
    if not isinstance(ends, str):
        return datetime.max.replace(tzinfo=UTC)
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)


def _first(pem: str) -> str:
    end = "-----END CERTIFICATE-----"
    return pem[: pem.index(end) + len(end)] + "\n"


def _templates(settings: Settings) -> Finding:
    try:
        Renderer(settings.service.templates).check()
    except TemplateProblem as error:
        return fail("templates", str(error), "mend the template; the shipped ones show what may stand there")
    return ok(
        "templates", f"ours, with those in {settings.service.templates}" if settings.service.templates else "ours"
    )


def _rules(settings: Settings) -> Iterator[Finding]:
    policy, wrong = triage_policy(settings), 0
    for rule in policy.rules:
        try:
            rules.check(rule)
        except RuleError as error:
            wrong += 1
            yield fail("rules", str(error), "mend or remove the rule; `triaged rules test` shows what each one hits")
    if not wrong:
        yield ok("rules", f"{len(policy.rules)} rules, none slow")


def _model(settings: Settings) -> Finding:
    models = registry(settings)
    current = models.current()
    if current is None:
        return warn("model", "there is none yet: rules alone decide", "the first start trains one, or `triaged train`")
    try:
        models.load()
        manifest = models.show(current)
    except RegistryError as error:
        return fail(
            "model", f"{error}; rules alone decide", "triaged train, or triaged models rollback", temporary=True
        )
    age = (datetime.now(UTC) - datetime.fromisoformat(manifest.created)).days
    return ok("model", f"{current}, {manifest.examples} examples, {age} days old, labels {', '.join(manifest.labels)}")


def _mode(settings: Settings) -> Finding:
    triage = settings.triage
    said = {
        "suggest": f"every ticket that no rule decides goes to {triage.review_team}, with suggestions",
        "auto": f"the model routes where verified tickets certify {triage.promised_accuracy:.0%} accuracy",
        "always": f"the model routes from confidence {triage.threshold:.2f}, the rest goes to {triage.review_team}",
    }
    special = [c for c in settings.categories if c.mode or c.threshold is not None]
    own = "".join(f"; {c.name}: {c.mode or triage.mode} {c.threshold or ''}".rstrip() for c in special)
    switch = 'to switch: [triage] mode = "suggest", "auto" or "always", threshold = 0.0 to 1.0; or in [[categories]]'
    return Finding(State.OK, "triage", f"mode {triage.mode}: {said[triage.mode]}{own}", switch)
