"""Array kernels of the evacuation, one room for each kind of motion or harm: numbers in, numbers out."""
