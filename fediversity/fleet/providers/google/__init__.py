"""Google Cloud: Compute Engine, Cloud DNS, Cloud Storage, Cloud KMS."""
