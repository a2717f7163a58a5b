"""Long work in worker threads: the runner, and the generators that it runs."""
