"""Scores, what they are set against, and what must be said with them."""
