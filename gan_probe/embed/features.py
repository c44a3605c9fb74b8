"""`features`: the vectors of the file or array, as they are."""

from gan_probe import types
from gan_probe.embed import mapper

__all__ = ["make"]


def make(argument: str | None, context: mapper.Context) -> mapper.Mapper:
    """UserError for sets of images."""
    mapper.no_argument("features", argument)
    if context.first.kind != "features":
        raise types.UserError(f"--embed=features: {context.first.source} holds images; use --embed=pixels or pca:K")
    dim = context.first.rows.shape[0]
    return mapper.Mapper(types.Embedding("features", {}, None), lambda rows: rows, dim, as_given=True)
