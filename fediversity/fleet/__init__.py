"""The fleet file: frozen models of what should exist, its loading and cross-checks. Knows no engine and no network."""
