"""Slots that turn requests of the views into jobs and changes of the session."""
