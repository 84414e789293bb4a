"""The command `evaluate`: measure triage on labelled tickets."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.support import context, output, params

if TYPE_CHECKING:
    from config.settings import Settings
    from daemon.vocabulary import Priority
    from workers.learning.breakdown import Decided, Part
    from workers.learning.examples import Example
    from workers.learning.metrics import Answer, Figures
    from workers.triage.classifier import Model

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
    operation, rules decide before the model. The figures are also shown per language and per length of the email.

    \b
    Example: triaged evaluate our-tickets.csv --json
    Example: triaged evaluate our-tickets.csv --predictions out.csv
    """
    settings = context.settings(ctx, quiet=True)
    with output.busy("loading tickets and model"):
        examples = _read(file)
        model, note = _model(settings)
    output.note(note)
    started = perf_counter()
    answers = _answers(settings, model, examples, model_only=model_only)
    milliseconds = 1000 * (perf_counter() - started) / len(examples)
    if predictions is not None:
        _write(predictions, examples, [answer for answer, _ in answers])
    _report(_decided(model, examples, answers), model, milliseconds, as_json=as_json)


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


def _answers(
    settings: "Settings", model: "Model", examples: "Sequence[Example]", *, model_only: bool
) -> "list[tuple[Answer, Priority | None]]":
    """Return the decision on each ticket; for a ticket sent to review, the best guess of the model counts."""
    from workers.learning import semantic
    from workers.learning.metrics import Answer
    from workers.policies import triage_policy
    from workers.triage.decide import decide

    policy, encoder, found = triage_policy(settings), semantic.shared(enabled=settings.triage.semantic), []
    with output.progress("tickets", len(examples)) as bar:
        for example in examples:
            if model_only:
                prediction = model.predict(example.case)
                label, confidence = prediction.categories[0]
                priority = prediction.priorities[0][0] if prediction.priorities else None
            else:
                decided = decide(example.case, policy, model, {}, NEVER_AUDITED, encoder=encoder)
                label, confidence, priority = decided.category, decided.confidence, decided.priority
            found.append((Answer(example.category, label, confidence), priority))
            bar.update(1)
    return found


def _decided(
    model: "Model", examples: "Sequence[Example]", answers: "Sequence[tuple[Answer, Priority | None]]"
) -> "list[Decided]":
    """Add to each decision what it is broken down by."""
    from workers.learning.breakdown import Decided
    from workers.triage import language, tokens

    found = []
    for example, (answer, priority) in zip(examples, answers, strict=True):
        case, lexicon = example.case, model.features.lexicon
        forms = tokens.forms(case.read)
        name = language.name(case.read, language.shown(lexicon, lexicon.find(forms), tokens.length(Counter(forms))))
        words = len(tokens.split(f"{case.subject}\n{case.body}"))
        found.append(Decided(answer, example.priority, priority, name, words))
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


def _report(decided: "Sequence[Decided]", model: "Model", milliseconds: float, *, as_json: bool) -> None:
    from workers.learning import breakdown
    from workers.learning.metrics import measure

    figures = measure([each.answer for each in decided])
    languages, lengths = breakdown.by_language(decided), breakdown.by_length(decided)
    priorities = breakdown.priorities(decided)
    if as_json:
        parts = {"languages": list(map(asdict, languages)), "lengths": list(map(asdict, lengths))}
        rated = {"priority": asdict(priorities) if priorities else None}
        times = {"model": model.version, "milliseconds": round(milliseconds, 3)}
        output.emit({**asdict(figures), **parts, **rated, **times})
        return
    _facts(figures, milliseconds)
    rows = [{"category": name} | asdict(each) for name, each in figures.classes.items()]
    output.listing(rows, ("category", "count", "recall", "precision", "f1"), as_json=False)
    _parts("language", languages)
    _parts("length", lengths)
    if priorities:
        facts = {"tickets": priorities.count, "right": priorities.accuracy, "too low": priorities.too_low}
        output.facts("priority", facts)
        confusion = [{"is": truth} | dict(found) for truth, found in priorities.confusion.items()]
        output.listing(confusion, ("is", *priorities.confusion), as_json=False)


def _parts(name: str, parts: "Sequence[Part]") -> None:
    rows = [{name: part.name} | asdict(part) for part in parts]
    output.listing(rows, (name, "count", "accuracy", "ece", "coverage"), as_json=False)


def _facts(figures: "Figures", milliseconds: float) -> None:
    shown: dict[str, Any] = {
        "tickets": figures.count,
        "accuracy": f"{figures.accuracy:.4f}",
        "macro-F1": f"{figures.macro_f1:.4f}",
        "ECE": f"{figures.ece:.4f}",
        "coverage at 95 %": f"{figures.coverage:.4f}",
        "ms per ticket": f"{milliseconds:.2f}",
    }
    output.facts("triage on these tickets", shown)
