"""What happened in the last weeks, and whether triage is still right: charts, each with its table."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from fastapi import Response

from daemon.store.queries import insight, labels
from daemon.store.queries.triage_stats import score
from daemon.tickets.sign_in import Role
from daemon.web.pages import charts
from daemon.web.pages.page import Page, Route

CHOICES: Final = (7, 30, 90)
LIMITS: Final = (
    ("under 1 h", timedelta(hours=1)),
    ("under 4 h", timedelta(hours=4)),
    ("under 1 day", timedelta(days=1)),
    ("under 3 days", timedelta(days=3)),
    ("under 7 days", timedelta(days=7)),
)
LONGER: Final = "longer"


def show(page: Page) -> Response:
    """Show the figures of the last 7, 30 or 90 days."""
    chosen = page.query.get("days", "")
    days = int(chosen) if chosen in {str(one) for one in CHOICES} else 30
    now = page.services.clock.now()
    since = now - timedelta(days=days)
    with page.services.store.read() as session:
        opened = insight.tickets_a_day(session, now, days)
        start = insight.start_of_newest(session, since)
        confidences = insight.confidences(session, start)
        times = insight.times(session, since)
        ages = insight.ages(session, now, [limit for _, limit in LIMITS])
        found = score(session, start, page.services.settings.triage.review_team)
        checked = [(one.confidence, one.right) for one in labels.reviews(session, start)]
    by_category = [one for one in found.overrides if one.kind == "category"]
    names = [*(name for name, _ in LIMITS), LONGER]
    return page.render(
        "insight.html",
        days=days,
        choices=CHOICES,
        opened=charts.bars([(f"{one.day:%m-%d}", one.tickets) for one in opened]),
        confidences=charts.bars([(_bin(number), count) for number, count in enumerate(confidences)]),
        answered=charts.bars(list(zip(names, _spread(times.to_answer), strict=True))),
        resolved=charts.bars(list(zip(names, _spread(times.to_resolve), strict=True))),
        median_answer=_median(times.to_answer),
        median_resolve=_median(times.to_resolve),
        ages=charts.bars([(_at_least(name, number), number) for name, number in zip(names, ages, strict=True)]),
        start=start if start > since else None,
        most=f"{insight.READ:,}",
        score=found,
        by_category=by_category,
        routed=charts.shares([(one.name, one.routed, one.decided) for one in by_category]),
        corrected=charts.shares([(one.name, one.overridden, one.checked) for one in by_category]),
        reliability=charts.reliability(checked, insight.BINS),
        chart=charts,
    )


def _at_least(name: str, number: int) -> str:
    return f"{name} ({insight.READ:,} or more)" if number >= insight.READ else name


def _bin(number: int) -> str:
    return f"{number / insight.BINS:.0%}"


def _spread(times: Sequence[timedelta]) -> list[int]:
    """Count times below each of the LIMITS and not below the one before, and those above all."""
    counts = [0] * (len(LIMITS) + 1)
    for one in times:
        counts[next((number for number, (_, limit) in enumerate(LIMITS) if one < limit), len(LIMITS))] += 1
    return counts


def _median(times: Sequence[timedelta]) -> str:
    if not times:
        return ""
    middle = sorted(times)[len(times) // 2]
    hours = middle.total_seconds() / 3600
    return f"{hours * 60:.0f} min" if hours < 1 else f"{hours:.1f} h"


ROUTES: Final = (Route("GET", "/ui/insight", show, Role.VIEWER),)
