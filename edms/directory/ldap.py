"""People, groups and offices in an LDAP directory or Active Directory: searched for, never changed.

What people type stands in filters escaped (RFC 4515, section 3); large answers come in pages (RFC 2696); referrals are
not followed, so that no password goes to a server that nobody named.
"""

import secrets
import ssl
from collections.abc import Iterator
from typing import Any

from ldap3 import DEREF_NEVER, SUBTREE
from ldap3.core.exceptions import LDAPExceptionError
from ldap3.utils.conv import escape_filter_chars
from ldap3.utils.dn import escape_rdn, parse_dn

from edms.core.clock import Clock
from edms.core.ldap_settings import LdapSettings
from edms.core.secret import Secret
from edms.directory.connecting import SUCCESS, Servers, bind, certificate_of
from edms.directory.entries import Answer, DirectoryAway, DirectoryOffice, DirectoryPerson, DirectoryState

IN_CHAIN = "1.2.840.113556.1.4.1941"
"""LDAP_MATCHING_RULE_IN_CHAIN of Active Directory: a member of a group in a group is a member too."""
_PAGED = "1.2.840.113556.1.4.319"
_SIZE_LIMIT = 4
_CONTROL = "userAccountControl"
_DISABLED = 0x2
"""ADS_UF_ACCOUNTDISABLE."""
_WHOLE_SECONDS = 600.0
"""How long reading all people may take on one server."""

Cells = dict[str, list[bytes]]


