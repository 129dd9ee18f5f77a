"""Finding the credentials of a stack's clouds, all of them before anything is declared."""
