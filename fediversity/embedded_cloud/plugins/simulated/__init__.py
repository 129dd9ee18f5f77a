"""Resources that exist only in the embedded cloud: the site, and machines that stand for machines outside any cloud."""
