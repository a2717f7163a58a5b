"""The case store: patients, samples, videos, sperm, grades and reports in a database."""

from rostfine_core.store.store import Store

__all__ = ["Store"]
