"""The simulated command plug-in: it really runs commands on this computer, as pulumi-command does.

Differences are refused, not glossed over. Behaviour follows pulumi-command 1.2.1 (`provider/pkg/provider/local`).
"""
