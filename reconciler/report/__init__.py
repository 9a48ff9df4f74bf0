"""Plans and outcomes as text, JSON, Markdown and HTML. Pure: returns strings."""
