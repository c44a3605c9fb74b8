"""Log-likelihoods of decoders with Gaussian noise, by annealed importance sampling."""
