"""Pulumi components: the only room that imports pulumi. Declares the plan, decides nothing."""
