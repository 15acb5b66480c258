"""What went wrong: which edit explains the wrong answers, and how they lie."""
