"""What is right, at points, in balls; and verdicts on numbers and formulas."""
