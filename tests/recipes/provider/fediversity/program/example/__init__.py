"""What the program declares in Example Cloud."""
