"""What a process asks of its system."""

import subprocess
import sys

from tests.support.paths import ROOT


def test_garbage_is_collected_less_often_and_not_among_existing_objects() -> None:
    program = (
        "import gc; from daemon.system.tuning import collect_less_often; collect_less_often();"
        "assert gc.get_threshold()[0] == 10_000 and gc.get_freeze_count() > 1000"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
