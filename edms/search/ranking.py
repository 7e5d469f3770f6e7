"""How documents are ranked: the weights and the formula, the same for every engine."""

from typing import Final

FIELD_WEIGHTS: Final = {"title": 3.0, "subject": 3.0, "number": 4.0, "sender": 1.5, "recipient": 1.5, "text": 1.0}
K1: Final = 1.2
B: Final = {"title": 0.5, "subject": 0.5, "number": 0.0, "sender": 0.2, "recipient": 0.2, "text": 0.75}
EXACT_WEIGHT: Final = 0.4
EXPANSION_WEIGHT: Final = 0.5
"""What a word that means the same counts, against the word that was asked for."""
