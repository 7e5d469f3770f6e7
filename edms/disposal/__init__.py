"""Disposal (penyusutan): transfer, destruction and hand-over as procedures that nobody can shorten. Start: `course`."""
