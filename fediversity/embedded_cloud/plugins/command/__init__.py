"""The simulated command plug-in: it really runs commands on this computer, as pulumi-command does.

Unsupported features are refused. The behaviour follows pulumi-command 1.2.1 (`provider/pkg/provider/local`).
"""
