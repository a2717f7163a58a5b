"""Learning from tracked clips that nobody graded, before a network is trained on graded ones."""
