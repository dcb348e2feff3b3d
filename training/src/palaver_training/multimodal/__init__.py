"""Teaching ``palaver/tiny`` to see and hear: what is drawn, how it is read, the run."""
