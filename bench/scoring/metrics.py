"""Scores as pure functions of samples or features; FID and IS are computed by torch-fidelity.

KID, precision and recall equal torch-fidelity's up to rounding. They are computed here because its
functions took five times as long, two thirds of an evaluation.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.scoring.mixture import Mixture, real_moments

Array = NDArray[np.float64]
Moments = tuple[Array, Array]

NEIGHBOUR = 3
"""The radius of the ball around a feature is the distance to its third nearest neighbour."""

ROWS = 1000
"""How many rows of a matrix of distances are computed at once."""


def moments(features: Array) -> Moments:
    """Return the mean [D] and the unbiased covariance [D, D] of features [N, D].

    Raises ValueError if N <= D: the covariance would be singular and the distance meaningless.
    """
    rows, size = features.shape
    if rows <= size:
        raise ValueError(f"{rows} samples cannot estimate a covariance of {size} features")
    return features.mean(axis=0), np.cov(features, rowvar=False)


def frechet_distance(generated: Moments, real: Moments) -> float:
    """Return the squared Frechet distance between two Gaussians, the FID of their features.

    Heusel et al., 2017, arXiv 1706.08500: norm(m1 - m2)^2 + trace(C1 + C2 - 2 sqrt(C1 C2)),
    computed by torch-fidelity. NaN if the moments are not finite, as for a diverged run.
    """
    from torch_fidelity.metric_fid import fid_statistics_to_metric  # importing takes seconds

    if not all(np.isfinite(part).all() for part in (*generated, *real)):
        return float("nan")
    statistics = [{"mu": mean, "sigma": covariance} for mean, covariance in (generated, real)]
    return float(fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"])


def inception_score(logits: Array) -> float:
    """Return the inception score of samples with logits [N, classes]; NaN if not finite.

    exp of the mean KL divergence from each sample's class distribution to the average one (Salimans
    et al., 2016, arXiv 1606.03498), by torch-fidelity with one split over all samples.
    """
    from torch_fidelity.metric_isc import isc_features_to_metric

    if not np.isfinite(logits).all():
        return float("nan")
    # Clipped to 100 nats below the largest: a probability of 0 would give 0 * infinity.
    logits = np.maximum(logits, logits.max(axis=1, keepdims=True) - 100.0)
    score = isc_features_to_metric(torch.from_numpy(logits), splits=1, shuffle=False, rng_seed=0)
    return float(score["inception_score_mean"])


def kernel_distance(
    generated: Array, real: Array, *, subsets: int = 1, size: int | None = None
) -> float:
    """Return the kernel inception distance (KID) of features [N, D] and [M, D].

    The unbiased squared maximum mean discrepancy under the kernel (x'y / D + 1)^3 (Binkowski et
    al., 2018, arXiv 1801.01401), averaged over `subsets` random subsets of `size` rows of each; by
    default one subset, as large as the smaller set. The subsets are those that torch-fidelity
    draws. It may be negative; NaN if the features are not finite.
    """
    from torch_fidelity.metric_kid import mmd2

    if not (np.isfinite(generated).all() and np.isfinite(real).all()):
        return float("nan")
    size = min(len(generated), len(real)) if size is None else size
    draws = np.random.RandomState(2020)
    distances = []
    for _ in range(subsets):
        one, other = (
            side[draws.choice(len(side), size, replace=False)] for side in (generated, real)
        )
        distances.append(mmd2(_cubic(one, one), _cubic(one, other), _cubic(other, other)))
    return float(np.mean(distances))


def _cubic(one: Array, other: Array) -> Array:
    """Return the kernel [N, M]; as a product, because a power takes six times as long."""
    base = one @ other.T / one.shape[1] + 1.0
    return base * base * base


def precision_recall(generated: Array, real: Array) -> tuple[float, float]:
    """Return improved precision and recall of generated features [N, D] for real ones [M, D].

    Kynkaanniemi et al., 2019, arXiv 1904.06991. Precision is the share of generated features inside
    the ball of some real one, whose radius is the distance to its third nearest neighbour; recall
    is the share of real features inside the ball of some generated one. NaN if not finite.
    """
    if not (np.isfinite(generated).all() and np.isfinite(real).all()):
        return float("nan"), float("nan")
    # float32, because cdist takes several times as long in float64.
    one, other = (torch.from_numpy(side.astype(np.float32)) for side in (generated, real))
    return _share_inside(one, other), _share_inside(other, one)


def _share_inside(points: Tensor, centres: Tensor) -> float:
    """Return the share of points [N, D] that lie in the ball of some centre [M, D]."""
    # One more, because the nearest neighbour of a centre is the centre itself.
    nearest = (
        torch.cdist(some, centres).topk(NEIGHBOUR + 1, largest=False).values
        for some in centres.split(ROWS)
    )
    radii = torch.cat([distances[:, -1] for distances in nearest])
    inside = [
        (torch.cdist(some, centres) <= radii).numpy().any(axis=1) for some in points.split(ROWS)
    ]
    return float(np.concatenate(inside).mean())


def coverage(labels: NDArray[np.intp], modes: int, shares: Array | None = None) -> dict[str, float]:
    """Return how samples with mode numbers [N] in 0..modes-1 cover the modes.

    `modes` counts those with a sample; `kl` is the divergence in nats from the samples' frequencies
    to `shares` [modes], by default the same for all: 0 to log(modes). Even draws from the shares
    give about (modes - 1) / (2 N). Without any samples it is that of the rarest mode alone.
    """
    shares = np.full(modes, 1.0 / modes) if shares is None else shares
    counts = np.bincount(labels, minlength=modes)
    (seen,) = np.nonzero(counts)
    share = counts[seen] / max(len(labels), 1)
    told = share @ np.log(share / shares[seen]) if len(labels) else -np.log(shares.min())
    return {"kl": float(told), "modes": float(len(seen))}


MIXTURE_SCORES = ("fid", "is", "modes", "high_quality", "reverse_kl")


def mixture_scores(points: Array, mixture: Mixture) -> dict[str, float]:
    """Return the scores of generated points [N, D] against a known mixture.

    `fid` and `is` use the exact classifier of the mixture, which knows its modes and "no mode" (see
    `bench.scoring.mixture`); `modes` counts modes with at least one sample that belongs to them;
    `high_quality` is the share of samples that belong to a mode; `reverse_kl` is the KL in nats
    from the high-quality samples' mode frequencies to the mixture's (without any, that of the
    rarest mode alone). All are NaN if a point is not finite.
    """
    points = np.asarray(points, dtype=np.float64)
    if not np.isfinite(points).all():
        return dict.fromkeys(MIXTURE_SCORES, float("nan"))
    mode, good = mixture.nearest(points)
    spread = coverage(mode[good], len(mixture.centres), mixture.shares)
    return {
        "fid": frechet_distance(moments(mixture.features(points)), real_moments(mixture)),
        "is": inception_score(mixture.class_logits(points)),
        "modes": spread["modes"],
        "high_quality": float(good.mean()),
        "reverse_kl": spread["kl"],
    }
