"""Array kernels of the dispersion models, one room for each kind of physics: numbers in, numbers out."""
