"""All sperm of the sample in a table and side by side."""
