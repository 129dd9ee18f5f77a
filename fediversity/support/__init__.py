"""The ground floor: errors, processes, files, locks and facts that every room may use. Imports no other room."""
