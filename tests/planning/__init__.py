"""Tests of the plan: order, fingerprints and command lines, all of it pure."""
