"""The training loop and its parts: losses, optimisers, augmentation, several processes."""
