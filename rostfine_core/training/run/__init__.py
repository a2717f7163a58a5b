"""The folder of one training run: its recipe, log, resume point and result."""
