"""The log of a process holds what it said also while its files may not grow: it explains what happened then."""

import resource
import smtplib
from contextlib import suppress

from tests.faults.kit import Kit
from tests.faults.load import Numbers
from tests.faults.system import SQLITE, System


def test_the_log_goes_on_while_the_files_of_a_process_may_not_grow() -> None:
    with Kit() as kit, System(kit, SQLITE) as system:
        log, pid = system.room / "run.log", system.children[0].pid
        before = log.stat().st_size
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        mail = Numbers("log").mail()
        with suppress(smtplib.SMTPException), smtplib.SMTP("127.0.0.1", system.port, timeout=60) as client:
            client.sendmail(mail.sender, ["support@example.com"], mail.raw)
        system.until(lambda: log.stat().st_size > before, "a line of the log")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
