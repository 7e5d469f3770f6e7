"""Loading modules without looking for garbage meanwhile: a fifth of the time that a command takes to start."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Look for no garbage while modules are loaded in this block; what they hold stays, so it is left out later too.

    Loading makes hundreds of thousands of objects and drops next to none, and Python looks through them all again
    each time that there are a quarter more.
    """
    looked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if looked:
            gc.enable()
