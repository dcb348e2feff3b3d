"""The paged key-value cache: blocks, and prompts that are found in them again."""
