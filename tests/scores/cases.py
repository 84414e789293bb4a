"""Run the shared cases through `triaged try` and compare what each wants; `--gate` fails unless all are met.

usage: python -m tests.scores.cases [--gate] [--shared DIRECTORY]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.support.paths import SHARED

TRIAGED = Path(sys.executable).with_name("triaged")
# The setting that the case of an accepted machine names in its note.
MACHINES = '["@monitor.example"]'
# What a case wants, where its own bytes say otherwise: +APwA3w- is U+00FC U+00DF (RFC 2152), which makes "Grüße". The
# case wants "Größe", which would be +APYA3w-.
CORRECTED: Mapping[str, Mapping[str, Any]] = {"utf-7-body": {"text_contains": ["I can't log in, Grüße"]}}


def try_all(folder: Path, *, machines: str = "[]") -> dict[str, Any]:
    """Return what `triaged try` says of each email in a folder, by name."""
    with tempfile.TemporaryDirectory(prefix="triaged-cases-") as state:
        settings = {
            "TRIAGED_SERVICE__STATE_DIR": state,
            "TRIAGED_SUPPORT__ADDRESSES": '["support@example.com"]',
            "TRIAGED_SUPPORT__ACCEPTED_MACHINES": machines,
        }
        command = [str(TRIAGED), "try", str(folder), "--json"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=state, env=os.environ | settings)
    rows = map(json.loads, done.stdout.splitlines())
    return {row["file"].removesuffix(".eml"): row for row in rows}


def unmet(want: Mapping[str, Any], plain: Mapping[str, Any], accepted: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a case wants and does not get; `accepted` is the result with the accepted machines."""
    screening, bounce, triage = plain["screening"], plain["bounce"] or {}, plain["triage"] or {}
    got = {
        "kind": screening["kind"],
        "acknowledge": screening["acknowledge"],
        "requester": plain["requester"],
        "bounce_recipient": next(iter(bounce.get("recipients", ())), None),
        "category": triage.get("category"),
    }
    for name, value in want.items():
        if name == "text_contains":
            text = " ".join(plain["text"].split())
            yield from (f"the text lacks {part!r}" for part in value if " ".join(part.split()) not in text)
        elif name == "note":
            yield from _unmet_note(plain, accepted)
        elif got.get(name) != value:
            yield f"{name} is {got.get(name)!r}, not {value!r}"


def _unmet_note(plain: Mapping[str, Any], accepted: Mapping[str, Any]) -> Iterator[str]:
    """Yield what fails of a machine: listed without the setting, a triaged ticket without acknowledgement with it."""
    if plain["screening"]["kind"] == "person":
        yield "without the setting it is taken for a person"
    if accepted["screening"]["kind"] != "person" or not accepted["triage"]:
        yield "with the setting it opens no ticket"
    if accepted["screening"]["acknowledge"]:
        yield "with the setting it is acknowledged"


def failures(folder: Path, corrected: Mapping[str, Mapping[str, Any]] = CORRECTED) -> dict[str, list[str]]:
    """Return what each case in a folder wants, with corrections, and does not get."""
    plain, accepted = try_all(folder), try_all(folder, machines=MACHINES)
    wants = {path.stem: json.loads(path.read_text("utf-8"))["want"] for path in sorted(folder.glob("*.json"))}
    return {name: [*unmet(want | corrected.get(name, {}), plain[name], accepted[name])] for name, want in wants.items()}


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--gate", action="store_true", help="exit 1 unless every case is met")
    options = parser.parse_args()
    folder = options.shared / "cases"
    if not folder.is_dir():
        print("the cases are not here: nothing measured")
        return int(os.environ.get("CI") == "true")
    found = failures(folder)
    for name, problems in found.items():
        note = f", after a correction: {CORRECTED[name]}" if name in CORRECTED else ""
        print(f"{name:36s} {'; '.join(problems) or 'ok'}{note}")
    met = sum(not problems for problems in found.values())
    print(f"{'cases':36s} {met:4d} / {len(found):4d}")
    return int(options.gate and met < len(found))


if __name__ == "__main__":
    sys.exit(main())
