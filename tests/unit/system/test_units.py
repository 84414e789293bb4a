"""The units of systemd, and the commands about them in docs/OPERATIONS.md."""

import configparser
import re
from pathlib import Path

import pytest

from tests.support.paths import ROOT

UNITS = ROOT / "systemd"
SOCKETS = (("triaged-daemon.service", "triaged-smtp.socket"), ("triaged-web.service", "triaged-web.socket"))


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNITS / name, encoding="utf-8")
    return parser


@pytest.mark.parametrize(("service", "port"), SOCKETS)
def test_a_wrong_configuration_closes_the_port_so_that_no_client_starts_the_service_again(
    service: str, port: str
) -> None:
    found = unit(service)["Service"]
    assert found["RestartPreventExitStatus"] == "78"
    assert found["ExecStopPost"] == f"+sh -c 'test \"$EXIT_STATUS\" != 78 || systemctl stop --no-block {port}'"


@pytest.mark.parametrize("service", ["triaged-worker@.service", "triaged-web.service"])
def test_every_process_starts_after_the_daemon_which_upgrades_the_database(service: str) -> None:
    assert "triaged-daemon.service" in unit(service)["Unit"]["After"].split()


def test_an_upgrade_of_a_large_database_is_not_cut_off_after_minutes() -> None:
    assert unit("triaged-daemon.service")["Service"]["TimeoutStartSec"] == "1h"


def test_a_stop_before_the_database_is_replaced_waits_until_all_have_stopped() -> None:
    text = Path(ROOT / "docs/OPERATIONS.md").read_text(encoding="utf-8")
    stops = re.findall(r"^    (systemctl stop .*)\n    .+", text, re.MULTILINE)
    assert stops, "no block of commands begins with a stop"
    assert all(stop.startswith("systemctl stop triaged.target 'triaged-*' ") for stop in stops)
