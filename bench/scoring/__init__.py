"""How samples are judged: metrics, mixtures, classifiers, data sets."""
