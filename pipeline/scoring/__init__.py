"""Whether a forecast is good: scores, baselines, oracles and the comparison between them."""
