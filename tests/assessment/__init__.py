"""Tests of the assessment of phase 0, and of the minimal clan that it assesses."""
