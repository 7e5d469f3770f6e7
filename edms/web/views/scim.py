"""SCIM 2.0: an identity system pushes people, by the API token of a service account that was made for it.

Groups are the offices, and are read only. DELETE lets a person in no more: nobody is deleted, and the person is found
afterwards as one who is not active.
"""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from edms.access.policy import Action
from edms.core.errors import NotFound, NotSignedIn, Refused
from edms.operation.door import NotPermitted
from edms.records.provisioning import (
    UserNameTaken,
    Wanted,
    change_provisioned,
    provision_person,
    provisioned_offices,
    provisioned_people,
    provisioned_person,
)
from edms.web import scim_forms as forms
from edms.web.identity import actor, archive
from edms.web.sentences import error_sentence

pages = Blueprint("scim", __name__, url_prefix="/scim/v2")
_TYPES = ("application/scim+json", "application/json")
Answer = tuple[dict[str, Any] | None, int]


def _scim(view: Callable[..., Answer]) -> Callable[..., ResponseReturnValue]:
    """Answer in SCIM, also when it is refused."""

    @wraps(view)
    def answered(**told: Any) -> ResponseReturnValue:
        try:
            archive().door.permit(actor(), Action.PEOPLE_PROVISION)
            body, status = view(**told)
        except NotSignedIn:
            raise
        except NotFound:
            body, status = forms.error(404, "not found"), 404
        except NotPermitted as why:
            body, status = forms.error(403, error_sentence(why)), 403
        except UserNameTaken as why:
            body, status = forms.error(409, error_sentence(why), "uniqueness"), 409
        except Refused as why:
            kind = why.kind if isinstance(why, forms.ScimRefused) else "invalidValue"
            body, status = forms.error(400, error_sentence(why), kind), 400
        text = json.dumps(body, ensure_ascii=False) if body is not None else ""
        answer = Response(text, status, mimetype="application/scim+json")
        if status == 201 and body is not None:
            answer.headers["Location"] = body["meta"]["location"]
        return answer

    return answered


@pages.get("/ServiceProviderConfig")
@_scim
def config() -> Answer:
    return forms.service_config(_base()), 200


@pages.get("/ResourceTypes")
@_scim
def resource_types() -> Answer:
    found = forms.resource_types(_base())
    return forms.list_response(found, len(found)), 200


@pages.get("/Schemas")
@_scim
def schemas() -> Answer:
    found = forms.schemas(_base())
    return forms.list_response(found, len(found)), 200


@pages.get("/Users")
@_scim
def users() -> Answer:
    user = forms.asked_name(request.args.get("filter", ""), "userName")
    start = max(1, request.args.get("startIndex", 1, type=int))
    most = min(max(0, request.args.get("count", forms.MOST, type=int)), forms.MOST)
    total, found = provisioned_people(actor(), archive(), user, start - 1, most)
    return forms.list_response([forms.user_resource(one, _base()) for one in found], total, start), 200


@pages.get("/Users/<uuid:person_id>")
@_scim
def user(person_id: UUID) -> Answer:
    return forms.user_resource(provisioned_person(actor(), archive(), person_id), _base()), 200


@pages.post("/Users")
@_scim
def add() -> Answer:
    name, wanted = forms.wanted_user(_document())
    return forms.user_resource(provision_person(actor(), archive(), name, wanted), _base()), 201


@pages.put("/Users/<uuid:person_id>")
@_scim
def replace(person_id: UUID) -> Answer:
    """The whole user. What is left out stays, except that who is not said to be inactive is active."""
    name, wanted = forms.wanted_user(_document())
    if name.lower() != provisioned_person(actor(), archive(), person_id).user:
        raise forms.ScimRefused("mutability", "a user name stays that of its person")
    active = True if wanted.active is None else wanted.active
    wanted = Wanted(wanted.name, wanted.office, wanted.roles, active)
    return forms.user_resource(change_provisioned(actor(), archive(), person_id, wanted), _base()), 200


@pages.patch("/Users/<uuid:person_id>")
@_scim
def change(person_id: UUID) -> Answer:
    wanted = forms.patched(_document(), provisioned_person(actor(), archive(), person_id).user)
    return forms.user_resource(change_provisioned(actor(), archive(), person_id, wanted), _base()), 200


@pages.delete("/Users/<uuid:person_id>")
@_scim
def remove(person_id: UUID) -> Answer:
    """Let in no more. Once more is not there any more, as RFC 7644 asks; the person stays to be looked at."""
    if not provisioned_person(actor(), archive(), person_id).active:
        raise NotFound()
    change_provisioned(actor(), archive(), person_id, Wanted(active=False))
    return None, 204


@pages.get("/Groups")
@_scim
def groups() -> Answer:
    name = forms.asked_name(request.args.get("filter", ""), "displayName")
    found = [one for one in provisioned_offices(actor(), archive()) if name is None or one.name == name]
    members = "members" not in request.args.get("excludedAttributes", "").split(",")
    told = [forms.group_resource(one, _base(), members=members) for one in found]
    return forms.list_response(told, len(told)), 200


@pages.get("/Groups/<uuid:office_id>")
@_scim
def group(office_id: UUID) -> Answer:
    found = next((one for one in provisioned_offices(actor(), archive()) if one.id == office_id), None)
    if found is None:
        raise NotFound()
    return forms.group_resource(found, _base()), 200


def _document() -> dict[str, Any]:
    if request.mimetype not in _TYPES:
        raise forms.ScimRefused("invalidSyntax", "the content is application/scim+json")
    try:
        told = json.loads(request.get_data())
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise forms.ScimRefused("invalidSyntax", "this is no JSON object")
    return told


def _base() -> str:
    server = archive().settings.server.public_url or request.host_url
    return f"{server.rstrip('/')}/scim/v2"
