"""Names to models: the built-in one and folders, each with its engine."""
