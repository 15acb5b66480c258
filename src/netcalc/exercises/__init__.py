"""Exercises with numbers that come out pleasantly, and their keys."""

from netcalc.exercises.exercise import Exercise, quiz
from netcalc.exercises.kinds import KINDS

__all__ = ["KINDS", "Exercise", "quiz"]
