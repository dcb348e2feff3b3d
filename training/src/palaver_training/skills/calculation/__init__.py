"""What the arithmetic skill is made of: problems, their wordings and worked steps."""
