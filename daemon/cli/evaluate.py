"""The command `evaluate`: measure triage on labelled tickets."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.support import context, output, params

if TYPE_CHECKING:
    from config.settings import Settings
    from daemon.vocabulary import Triage
    from workers.learning.breakdown import Decided, Part, Priorities
    from workers.learning.examples import Example
    from workers.learning.metrics import Answer, Figures
    from workers.triage.classifier import Model
    from workers.triage.encoder import Encoder
    from workers.triage.policy import TriagePolicy

NEVER_AUDITED = 1.0


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.csv")
@click.option(
    "--predictions",
    type=click.Path(path_type=Path),
    metavar="OUT.csv",
    help="Write id, label and confidence to this file.",
)
@click.option("--model-only", is_flag=True, help="Measure the model without the rules.")
@params.as_json
@click.pass_context
def evaluate(ctx: click.Context, file: Path, predictions: Path | None, model_only: bool, as_json: bool) -> None:
    r"""Measure the accuracy of triage on labelled tickets.

    FILE.csv has the columns id, subject, body and label (or category), and may have the column priority. As in
    operation, rules decide before the model, and tickets below the threshold in force go to a person. The figures are
    also shown per language and per length of the email.

    \b
    Example: triaged evaluate our-tickets.csv --json
    Example: triaged evaluate our-tickets.csv --predictions out.csv
    """
    settings = context.settings(ctx, quiet=True)
    with output.busy("loading tickets and model"):
        examples = _read(file)
        model, note = _model(settings)
        method = _method(settings, model, model_only=model_only)
    output.note(note)
    started = perf_counter()
    decisions = _decisions(method, examples)
    milliseconds = 1000 * (perf_counter() - started) / len(examples)
    decided = _compared(method, examples, decisions)
    if predictions is not None:
        _write(predictions, examples, [each.answer for each in decided])
    _report(decided, method, milliseconds, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Method:
    """What decides on the tickets."""

    policy: "TriagePolicy"
    model: "Model"
    encoder: "Encoder"
    certified: "Mapping[str, float | None]"

    def describe(self) -> dict[str, Any]:
        """Return what is in force: `routed_from` is the confidence that each category needs to be routed."""
        from workers.triage.routing import threshold

        names = [category.name for category in self.policy.categories]
        return {
            "model": self.model.version,
            "second_opinion": self.model.second_of(self.encoder.name) is not None,
            "rules": len(self.policy.rules),
            "mode": str(self.policy.mode),
            "routed_from": {name: threshold(name, self.policy, self.certified)[0] for name in names},
        }


def _read(file: Path) -> "list[Example]":
    from workers.learning.examples import ExampleError, read_file

    try:
        examples = read_file(file)
    except ExampleError as error:
        raise (context.BadData if error.line else context.NotFound)(str(error)) from None
    if not examples:
        raise context.BadData(f"{file} has no tickets")
    return examples


def _model(settings: "Settings") -> "tuple[Model, str]":
    from daemon.cli.support.dry_run import usable_model

    model, note = usable_model(settings)
    if model is None:
        raise context.BadData(note)
    return model, note


def _method(settings: "Settings", model: "Model", *, model_only: bool) -> _Method:
    from workers.learning import semantic
    from workers.policies import triage_policy

    policy = triage_policy(settings)
    if model_only:
        policy = replace(policy, rules=())
    encoder = semantic.shared(enabled=settings.triage.semantic)
    return _Method(policy, model, encoder, _certified(settings, policy))


def _certified(settings: "Settings", policy: "TriagePolicy") -> "Mapping[str, float | None]":
    """Return the thresholds that verified tickets have earned; without a database there are none."""
    from workers.app import registry
    from workers.learning.current import CurrentModel
    from workers.triage.policy import Mode

    models = registry(settings)
    if Mode.AUTO not in policy.modes or not models.current():
        return {}
    try:
        with context.store(settings) as store:
            source = CurrentModel(store, models, lambda: policy)
            return source.certified() if source.model() else {}
    except context.Failure as failure:
        output.note(f"no category is certified: {failure}")
        return {}


def _decisions(method: _Method, examples: "Sequence[Example]") -> "list[Triage]":
    """Return the decision on each ticket; for a ticket sent to review, the best guess of the model counts."""
    from workers.triage.decide import decide

    found = []
    with output.progress("tickets", len(examples)) as bar:
        for example in examples:
            found.append(
                decide(
                    example.case, method.policy, method.model, method.certified, NEVER_AUDITED, encoder=method.encoder
                )
            )
            bar.update(1)
    return found


def _compared(method: _Method, examples: "Sequence[Example]", decisions: "Sequence[Triage]") -> "list[Decided]":
    """Put each decision beside the truth, with the language that is shown to people."""
    from workers.learning.breakdown import compared
    from workers.triage import language, tokens

    found, lexicon = [], method.model.features.lexicon
    for example, triage in zip(examples, decisions, strict=True):
        forms = tokens.forms(example.case.read)
        code = language.shown(lexicon, lexicon.find(forms), Counter(forms))
        found.append(compared(example, triage, language.name(example.case.read, code), method.policy.review_team))
    return found


def _write(path: Path, examples: "Sequence[Example]", answers: "Sequence[Answer]") -> None:
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(["id", "label", "confidence"])
            for number, (example, answer) in enumerate(zip(examples, answers, strict=True), 1):
                rows.writerow([example.key or number, answer.label, f"{answer.confidence:.6f}"])
    except OSError as error:
        raise context.NotWritten(f"{path}: {error.strerror}") from None


def _report(decided: "Sequence[Decided]", method: _Method, milliseconds: float, *, as_json: bool) -> None:
    from workers.learning import breakdown
    from workers.learning.metrics import measure

    figures = measure([each.answer for each in decided])
    whole = breakdown.part("all", decided)
    languages, lengths = breakdown.by_language(decided), breakdown.by_length(decided)
    if as_json:
        parts = {"languages": list(map(asdict, languages)), "lengths": list(map(asdict, lengths))}
        more = {key: value for key, value in asdict(whole).items() if key != "name"}
        times = {"milliseconds": round(milliseconds, 3)}
        output.emit({**asdict(figures), **more, **parts, **method.describe(), **times})
        return
    output.facts("triage", {name.replace("_", " "): value for name, value in method.describe().items()})
    _facts(figures, whole, milliseconds)
    rows = [{"category": name} | asdict(each) for name, each in figures.classes.items()]
    output.listing(rows, ("category", "count", "recall", "precision", "f1"), as_json=False)
    _parts("language", languages)
    _parts("length", lengths)
    if whole.priority:
        _priorities(whole.priority)
        _rated("language", languages)
        _rated("length", lengths)


def _facts(figures: "Figures", whole: "Part", milliseconds: float) -> None:
    shown: dict[str, Any] = {
        "tickets": figures.count,
        "accuracy": f"{figures.accuracy:.4f}",
        "macro-F1": f"{figures.macro_f1:.4f}",
        "ECE": f"{figures.ece:.4f}",
        "routed": f"{whole.routed:.4f}",
        "routed right": None if whole.routed_right is None else f"{whole.routed_right:.4f}",
        "unknown": f"{whole.unknown:.4f}",
        "coverage at 95 %": f"{figures.coverage:.4f}",
        "ms per ticket": f"{milliseconds:.2f}",
    }
    output.facts("these tickets", shown)


def _parts(name: str, parts: "Sequence[Part]") -> None:
    rows = [{name: part.name, "right": part.accuracy, "ECE": part.ece} | asdict(part) for part in parts]
    columns = (name, "count", "right", "ECE", "routed", "routed_right", "unknown")
    output.listing(rows, columns, as_json=False)


def _priorities(found: "Priorities") -> None:
    facts = {
        "tickets": found.count,
        "right": f"{found.accuracy:.4f}",
        "too low": f"{found.too_low:.4f}",
        "too high": f"{found.too_high:.4f}",
    }
    output.facts("priority", facts)
    confusion = [{"is": truth} | dict(row) for truth, row in found.confusion.items()]
    output.listing(confusion, ("is", *found.confusion), as_json=False)


def _rated(name: str, parts: "Sequence[Part]") -> None:
    """Print how the priorities of each part were decided, where true ones are known."""
    rows = [
        {name: part.name, "right": part.priority.accuracy} | asdict(part.priority) for part in parts if part.priority
    ]
    output.listing(rows, (name, "count", "right", "too_low", "too_high"), as_json=False)
