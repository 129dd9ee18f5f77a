"""The assessment of phase 0: works through its criteria on the minimal clan, and writes down what came out."""
