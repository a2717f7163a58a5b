"""What the window shows and remembers: the session, its records and the settings."""
