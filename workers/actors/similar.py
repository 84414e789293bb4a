"""Find the earlier tickets of the same team that are similar to the ticket of a decision."""

from collections.abc import Iterator, Sequence

from daemon.store import vectors
from daemon.store.jobs import Lease
from daemon.store.queries.similar import SHOWN
from daemon.store.vectors import Search
from daemon.vocabulary import SubjectKind
from workers.jobs import batching
from workers.jobs.batching import BatchedWork
from workers.triage import similar


def find(lease: Lease) -> BatchedWork[tuple[int, ...]]:
    """Return the similar tickets for a notify job, the most similar first; () if it is not about a decision."""
    decision = lease.subject.id if lease.subject.kind is SubjectKind.DECISION else None
    search = yield from batching.read(vectors.searches, decision)
    if search is None:
        return ()
    found: tuple[int, ...] = yield from batching.compute(nearest, search)
    return found


def nearest(searches: Sequence[Search]) -> list[tuple[int, ...]]:
    """Return the similar tickets of each search, in order; those with the same pool are compared together."""
    found: dict[int, tuple[int, ...]] = {}
    for together in _by_pool(searches):
        places = similar.nearest([search.vector for search in together], together[0].pool.vectors)
        found |= {id(search): _chosen(search, at) for search, at in zip(together, places, strict=True)}
    return [found[id(search)] for search in searches]


def _by_pool(searches: Sequence[Search]) -> Iterator[list[Search]]:
    pools: dict[int, list[Search]] = {}
    for search in searches:
        pools.setdefault(id(search.pool), []).append(search)
    yield from pools.values()


def _chosen(search: Search, places: Sequence[tuple[int, float]]) -> tuple[int, ...]:
    """Return the closest earlier tickets of other customers: those of this one are shown by themselves."""
    ids, requesters = search.pool.ids, search.pool.requesters
    others = (at for at, _ in places if search.requester is None or requesters[at] != search.requester)
    return tuple(ids[at] for at in others if ids[at] < search.ticket_id)[:SHOWN]
