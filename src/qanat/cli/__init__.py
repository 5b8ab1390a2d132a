"""The `qanat` command."""
