"""The paged key-value cache: blocks, block tables and the prefix cache."""
