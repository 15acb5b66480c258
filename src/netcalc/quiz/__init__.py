"""Exercises with numbers that come out pleasantly, and their keys."""

from netcalc.quiz.exercise import Exercise, quiz
from netcalc.quiz.kinds import KINDS

__all__ = ["KINDS", "Exercise", "quiz"]
