"""The simulated Google Cloud: addresses, firewalls, instances, DNS zones and record sets, buckets."""
