"""The backend where Pulumi keeps a stack's state, and its preparation."""
