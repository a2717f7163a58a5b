"""The networks that can be trained, what they start from, and their files."""
