"""Moving and spatial pictures of clouds."""
