"""Somebody signed in at a running server, as a browser without scripts is: a session cookie and the token of forms."""

import http.cookiejar
import re
import time
import urllib.error
import urllib.parse
import urllib.request

from bench.installation import Installation

START_SECONDS = 60.0


class Visitor:
    """Waits for the server on `port` of loopback and signs one of the demo people in."""

    def __init__(self, port: int, place: Installation, username: str) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())).open
        form = {"csrf_token": _token(self._first_page()), "username": username, "password": place.passwords[username]}
        self.open(f"{self.address}/sign-in", urllib.parse.urlencode(form).encode()).close()
        self.token = _token(self.page("/"))

    def page(self, path: str) -> str:
        """Return a page. Raises urllib.error.HTTPError."""
        with self.open(f"{self.address}{path}") as answer:
            return str(answer.read().decode())

    def _first_page(self) -> str:
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                return self.page("/sign-in")
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)


def _token(page: str) -> str:
    found = re.search(r'name="csrf[_-]token" (?:value|content)="([^"]+)"', page)
    assert found, "the page has no form token"
    return found.group(1)