class LdapDirectory:
    """The directory that [ldap] names. Every method raises DirectoryAway when no server answers."""

    def __init__(self, settings: LdapSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._servers = Servers(settings)

    def ask(self, user: str, password: Secret) -> Answer:
        """Look for the one entry of `user` and try `password` on it.

        Takes the same steps where there is no such entry: a look for groups, and a bind with a password nobody has.
        """

        def work(_server: str, connection: Any) -> Answer:
            person = self._one(connection, user)
            if person is None or not person.enabled or not password:
                self._groups(connection, self._nobody())
                bind(connection, self._nobody(), secrets.token_urlsafe(12))
                return Answer(person, believed=False)
            try:
                return Answer(person, believed=bind(connection, person.dn, password.reveal()))
            except DirectoryAway as fault:
                fault.passed_on = True
                raise

        return self._servers.ask(work)

    def find(self, user: str) -> DirectoryPerson | None:
        """Return the one entry of `user`, or None when there is none, or more than one."""
        return self._servers.ask(lambda _server, connection: self._one(connection, user))

    def people(self) -> list[DirectoryPerson]:
        """Return everybody below people_base whom people_filter finds. Raises DirectoryAway, also when an answer was
        cut short: what is missing in it must not be taken for gone."""

        def work(_server: str, connection: Any) -> list[DirectoryPerson]:
            settings = self._settings
            found = self._paged(connection, settings.people_base, settings.people_filter, self._attributes())
            return [one for dn, cells in found if (one := self._person(connection, dn, cells)) is not None]

        return self._servers.ask(work, _WHOLE_SECONDS)

    def offices(self) -> list[DirectoryOffice]:
        """Return the offices below offices_base, those above first; none where the setting is empty."""
        settings = self._settings
        if not settings.offices_base:
            return []

        def work(_server: str, connection: Any) -> list[DirectoryOffice]:
            wanted = [settings.office_code_attribute, settings.office_name_attribute]
            found = self._paged(connection, settings.offices_base, settings.offices_filter, wanted)
            offices = []
            for dn, cells in found:
                code = _text(cells, settings.office_code_attribute)
                offices.append(DirectoryOffice(dn, code, _text(cells, settings.office_name_attribute) or code))
            return sorted((one for one in offices if one.code), key=lambda one: (len(dn_parts(one.dn)), one.code))

        return self._servers.ask(work, _WHOLE_SECONDS)

    def examine(self) -> DirectoryState:
        """Bind and look for a person."""

        def work(server: str, connection: Any) -> DirectoryState:
            found = self._search(connection, self._settings.people_base, self._settings.people_filter, ["1.1"], most=1)
            certificate, days = certificate_of(connection), None
            if certificate is not None:
                ends = ssl.cert_time_to_seconds(certificate["notAfter"])
                days = int((ends - self._clock.now().timestamp()) // 86_400)
            return DirectoryState(server, days, bool(found))

        return self._servers.ask(work)

    def _one(self, connection: Any, user: str) -> DirectoryPerson | None:
        settings = self._settings
        wanted = f"(&{settings.people_filter}({settings.user_attribute}={escape_filter_chars(user)}))"
        found = self._search(connection, settings.people_base, wanted, self._attributes(), most=2)
        if len(found) != 1:
            return None
        person = self._person(connection, *found[0])
        return person if person is not None and person.user.casefold() == user.casefold() else None

    def _attributes(self) -> list[str]:
        settings = self._settings
        member_of = [settings.member_of_attribute] if settings.groups == "member_of" else []
        return [settings.user_attribute, settings.name_attribute, settings.id_attribute, _CONTROL, *member_of]

    def _person(self, connection: Any, dn: str, cells: Cells) -> DirectoryPerson | None:
        """An entry that has one name and one stable id; None for any other."""
        settings = self._settings
        users, ids = _values(cells, settings.user_attribute), cells.get(settings.id_attribute.casefold(), [])
        if len(users) != 1 or len(ids) != 1 or not ids[0]:
            return None
        if settings.groups == "member_of":
            groups = _values(cells, settings.member_of_attribute)
        else:
            groups = self._groups(connection, dn)
        name = _text(cells, settings.name_attribute) or users[0]
        return DirectoryPerson(dn, ids[0], users[0], name, self._named(groups), _is_enabled(cells))

    def _groups(self, connection: Any, dn: str) -> list[str]:
        """The DNs of the groups that have `dn` as a member, searched for."""
        settings = self._settings
        if settings.groups == "member_of":
            return []
        rule = f":{IN_CHAIN}:" if settings.groups == "nested" else ""
        wanted = f"(&{settings.groups_filter}({settings.member_attribute}{rule}={escape_filter_chars(dn)}))"
        return [found for found, _cells in self._paged(connection, settings.groups_base, wanted, ["1.1"])]

    def _named(self, groups: list[str]) -> tuple[str, ...]:
        """DNs and names of groups; where groups_base is set, of those below it alone: a name can be given twice."""
        base = dn_parts(self._settings.groups_base)
        told = []
        for dn in groups:
            parts = dn_parts(dn)
            if parts and parts[len(parts) - len(base) :] == base:
                told += [dn, parse_dn(dn)[0][1]]
        return tuple(told)

    def _nobody(self) -> str:
        """A DN that nobody has, beside those of people."""
        name = escape_rdn(secrets.token_hex(8))
        return f"{self._settings.user_attribute}={name},{self._settings.people_base}"

    def _paged(self, connection: Any, base: str, wanted: str, attributes: list[str]) -> Iterator[tuple[str, Cells]]:
        entries, cookie = [], b""
        while True:
            entries += self._search(connection, base, wanted, attributes, page=cookie)
            if len(entries) > self._settings.max_entries:
                raise DirectoryAway("it has more entries than [ldap] max_entries")
            cookie = _next_page(connection)
            if not cookie:
                return iter(entries)

    def _search(self, connection: Any, base: str, wanted: str, attributes: list[str], *, most: int = 0,
                page: bytes | None = None) -> list[tuple[str, Cells]]:  # fmt: skip
        paging: dict[str, Any] = {}
        if page is not None:
            paging = {"paged_size": self._settings.page_size, "paged_criticality": True, "paged_cookie": page or None}
        connection.search(
            base, wanted, SUBTREE, dereference_aliases=DEREF_NEVER, attributes=attributes, size_limit=most,
            time_limit=self._settings.timeout_seconds, **paging,
        )  # fmt: skip
        code = (connection.result or {}).get("result")
        if code != SUCCESS and not (most and code == _SIZE_LIMIT):
            raise DirectoryAway(f"it answered a search with {(connection.result or {}).get('description', 'nothing')}")
        return [
            (one["dn"], {name.casefold(): list(values) for name, values in one["raw_attributes"].items()})
            for one in connection.response or ()
            if one["type"] == "searchResEntry"
        ]


def dn_parts(dn: str) -> tuple[tuple[str, str], ...]:
    """Return the parts of a DN without regard to case and blanks, the entry's own first; none for what is no DN."""
    try:
        return tuple((kind.casefold(), value.casefold().strip()) for kind, value, _sign in parse_dn(dn)) if dn else ()
    except LDAPExceptionError:
        return ()


def _next_page(connection: Any) -> bytes:
    controls = connection.result.get("controls") or {}
    cookie: bytes = controls.get(_PAGED, {}).get("value", {}).get("cookie") or b""
    return cookie


def _values(cells: Cells, attribute: str) -> list[str]:
    return [value.decode("utf-8", "replace") for value in cells.get(attribute.casefold(), [])]


def _text(cells: Cells, attribute: str) -> str:
    return next(iter(_values(cells, attribute)), "").strip()


def _is_enabled(cells: Cells) -> bool:
    """Of Active Directory the flag of the account; other directories say it by refusing the bind."""
    told = _text(cells, _CONTROL)
    return not (told.lstrip("-").isdigit() and int(told) & _DISABLED)
