"""How ``palaver/tiny`` is made: generators, tokenizer, training, export, evaluation.

Nothing here is imported by the service; it needs the optional ``training`` dependencies.
"""
