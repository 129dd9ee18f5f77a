"""Pure functions from the fleet to steps and their edges, and the fingerprints that decide what runs again."""
