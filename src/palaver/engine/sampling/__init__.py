"""From logits to tokens.

**Which kernels.** Two passes read whole vocabularies; there are two implementations of them, chosen
once per model by its vocabulary (:func:`palaver.engine.sampling.kernels.kernels_for`):

- below 32,768 tokens: numpy, always;
- from there on: numba where it is installed (the extra ``fast``), else numpy.

**The rule of bits.** With the same kernels, a request's tokens are the same bit for bit on the same
processor, whatever else is in the batch. Between the two kernels the exponentials differ in their
last bits: both sample from the same distribution, but a random number that falls on the border
between two tokens may mean the one or the other. Installing or removing ``fast`` can therefore
change single tokens of models with large vocabularies, and never changes those of small ones.

**Words.** *Weights* are softmax numerators: exponentials of the logits' distance to the row's
highest, so that the highest weight is 1. *Block sums* are the sums of 256 neighbouring weights.
"""
