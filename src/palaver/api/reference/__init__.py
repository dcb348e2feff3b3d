"""Reference of the API: its OpenAPI document, and a page that shows it."""
