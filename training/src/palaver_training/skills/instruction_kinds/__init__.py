"""The kinds of instruction that the model follows, one function for each."""
