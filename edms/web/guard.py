"""Who may ask this server by which name, and from whose page: host, origin, the proxies in front.

It stands before everything else that is done for a request.
"""

import ipaddress
import logging
from urllib.parse import urlsplit

from flask import Flask, current_app, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.middleware.proxy_fix import ProxyFix

from edms.core.settings import ServerSettings
from edms.web.limits import Pace

log = logging.getLogger("edms.web")

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
# Asked by programs, or change nothing and know no session.
_FROM_ANYWHERE = frozenset(
    {"trail.add_checkpoint", "verification.compare", "verification.compare_copy", "session_provider.end"}
)


def is_secure(server: ServerSettings) -> bool:
    """Whether people reach this server over TLS alone."""
    return server.public_url.lower().startswith("https://")


def install(app: Flask, server: ServerSettings) -> None:
    """Look at host and origin of every request; take the address of whoever asks from the proxies that are named."""
    app.extensions["paces"] = {"sign-in": Pace(), "witness": Pace(), "provider": Pace()}
    app.before_request(lambda: _host_known(server))
    app.before_request(lambda: _from_our_pages(server))
    if server.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=server.proxies, x_proto=0)  # type: ignore[method-assign]


def too_often(kind: str, per_minute: int) -> bool:
    """Count this request for its address; True, and said in the log, when there were too many of its kind."""
    address = request.remote_addr or ""
    pace: Pace = current_app.extensions["paces"][kind]
    if pace.allows(address, per_minute):
        return False
    log.warning("too many requests (%s) from %s", kind, address)
    return True


def _host_known(server: ServerSettings) -> ResponseReturnValue | None:
    """Where the address that people type is set, no other name is served: no cache or link can be fed with one."""
    if not server.public_url:
        return None
    asked = urlsplit(f"//{request.environ.get('HTTP_HOST', '')}")
    name = (asked.hostname or "").rstrip(".").lower()
    ours = {(urlsplit(server.public_url).hostname or "").lower(), server.host.lower(), "localhost"}
    if name in ours or _is_loopback(name):
        return None
    log.warning("asked by the name %s", name)
    return "421 Misdirected Request\n", 421, {"Content-Type": "text/plain; charset=utf-8"}


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _from_our_pages(server: ServerSettings) -> None:
    """What changes something comes from a page of ours, or from no page. Beside the token of the form, not instead.

    Browsers say it in Sec-Fetch-Site, on addresses that they hold secure; older ones, and all of them elsewhere, in
    Origin. Raises CSRFError.
    """
    if request.method in _SAFE_METHODS or request.endpoint is None or request.endpoint in _FROM_ANYWHERE:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        ours = site in ("same-origin", "none")
    else:
        ours = origin is None or urlsplit(origin).netloc.lower() in {
            request.host.lower(),
            urlsplit(server.public_url).netloc.lower() or request.host.lower(),
        }
    if not ours:
        log.warning("%s %s from a page elsewhere (%s)", request.method, request.path, origin or site)
        raise CSRFError("from a page elsewhere")
