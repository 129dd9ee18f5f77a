"""The runner that command resources execute: one supervised step on one machine. Knows no pulumi."""
