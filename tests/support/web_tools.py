"""Stands in for what the pages need of the workers."""

from typing import Any

from config.settings import Settings
from daemon.facts import Problem
from daemon.vocabulary import Triage
from daemon.web.tools import DemoError, ModelsError, Moved, Rehearsal
from tests.support.tickets_for_pages import DECIDED


class FakeTools:
    """Two models, one problem, and the same decision about every email."""

    def __init__(self) -> None:
        self.no_demo = ""
        self.current, self.tried = "two", b""
        self.rehearsed: tuple[str | None, tuple[str, str] | None, int] | None = None

    def reload(self, _settings: Settings) -> None:
        """Decide the same as before."""

    def triage(self, _subject: str, _text: str) -> Triage:
        return DECIDED

    def models(self) -> list[dict[str, Any]]:
        figures = {
            "created": "2026-03-01T00:00:00+00:00",
            "examples": 90,
            "accuracy": 0.9,
            "macro_f1": 0.8,
            "ece": 0.02,
            "reasons": ["macro-F1 falls from 0.9 to <b>0.8"],
        }
        good = [{"version": name, "current": name == self.current, "state": "ok", **figures} for name in ("one", "two")]
        return [*good, {"version": "bad", "current": False, "reasons": [], "state": "was changed <b>"}]

    def promote(self, version: str | None) -> str:
        if version == "bad":
            raise ModelsError("was changed <b>")
        self.current = version or "one"
        return self.current

    def rehearse(self, version: str | None, rule: tuple[str, str] | None, number: int) -> Rehearsal:
        self.rehearsed = (version, rule, number)
        return Rehearsal(7, (Moved("HD-1", "Subject <b>", "Login", "A", "Payments", "B"),))

    def send_examples(self) -> int:
        if self.no_demo:
            raise DemoError(self.no_demo)
        return 20

    def problems(self) -> tuple[Problem, ...]:
        return (Problem("dead", "1 job is dead <b>"),)

    def try_email(self, raw: bytes) -> dict[str, Any]:
        self.tried = raw
        return {
            "subject": "Tried <b>",
            "triage": {
                "category": "Payments",
                "priority": "High",
                "team": "PAYMENTS_TEAM",
                "confidence": 0.8,
                "reasons": ["because <b>"],
            },
            "screening": {"kind": "person", "acknowledge": True, "reasons": []},
            "attachments": [{"filename": "<b>.pdf", "size": 2048, "content_type": "x"}],
            "defects": ["a <b>"],
            "reply": "Text <b>",
        }
