"""What no stack may go beyond: rules over what a program declares, as plain functions."""
