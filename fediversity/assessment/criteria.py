"""All criteria in the order of the table, from the flake's parts to what only a machine shows."""

from collections.abc import Iterator

from fediversity.assessment import clan, observed, structure, system
from fediversity.assessment.bench import Bench
from fediversity.assessment.criterion import Criterion
from fediversity.assessment.results import Row

CRITERIA: tuple[Criterion, ...] = (*structure.CRITERIA, *clan.CRITERIA, *system.CRITERIA)


def checked(bench: Bench) -> Iterator[Row]:
    """Checks one criterion after the other. Raises ObservedError if what people wrote down cannot be used."""
    seen = observed.rows(observed.read(bench.project / observed.OBSERVED))
    for criterion in CRITERIA:
        yield criterion.row(bench)
    yield from seen
