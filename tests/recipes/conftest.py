"""New files of recipes are no tests here: they are run in a copy of the project."""

collect_ignore_glob = ["*/tests/*"]
