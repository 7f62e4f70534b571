"""Who is who in a story (`share=subject`): whom each frame names, and with which words.

The text encoder is causal: in "A red dog is swimming in the river" the hidden state of "dog" has
seen "A red" and not the river. Where a later frame that says "the dog" sees only "A red dog", the
identity travels and the scene stays behind.

reading.py is the whole, step by step; what it knows of English is in lexicon.txt, compiled from
WordNet by compile_lexicon.py, and in vocabulary.py. No package is needed and no model.
"""

from .reading import Mention, Reading, merge_spans, read_story

__all__ = ["Mention", "Reading", "merge_spans", "read_story"]
