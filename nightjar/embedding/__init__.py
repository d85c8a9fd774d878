"""Light curves in, embeddings out, with any trained or imported encoder.

::

    from nightjar.embedding import Encoder
    encoder = Encoder.load("models/astromer/nightjar")
    embeddings = encoder.embed(light_curves)  # (n, dim), in the order of the light curves
"""

from nightjar.embedding.encoder import Encoder, Summary
from nightjar.embedding.output import Embeddings

__all__ = ["Embeddings", "Encoder", "Summary"]
