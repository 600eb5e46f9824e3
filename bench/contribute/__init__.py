"""What a contribution must satisfy, and templates to start from."""
