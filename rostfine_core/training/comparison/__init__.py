"""Methods trained on the same folds and set side by side."""
