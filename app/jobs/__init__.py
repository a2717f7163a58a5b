"""Long jobs in worker threads: the runner, and the tasks that it runs."""
