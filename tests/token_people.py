"""Programs that come with API tokens: tokens made for tests, and clients that show them."""

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from web_site import Site
from werkzeug.test import TestResponse

from edms.access.actors import Role, console_actor
from edms.access.credentials_model import ApiToken
from edms.access.levels import Level
from edms.access.token_scopes import PERSONAL_SCOPES, TokenScope
from edms.records.archive import Archive
from edms.records.people import console_person
from edms.records.service_accounts import NewService, add_service
from edms.records.tokens import MadeToken, NewToken, create_service_token, create_token


def made_for(archive: Archive, person: str, *scopes: TokenScope, office: str = "", days: int = 30) -> MadeToken:
    """Make a token of a person, named after what it may."""
    with archive.database.reader() as session:
        name = f"program {len(session.scalars(select(ApiToken.id)).all()) + 1}"
    wanted = NewToken(name, scopes or PERSONAL_SCOPES, office, days)
    return create_token(console_person(archive, person, "tests"), archive, wanted)


def token_of(site: Site, person: str, *scopes: TokenScope, office: str = "") -> str:
    """Return the secret of a new token of a person."""
    return made_for(site.archive, person, *scopes, office=office).secret.reveal()


def pushing_token(archive: Archive, holder: str = "admin", name: str = "identitas") -> str:
    """Return the secret of a token for pushing people, of a new service account that `holder` answers for."""
    add_service(
        console_actor("tests"), archive, NewService(name, "Sistem identitas", None, (Role.GUEST,), Level.OPEN, holder)
    )
    wanted = NewToken("scim", (TokenScope.PEOPLE,), "", 30)
    return create_service_token(console_actor("tests"), archive, name, wanted).secret.reveal()


class Program:
    """A client without cookies that shows a token."""

    def __init__(self, site: Site, secret: str, address: str = "127.0.0.1") -> None:
        self.client: FlaskClient = site.app.test_client(use_cookies=False)
        self.headers = {"Authorization": f"Bearer {secret}"}
        self.base = {"environ_base": {"REMOTE_ADDR": address}}

    def get(self, path: str, **told: Any) -> TestResponse:
        headers = {**self.headers, **told.pop("headers", {})}
        return self.client.get(path, headers=headers, **self.base, **told)

    def send(self, content: bytes, path: str = "/capture/files", name: str = "surat.pdf") -> TestResponse:
        headers = {**self.headers, "X-File-Name": name}
        return self.client.post(
            path, data=content, content_type="application/octet-stream", headers=headers, **self.base
        )


def token_row(archive: Archive, made: MadeToken) -> ApiToken:
    with archive.database.reader() as session:
        return session.get_one(ApiToken, made.id)
