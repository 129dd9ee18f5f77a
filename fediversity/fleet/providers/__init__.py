"""Where machines live: everything that is known of each provider, in one folder a cloud.

`base.py` says what a provider is, `registry.py` lists all of them, `accounts.py` how each cloud's account is reached,
`resource_types.py` what each resource type of theirs is. Nothing outside this folder asks which provider it has.
"""
