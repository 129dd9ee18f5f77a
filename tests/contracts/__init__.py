"""What the tests know of tools and packages of others: the project's own record of the facts, and how it is made."""
