"""Further pictures of an evacuation: margins, congestion, replications, film."""
