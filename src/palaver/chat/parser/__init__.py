"""An answer's text, as it comes, told apart into thinking, content and calls."""
