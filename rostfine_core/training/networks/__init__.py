"""The networks that can be trained, where they start from, and their files."""
