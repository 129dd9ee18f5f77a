"""The fediversity command for people. Connects the other rooms and decides nothing."""
