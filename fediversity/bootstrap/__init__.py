"""Makes a fresh checkout ready: the virtual environment, Pulumi, the local plug-ins.

`./just` runs this room with the computer's own Python before anything is installed, so it uses the
standard library only and imports no other room than `support`.
"""
