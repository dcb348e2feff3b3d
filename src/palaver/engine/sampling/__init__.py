"""From logits to tokens.

**Kernels.** Two passes go over whole vocabularies. There are two implementations of them; a model's
is chosen once, by the size of its vocabulary (:func:`palaver.engine.sampling.kernels.kernels_for`):

- below 32,768 tokens: numpy, always;
- from there on: numba where it is installed (the extra ``fast``), else numpy.

**Reproducibility.** With the same kernels, a request's tokens are the same bit for bit on the same
processor, whatever else is in the batch. The two kernels' exponentials differ in their last bits:
both sample from the same distribution, but where a random number falls on the border between two
tokens, they may choose different ones. Installing or removing ``fast`` can therefore change single
tokens of models with large vocabularies, and never changes those of small ones.

**Terms.** *Weights* are softmax numerators, that is, probabilities that are not normalised:
``exp(logit - highest logit of the row)``, so that the highest weight is 1. *Block sums* are the
sums of 256 neighbouring weights.
"""
