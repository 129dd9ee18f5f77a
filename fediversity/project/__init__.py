"""A checkout and one of its stacks: settings, paths and lock, handed down in place of the current folder."""
