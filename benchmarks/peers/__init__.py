"""Scripts that do a peer's work. They run in `.venv-peers`, where the product is not installed."""
