"""What a run or a day came to, in figures and pictures that others can check."""
