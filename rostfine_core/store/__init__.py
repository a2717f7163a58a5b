"""The case store: patients, samples, videos, sperm, grades and reports in a database."""
