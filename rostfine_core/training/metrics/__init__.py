"""Metrics, reference scores to compare with, and the cautions that go with them."""
