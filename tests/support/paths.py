"""Where tests find files of the project, and the shared data beside it."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
CONFIG: Final = ROOT / "config"
EMAILS: Final = ROOT / "tests" / "emails"
SHARED: Final = ROOT.parent / "shared"
CORPUS: Final = SHARED / "corpus"
