"""A lab's acceptance of program and model: installation, operation, performance."""
