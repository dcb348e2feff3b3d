"""The JSON that goes over the wire, as types."""
