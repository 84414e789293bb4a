"""Print what reading mail reaches on the shared corpus beside its targets; `--gate` fails where a figure drops.

usage: python -m tests.scores.mail [--gate] [--shared DIRECTORY]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from daemon.cli.support.archives import read_emails
from daemon.mail.envelope import Envelope
from daemon.mail.mime.parse import parse
from daemon.mail.screening.screen import OwnIdentity, screen
from tests.support.paths import ROOT

TRIAGED = Path(sys.executable).with_name("triaged")
PEOPLE = ("reply", "reply_html", "signature", "forward")
MAX_LISTED = 60
MIB = 1 << 20
BIG = 25 * MIB
MAX_MEMORY = 3.0


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the scorer: the target of the issue, what was reached when this was committed, what bounds it."""

    name: str
    target: float
    floor: float
    note: str = ""


FIGURES = (
    Figure("parse.subject", 0.98, 0.9808),
    Figure("parse.from", 0.98, 0.9858),
    Figure("parse.to", 0.98, 0.9928),
    Figure("parse.message_id", 0.98, 1.0),
    Figure(
        "parse.text",
        0.95,
        0.88,
        "truths that take the first text part for the whole (one only points to the HTML), append attached emails, or "
        "keep what we decode or refuse",
    ),
    Figure(
        "parse.attachment_names", 0.95, 0.909, "truths with names made at random, with paths, or with U+FFFD in them"
    ),
    Figure("bounce.found", 0.98, 0.992),
    Figure("bounce.recipients", 0.92, 0.973),
    Figure(
        "bounce.permanent",
        0.95,
        0.8968,
        "two meanings: given up (flufl.bounce, enmime) and never again (sisimai); ours is the second, for all of them",
    ),
    Figure("bounce.not-cried", 0.99, 0.75, "four rows; the one that fails is a bounce to a reader"),
    Figure("auto.found", 1.0, 1.0),
    Figure("auto.person-kept", 1.0, 1.0),
    Figure("auto.stretch (no header evidence)", 0.0, 1.0),
    Figure("reply", 0.80, 0.888),
    Figure("reply_html", 0.80, 1.0),
    Figure("forward", 0.80, 0.875),
    Figure("security.survived", 1.0, 1.0),
    Figure("time", 1.0, 1.0),
    Figure("people are no bounces", 0.99, 1.0),
)


class Run:
    """The corpus laid out as emails, and what `triaged try` said of them."""

    def __init__(self, shared: Path, folder: Path) -> None:
        self.corpus = shared / "corpus" / "mail"
        self.laid_out = folder / "emails"
        self.results = folder / "results.jsonl"
        self._scorer = shared / "tools" / "score_mail.py"
        self._score("prepare", self.corpus, self.laid_out)
        state = {"TRIAGED_SERVICE__STATE_DIR": str(folder / "state")}
        with self.results.open("wb") as output:
            command = [str(TRIAGED), "try", str(self.laid_out), "--json"]
            subprocess.run(command, check=True, stdout=output, cwd=folder, env=os.environ | state)

    def _score(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(self._scorer), *map(str, arguments)]
        return subprocess.run(command, check=True, capture_output=True, text=True)

    def figures(self) -> dict[str, Any]:
        """Return hits and shares by name, and what stood still or broke under "_"."""
        rows: dict[str, Any] = json.loads(self._score("score", self.corpus, self.results, "--json").stdout)
        rows["people are no bounces"] = self._people()
        return rows

    def misses(self, name: str) -> list[str]:
        """Return the files that a figure falls short by."""
        said = self._score("score", self.corpus, self.results, "--misses", name).stderr
        return [line.split(": ", 1)[1].strip() for line in said.splitlines() if line.startswith("  miss ")]

    def _people(self) -> dict[str, float]:
        """Count the emails with a reply of a person in them that are taken for bounces."""
        truth = map(json.loads, (self.corpus / "expected.jsonl").read_text("utf-8").splitlines())
        written = {row["file"].removesuffix(".eml") for row in truth if row["kind"] in PEOPLE}
        results = map(json.loads, self.results.read_text("utf-8").splitlines())
        kinds = [row["screening"]["kind"] for row in results if row["file"].removesuffix(".eml") in written]
        kept = sum(kind != "bounce" for kind in kinds)
        return {"hit": kept, "of": len(kinds), "share": round(kept / len(kinds), 4)}


