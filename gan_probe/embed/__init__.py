"""From decoded rows to feature vectors: the EMBEDDINGS and the pass that applies one to every set."""

from gan_probe.embed.sets import EMBEDDINGS, Embedder, choose, embed_sets

__all__ = ["EMBEDDINGS", "Embedder", "choose", "embed_sets"]
