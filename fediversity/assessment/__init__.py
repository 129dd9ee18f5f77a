"""The assessment of phase 0: checks its criteria on the minimal clan and records the results."""
