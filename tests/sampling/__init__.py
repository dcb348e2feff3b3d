"""Sampling proven by statistics: what is drawn, against what a textbook says the chances are."""
