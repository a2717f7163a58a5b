"""Training, evaluating and comparing models: what a lab needs to bring its own."""
