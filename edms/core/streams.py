"""What several floors ask of a stream."""

import os
from typing import BinaryIO


def bytes_left(stream: BinaryIO) -> int:
    """Return how many bytes a seekable stream has from here to its end; it stays where it is."""
    here = stream.tell()
    end = stream.seek(0, os.SEEK_END)
    stream.seek(here)
    return max(0, end - here)
