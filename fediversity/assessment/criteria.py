"""Lists all criteria in the order of the table, from the flake's parts to observations of a machine."""

from collections.abc import Iterator

from fediversity.assessment import clan, observed, structure, system
from fediversity.assessment.context import AssessmentContext
from fediversity.assessment.criterion import Criterion
from fediversity.assessment.results import Row

CRITERIA: tuple[Criterion, ...] = (*structure.CRITERIA, *clan.CRITERIA, *system.CRITERIA)


def check_all(context: AssessmentContext) -> Iterator[Row]:
    """Checks the criteria one after the other. Raises ObservedError if the recorded observations are invalid."""
    observed_rows = observed.rows(observed.read(context.project / observed.OBSERVED))
    for criterion in CRITERIA:
        yield criterion.row(context)
    yield from observed_rows
