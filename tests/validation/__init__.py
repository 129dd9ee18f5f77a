"""Tests of the validation of phase 0, and of the minimal clan it looks at."""
