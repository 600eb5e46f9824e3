"""How samples are scored: metrics, mixtures, classifiers, data sets."""
