"""Policies compared: what becomes of the same people in the same cloud when they are told different things."""
