"""`triaged check` tests everything, says what to do, and hides secrets. `triaged stats` counts everything."""

from pathlib import Path

import pytest

from tests.support.cli import Case
from tests.support.dns_server import DnsServer
from tests.support.emails import inbound, mail
from workers.learning import semantic

SECRET = "secret-canary"


def _states(case: Case, *options: str) -> dict[str, str]:
    worst: dict[str, str] = {}
    order = ("ok", "warn", "fail")
    for row in case.run("check", "--json", *options).rows:
        worst[row["what"]] = max(worst.get(row["what"], "ok"), row["state"], key=order.index)
    return worst


def test_a_first_run_has_no_failure(case: Case) -> None:
    outcome = case.run("check")
    assert outcome.code == 0, outcome.out
    for part in (
        "settings in force",
        "smtp.listen = '127.0.0.1:2525'",
        "mode always",
        "to change:",
        "belong to triaged only",
    ):
        assert part in outcome.out


def test_secrets_are_masked_and_failures_say_what_to_do(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGED_BROKER__URL", f"redis://:{SECRET}@127.0.0.1:1/0")
    monkeypatch.setenv("TRIAGED_OUTGOING__TRANSPORT", "smtp")
    monkeypatch.setenv("TRIAGED_OUTGOING__HOST", "127.0.0.1")
    monkeypatch.setenv("TRIAGED_OUTGOING__PORT", "1")
    monkeypatch.setenv("TRIAGED_OUTGOING__PASSWORD", SECRET)
    outcome = case.run("check")
    assert outcome.code == 75
    assert SECRET not in outcome.out + outcome.err
    assert "password = '***'" in outcome.out
    assert "start Redis; until then jobs wait" in outcome.out
    assert _states(case)["outgoing"] == "fail"


def test_a_broken_template_is_a_configuration_error(case: Case, bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    templates = bare / "templates"
    templates.mkdir()
    (templates / "ticket.txt.j2").write_text("{{ nonsense", encoding="utf-8")
    monkeypatch.setenv("TRIAGED_SERVICE__TEMPLATES", str(templates))
    assert case.run("check", "--quiet").code == 78
    assert _states(case)["templates"] == "fail"


def test_a_slow_rule_is_a_configuration_error(case: Case, bare: Path) -> None:
    rule = '[[rules]]\nname = "slow"\ncategory = "Login"\npatterns = ["(a+)+$"]\n'
    (bare / "triaged.toml").write_text(rule, encoding="utf-8")
    assert case.run("check", "--quiet").code == 78
    assert _states(case)["rules"] == "fail"


@pytest.mark.parametrize(
    ("settings", "state", "words"),
    [
        ("", "ok", "authentication token (auto): a team's token and a member's From give power over a ticket"),
        (
            '[support]\ntrusted_authserv_ids = ["mx.shop.test"]\n[smtp]\ntrusted_networks = ["192.0.2.0/24"]',
            "ok",
            "authentication dmarc (auto), by mx.shop.test: a member's email needs a team's token and a DMARC pass",
        ),
        (
            '[smtp]\nhostname = "mx.shop.test"\n[authentication]\ncheck = true',
            "ok",
            "authentication dmarc (auto), by our own check (mx.shop.test): a member's email needs a team's token",
        ),
        (
            '[conversation]\nauthentication = "dmarc"',
            "warn",
            "authentication dmarc, but no server's results are believed: all answers of members go back",
        ),
        (
            '[conversation]\nauthentication = "submission"',
            "warn",
            "authentication submission, but smtp.users is empty: all answers of members go back",
        ),
    ],
)
def test_one_line_says_who_may_act_by_email(case: Case, bare: Path, settings: str, state: str, words: str) -> None:
    (bare / "triaged.toml").write_text(settings, encoding="utf-8")
    (found,) = [row for row in case.run("check", "--json").rows if row["what"] == "conversation"]
    assert found["state"] == state
    assert words in found["text"]
    assert found["advice"] or state == "ok"


def _senders(case: Case, bare: Path, settings: str) -> list[dict[str, str]]:
    (bare / "triaged.toml").write_text(settings, encoding="utf-8")
    return [row for row in case.run("check", "--json").rows if row["what"] == "senders"]


def test_one_line_says_that_senders_are_not_checked(case: Case, bare: Path) -> None:
    (found,) = _senders(case, bare, "")
    assert (found["state"], found["text"]) == (
        "ok",
        "not checked by triaged (authentication.check is off); no other server's results are believed",
    )


def test_the_name_server_is_asked_where_senders_are_checked(case: Case, bare: Path) -> None:
    with DnsServer() as dns:
        own = f'[authentication]\ncheck = true\nnameservers = ["{dns.setting}"]\n'
        (found,) = _senders(case, bare, f"{own}timeout_seconds = 15\n")
        assert (found["state"], len(dns.asked)) == ("ok", 1)
        dns.is_down = True
        (down,) = _senders(case, bare, f"{own}timeout_seconds = 1\n")
        assert (down["state"], "no answer from 127.0.0.1" in down["text"]) == ("fail", True)
        dns.is_down = False
        _, lmtp = _senders(case, bare, f'{own}[smtp]\nprotocol = "lmtp"\n')
        assert (lmtp["state"], "LMTP" in lmtp["text"]) == ("warn", True)
        _, none = _senders(case, bare, f"{own}[smtp]\nenabled = false\n")
        assert (none["state"], "without the listener" in none["text"]) == ("warn", True)
        same = '[smtp]\nhostname = "mx.shop.test"\n[support]\ntrusted_authserv_ids = ["MX.shop.test"]\n'
        _, ignored = _senders(case, bare, f"{own}{same}")
        assert (ignored["state"], "mx.shop.test in" in ignored["text"]) == ("warn", True)


def test_one_line_says_whether_the_sentence_encoder_is_used(
    case: Case, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (off,) = [row for row in case.run("check", "--json").rows if row["what"] == "encoder"]
    assert (off["state"], off["text"][:4]) == ("ok", "off:")
    (bare / "triaged.toml").write_text("[triage]\nsemantic = true\n", encoding="utf-8")
    monkeypatch.setattr(semantic, "VERSION", "0.0.1")
    semantic.shared.cache_clear()
    (on,) = [row for row in case.run("check", "--json").rows if row["what"] == "encoder"]
    semantic.shared.cache_clear()
    assert on["state"] == "warn"
    assert "pip install triaged[semantic]" in on["text"]
    assert on["text"].endswith("words alone decide")


def test_settings_without_effect_are_named(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGED_SUPPORT__ADDRESSES", '["customer-support-team@shop.test"]')
    monkeypatch.setenv("TRIAGED_SUPPORT__TRUSTED_AUTHSERV_IDS", '["mx.shop.test"]')
    out = " ".join(case.run("check").out.split())
    assert "no token fits into customer-support-team@shop.test" in out
    assert "set smtp.trusted_networks" in out


def test_an_unreachable_mailbox_is_named(case: Case, bare: Path) -> None:
    box = f'[[imap]]\nname = "work"\nhost = "127.0.0.1"\nport = 1\nusername = "ann"\npassword = "{SECRET}"\n'
    (bare / "triaged.toml").write_text(box, encoding="utf-8")
    (bare / "triaged.toml").chmod(0o600)
    outcome = case.run("check")
    assert outcome.code == 75
    assert "mailbox work" in outcome.out
    assert SECRET not in outcome.out


def test_an_invalid_certificate_is_a_configuration_error(
    case: Case, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("certificate", "key"):
        (bare / name).write_text("not PEM", encoding="ascii")
        monkeypatch.setenv(f"TRIAGED_SMTP__{name.upper()}", str(bare / name))
    assert _states(case)["certificate"] == "fail"


def test_a_real_redis_is_checked(case: Case, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGED_BROKER__URL", redis_url)
    rows = [row for row in case.run("check", "--json").rows if row["what"] == "broker"]
    assert rows[0]["state"] == "ok"
    assert all(row["state"] != "fail" for row in rows)


def test_bad_health_is_a_failure_only_with_live(case: Case) -> None:
    case.accept(inbound(mail()))
    assert case.run("check").code == 0
    live = case.run("check", "--live")
    assert live.code == 75
    assert "does a worker run?" in live.out


def test_stats_counts_everything_and_names_the_oldest_waiting_job(case_anywhere: Case) -> None:
    receipt = case_anywhere.accept(inbound(mail()))
    assert receipt.ticket_id is not None
    case_anywhere.decide(receipt.ticket_id)
    found = case_anywhere.run("stats", "--json").rows[0]
    assert (found["emails"], found["tickets"], found["jobs"]) == ({"ticket": 1}, {"OPEN": 1}, {"ready": 1})
    assert found["teams"] == {"PAYMENTS_TEAM": 1}
    assert found["oldest_due"]["job"] == f"triage ticket:{receipt.ticket_id}"
    assert "oldest waiting job: triage" in case_anywhere.run("stats").out


def test_stats_triage_counts_overridden_decisions(case_anywhere: Case) -> None:
    case = case_anywhere
    for number, category in enumerate(("Payments", "Payments", "Login")):
        ticket_id, reference = case.opened(inbound(mail(subject=f"case {number}", body=f"{number}")))
        case.decide(ticket_id)
        case.run("tickets", "correct", reference, "--category", category)
    reviewed, _ = case.opened(inbound(mail(subject="doubt", body="doubt")))
    case.decide(reviewed, team="MANUAL_REVIEW")
    found = case.run("stats", "triage", "--since", "2026-01-01", "--json").rows[0]
    assert (found["decided"], found["coverage"], found["review_share"]) == (4, 0.75, 0.25)
    by_team = next(row for row in found["overrides"] if row["name"] == "PAYMENTS_TEAM")
    assert (by_team["routed"], by_team["checked"], by_team["overridden"]) == (3, 3, 1)


def test_a_database_outside_the_state_directory_is_a_warning(case: Case) -> None:
    # The store of the tests is outside of it, in a directory of its own.
    (found,) = [row for row in case.run("check", "--json").rows if "outside service.state_dir" in row["text"]]
    assert (found["what"], found["state"]) == ("database", "warn")
    assert "other users" not in found["text"]
    path = Path(str(case.store.engine.url.database))
    path.parent.chmod(0o755)
    found = next(row for row in case.run("check", "--json").rows if "outside service.state_dir" in row["text"])
    assert "other users may look into its directory" in found["text"]
    assert f"chmod 700 {path.parent}" in found["advice"]


def test_a_database_in_the_state_directory_is_no_warning(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    state = Path(str(case.store.engine.url.database)).parent
    monkeypatch.setenv("TRIAGED_SERVICE__STATE_DIR", str(state))
    assert "outside service.state_dir" not in case.run("check").out
