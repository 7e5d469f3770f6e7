"""Chromium for tests, and how long they wait in it: what is to appear is waited for, however busy the machine is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from judges import browser_program
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

PATIENCE_SECONDS = 120
"""For whatever must come to be: a page, a line on it, a file. Playwright's own 5 s are over on a machine with more to
do, and say nothing about the product."""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--no-first-run"]  # fmt: skip


@contextmanager
def launched() -> Iterator[Browser]:
    """A running Chromium; `expect` waits as long as everything else."""
    expect.set_options(timeout=PATIENCE_SECONDS * 1000)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=browser_program(), args=ARGUMENTS, timeout=PATIENCE_SECONDS * 1000
        )
        yield opened
        opened.close()


def new_context(browser: Browser, **told: Any) -> BrowserContext:
    """Like `browser.new_context`: a window's own cookies, with patience."""
    context = browser.new_context(**told)
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    return context
