"""The widgets, one a file: they show the session and emit requests, and never compute."""
