"""Where the engine keeps the state of a stack, and how such a place is prepared."""
