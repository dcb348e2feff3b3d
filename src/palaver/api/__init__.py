"""HTTP: routes, wire types, validation, errors, server-sent events."""
