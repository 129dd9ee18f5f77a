"""The record of every step that ran, in SQLite."""
