"""What exists only in the embedded cloud: the site itself, and machines that stand for ones outside any cloud."""
