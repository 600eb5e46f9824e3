"""Scores as pure functions of samples or features, FID and IS by torch-fidelity."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from bench.mixture import Mixture

Array = NDArray[np.float64]
Moments = tuple[Array, Array]


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


def mixture_scores(points: Array, mixture: Mixture) -> dict[str, float]:
    """Scores of generated points [N, 2] against a known mixture.

    `fid` and `is` use the coordinates as features and the exact posterior over modes as the
    classifier; `modes` counts those that hold at least one sample within 3 deviations;
    `high_quality` is the share of samples within 3 deviations of a mode; `reverse_kl` is the KL in
    nats from the high-quality samples' mode frequencies to uniform (log of the number of modes if
    there are none: as far as one mode alone).
    """
    if not np.isfinite(points).all():
        return dict.fromkeys(("fid", "is", "modes", "high_quality", "reverse_kl"), float("nan"))
    mode, good = mixture.nearest(points)
    counts = np.bincount(mode[good], minlength=len(mixture.centres))
    share = counts[counts > 0] / max(counts.sum(), 1)
    return {
        "fid": frechet_distance(moments(points), mixture.moments()),
        "is": inception_score(mixture.log_posterior(points)),
        "modes": float((counts > 0).sum()),
        "high_quality": float(good.mean()),
        "reverse_kl": float(np.log(len(counts)) + (share * np.log(share)).sum()),
    }