def table(run: Run, rows: Mapping[str, Any]) -> Iterator[str]:
    """Print every figure beside its target, with the files that miss; yield what is below its floor."""
    for figure in FIGURES:
        row = rows.get(figure.name)
        if row is None:
            yield f"{figure.name}: no truth speaks of it any more"
            continue
        mark = "" if row["share"] >= figure.target else "  BELOW TARGET"
        print(f"{figure.name:36s} {row['hit']:4d} / {row['of']:4d}  {row['share']:7.1%}   >= {figure.target:.0%}{mark}")
        if mark:
            print(f"    {figure.note}")
            print(*(f"      {name}" for name in run.misses(figure.name)[:MAX_LISTED]), sep="\n")
        if row["share"] < figure.floor:
            yield f"{figure.name}: {row['share']:.4f}, was {figure.floor}"
    for name in ("no_result_or_error", "over_2_s", "bad_lines"):
        print(f"{name:36s} {rows['_'][name]:4d}                  = 0")
        if rows["_"][name]:
            yield f"{name}: {rows['_'][name]}"


def speed(folder: Path) -> None:
    """Print the CPU time that parsing and screening take; others use this machine too, so it is not gated."""
    own = OwnIdentity(frozenset({"support@example.com"}))
    envelope = Envelope(None, ("support@example.com",), "192.0.2.1", datetime(2026, 3, 2, 12, tzinfo=UTC))

    def milliseconds(raw: bytes) -> float:
        began = time.process_time()
        screen(parse(raw), envelope, own)
        return (time.process_time() - began) * 1000

    took = [min(milliseconds(raw), milliseconds(raw)) for _, raw in read_emails([str(folder)])]
    p99 = statistics.quantiles(took, n=100)[98]
    print(f"{'CPU to parse and screen, median':36s} {statistics.median(took):9.2f} ms        <= 1 ms")
    print(f"{'CPU to parse and screen, p99':36s} {p99:9.2f} ms        <= 20 ms")


# The peak of the process since it began; what getrusage tells is inherited from the parent.
IN_CHILD = """
import re, sys
from pathlib import Path
from daemon.mail.mime.parse import parse
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024
before = peak()
message = parse(Path(sys.argv[1]).read_bytes())
print(peak() - before)
"""


def big_emails() -> Iterator[tuple[str, bytes]]:
    """Yield emails of 25 MB: a file, plain text and HTML."""
    head = b"From: ann@customer.example\r\nSubject: big\r\nMIME-Version: 1.0\r\nContent-Type: "
    file = b'application/pdf; name="scan.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    yield (
        "file",
        head + file + b"JVBERi0xLjQKJeLjz9MKMSAwIG9iago8PC9UeXBlL0NhdGFsb2cvUGFnZXMgMiAwIFI+PgplbmRv\r\n" * (BIG // 78),
    )
    plain = "The printer in room 4 prints nothing but grün.\r\n".encode()
    yield "text", head + b"text/plain; charset=utf-8\r\n\r\n" + plain * (BIG // len(plain))
    page = b"<div><p>The printer in <b>room 4</b> prints nothing.</p></div>\r\n"
    yield "HTML", head + b"text/html; charset=utf-8\r\n\r\n" + page * (BIG // len(page))


def memory(folder: Path) -> Iterator[str]:
    """Print how much memory big emails take, themselves included; yield those over the limit."""
    path = folder / "big.eml"
    for name, raw in big_emails():
        path.write_bytes(raw)
        found = subprocess.run([sys.executable, "-c", IN_CHILD, path], check=True, capture_output=True, cwd=ROOT)
        times = int(found.stdout) / len(raw)
        print(f"{f'memory for 25 MB of {name}':36s} {times:9.2f} times     < {MAX_MEMORY:.0f} times")
        if times >= MAX_MEMORY:
            yield f"25 MB of {name} take {times:.2f} times their size"


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--gate", action="store_true", help="exit 1 where a figure is below its floor")
    options = parser.parse_args()
    if not (options.shared / "corpus" / "mail" / "expected.jsonl").is_file():
        print("the mail corpus is not here: nothing measured")
        return int(os.environ.get("CI") == "true")
    with tempfile.TemporaryDirectory(prefix="triaged-score-") as name:
        folder = Path(name)
        run = Run(options.shared, folder)
        dropped = [*table(run, run.figures())]
        speed(run.laid_out)
        dropped += memory(folder)
    for problem in dropped:
        print(f"DROPPED  {problem}")
    return int(options.gate and bool(dropped))


if __name__ == "__main__":
    sys.exit(main())
