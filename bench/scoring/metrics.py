"""Scores as pure functions of samples or features, FID and IS by torch-fidelity.

KID, precision and recall equal torch-fidelity's to rounding. They are computed here because its own
took five times as long, two thirds of an evaluation.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.scoring.mixture import Mixture

Array = NDArray[np.float64]
Moments = tuple[Array, Array]

NEIGHBOUR = 3
"""The ball around a feature reaches to its third neighbour."""

ROWS = 1000
"""How many rows' distances to all others are held at once."""


def moments(features: Array) -> Moments:
    """Mean [D] and unbiased covariance [D, D] of features [N, D].

    Raises ValueError if N <= D: the covariance would be singular and the distance meaningless.
    """
    rows, size = features.shape
    if rows <= size:
        raise ValueError(f"{rows} samples cannot estimate a covariance of {size} features")
    return features.mean(axis=0), np.cov(features, rowvar=False)


def frechet_distance(generated: Moments, real: Moments) -> float:
    """Squared Frechet distance between two Gaussians (FID, Heusel et al., 2017, arXiv 1706.08500).

    norm(m1 - m2)^2 + trace(C1 + C2 - 2 sqrt(C1 C2)), computed by torch-fidelity. NaN if the
    moments are not finite: that run has diverged.
    """
    from torch_fidelity.metric_fid import fid_statistics_to_metric  # imports for seconds

    if not all(np.isfinite(part).all() for part in (*generated, *real)):
        return float("nan")
    statistics = [{"mu": mean, "sigma": covariance} for mean, covariance in (generated, real)]
    return float(fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"])


def inception_score(logits: Array) -> float:
    """exp of the mean KL from each sample's class distribution to the average one.

    Salimans et al. (2016, arXiv 1606.03498), from logits [N, classes], by torch-fidelity with one
    split over all samples.
    """
    from torch_fidelity.metric_isc import isc_features_to_metric

    if not np.isfinite(logits).all():
        return float("nan")
    # 100 nats below the winner is as good as never, but never itself would be 0 * infinity.
    logits = np.maximum(logits, logits.max(axis=1, keepdims=True) - 100.0)
    score = isc_features_to_metric(torch.from_numpy(logits), splits=1, shuffle=False, rng_seed=0)
    return float(score["inception_score_mean"])


def kernel_distance(
    generated: Array, real: Array, *, subsets: int = 1, size: int | None = None
) -> float:
    """Kernel distance (KID, Binkowski et al., 2018, arXiv 1801.01401) of features [N, D], [M, D].

    The unbiased squared maximum mean discrepancy under the kernel (x'y / D + 1)^3: the mean over
    `subsets` random subsets of `size` rows of each, by default one as large as the smaller side.
    The subsets are torch-fidelity's. It may be negative.
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
    """The kernel [N, M] of each row with each; a product, as a power takes six times as long."""
    base = one @ other.T / one.shape[1] + 1.0
    return base * base * base


def precision_recall(generated: Array, real: Array) -> tuple[float, float]:
    """Improved precision and recall (Kynkaanniemi et al., 2019, arXiv 1904.06991), in [0, 1].

    Precision is the share of generated features [N, D] within the third-neighbour ball of some
    real one [M, D], recall the share of real ones within that of a generated one.
    """
    if not (np.isfinite(generated).all() and np.isfinite(real).all()):
        return float("nan"), float("nan")
    # float32, as cdist is several times as slow in float64.
    one, other = (torch.from_numpy(side.astype(np.float32)) for side in (generated, real))
    return _share_inside(one, other), _share_inside(other, one)


def _share_inside(points: Tensor, centres: Tensor) -> float:
    """The share of points [N, D] that lie in the ball of some centre [M, D]."""
    # A centre is its own nearest.
    nearest = (
        torch.cdist(some, centres).topk(NEIGHBOUR + 1, largest=False).values
        for some in centres.split(ROWS)
    )
    radii = torch.cat([distances[:, -1] for distances in nearest])
    inside = [
        (torch.cdist(some, centres) <= radii).numpy().any(axis=1) for some in points.split(ROWS)
    ]
    return float(np.concatenate(inside).mean())


def coverage(labels: NDArray[np.intp], modes: int) -> dict[str, float]:
    """How samples' mode numbers [N] in 0..modes-1 spread over equally likely modes.

    `modes` counts those with a sample; `kl` is the divergence in nats from the samples' frequencies
    to uniform, 0 to log(modes). Even uniform draws give about (modes - 1) / (2 N).
    """
    counts = np.bincount(labels, minlength=modes)
    share = counts[counts > 0] / max(len(labels), 1)
    return {
        "kl": float(np.log(modes) + (share * np.log(share)).sum()),
        "modes": float((counts > 0).sum()),
    }


def mixture_scores(points: Array, mixture: Mixture) -> dict[str, float]:
    """Scores of generated points [N, 2] against a known mixture.

    `fid` and `is` use the coordinates as features and the exact posterior over modes as the
    classifier; `modes` counts those that hold at least one sample within 3 deviations;
    `high_quality` is the share of samples within 3 deviations of a mode; `reverse_kl` is the KL in
    nats from the high-quality samples' mode frequencies to uniform (log of the number of modes if
    there are none: as far as one mode alone).
    """
    points = np.asarray(points, dtype=np.float64)
    if not np.isfinite(points).all():
        return dict.fromkeys(("fid", "is", "modes", "high_quality", "reverse_kl"), float("nan"))
    mode, good = mixture.nearest(points)
    spread = coverage(mode[good], len(mixture.centres))
    return {
        "fid": frechet_distance(moments(points), mixture.moments()),
        "is": inception_score(mixture.log_posterior(points)),
        "modes": spread["modes"],
        "high_quality": float(good.mean()),
        "reverse_kl": spread["kl"],
    }
