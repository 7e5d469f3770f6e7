"""Running to its end what a library offers as a coroutine, from code that waits for it."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine and return what it returns, or raise what it raises.

    A thread in which an event loop runs already (a caller of ours that is itself asynchronous) may not start a second
    one; there the coroutine runs in a thread of its own, and the caller's loop waits as it would for any other call.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(asyncio.run, coroutine).result()
