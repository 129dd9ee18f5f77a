"""Tests of the ledger: many writers, sudden ends, and what its records say."""
