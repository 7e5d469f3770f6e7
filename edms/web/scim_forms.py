"""SCIM 2.0 resources and messages (RFC 7643, RFC 7644): written of people and offices, and read into what is wanted.

What is read here comes from outside. An attribute that we do not know is left alone, as RFC 7644 section 3.3 lets us;
one that we know and that is of the wrong kind is refused.
"""

import re
from typing import Any

from edms.access.actors import Role
from edms.core.errors import Refused
from edms.records.provisioning import Provisioned, ProvisionedOffice, Wanted

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
CONFIG = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
TYPE = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"
MOST = 200
"""People of one answer."""
_MOST_OPERATIONS = 50
_FILTER = re.compile(r'\s*(\w+)\s+eq\s+"([^"\\]*)"\s*', re.IGNORECASE)
_NAMES = ("displayname", "name.formatted")


class ScimRefused(Refused):
    """Refused for a reason that SCIM has a word for (RFC 7644 section 3.12)."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def user_resource(person: Provisioned, base: str) -> dict[str, Any]:
    """Return a person as a SCIM user; `base` is the address of the service."""
    told: dict[str, Any] = {
        "schemas": [USER, ENTERPRISE], "id": str(person.id), "userName": person.user, "displayName": person.name,
        "name": {"formatted": person.name}, "active": person.active,
        "roles": [{"value": role} for role in person.roles],
        "meta": _meta("User", f"{base}/Users/{person.id}", person.created_at.isoformat()),
    }  # fmt: skip
    if person.office:
        told[ENTERPRISE] = {"department": person.office}
    return told


def group_resource(office: ProvisionedOffice, base: str, *, members: bool = True) -> dict[str, Any]:
    """Return an office as a SCIM group, whose members are its people."""
    told: dict[str, Any] = {
        "schemas": [GROUP], "id": str(office.id), "externalId": office.code, "displayName": office.name,
        "meta": _meta("Group", f"{base}/Groups/{office.id}"),
    }  # fmt: skip
    if members:
        told["members"] = [
            {"value": str(one), "display": user, "type": "User", "$ref": f"{base}/Users/{one}"}
            for one, user in office.members
        ]
    return told


def list_response(resources: list[dict[str, Any]], total: int, start: int = 1) -> dict[str, Any]:
    """Return an answer with several resources, the first of them the `start`-th of `total`."""
    return {"schemas": [LIST], "totalResults": total, "startIndex": start, "itemsPerPage": len(resources),
            "Resources": resources}  # fmt: skip


def error(status: int, detail: str, kind: str = "") -> dict[str, Any]:
    """Return what went wrong; `kind` is the word of RFC 7644 section 3.12, where there is one."""
    told = {"schemas": [ERROR], "status": str(status), "detail": detail}
    return {**told, "scimType": kind} if kind else told


def service_config(base: str) -> dict[str, Any]:
    """Return what this service can do."""
    no = {"supported": False}
    return {
        "schemas": [CONFIG], "patch": {"supported": True}, "changePassword": no, "sort": no, "etag": no,
        "bulk": {**no, "maxOperations": 0, "maxPayloadSize": 0}, "filter": {"supported": True, "maxResults": MOST},
        "authenticationSchemes": [{
            "type": "oauthbearertoken", "name": "API token", "primary": True,
            "description": "API token of a service account, made for the scope people",
        }],
        "meta": _meta("ServiceProviderConfig", f"{base}/ServiceProviderConfig"),
    }  # fmt: skip


def resource_types(base: str) -> list[dict[str, Any]]:
    """Return the kinds of resources that there are."""
    extension = [{"schema": ENTERPRISE, "required": False}]
    return [
        {"schemas": [TYPE], "id": name, "name": name, "endpoint": f"/{name}s", "schema": schema,
         "schemaExtensions": extension if name == "User" else [],
         "meta": _meta("ResourceType", f"{base}/ResourceTypes/{name}")}
        for name, schema in (("User", USER), ("Group", GROUP))
    ]  # fmt: skip


def schemas(base: str) -> list[dict[str, Any]]:
    """Return the attributes that are understood, and which of them a program may write."""
    told = (
        (USER, "User", [
            _attribute("userName", required=True, mutability="immutable", uniqueness="server"),
            _attribute("displayName"), _attribute("active", "boolean"),
            _attribute("name", "complex", parts=[_attribute("formatted")]),
            _attribute("roles", "complex", many=True, parts=[_attribute("value")]),
        ]),
        (ENTERPRISE, "EnterpriseUser", [_attribute("department")]),
        (GROUP, "Group", [
            _attribute("displayName", mutability="readOnly"),
            _attribute("members", "complex", many=True, mutability="readOnly",
                       parts=[_attribute("value", mutability="readOnly")]),
        ]),
    )  # fmt: skip
    return [
        {"schemas": [SCHEMA], "id": schema, "name": name, "attributes": attributes,
         "meta": _meta("Schema", f"{base}/Schemas/{schema}")}
        for schema, name, attributes in told
    ]  # fmt: skip


def asked_name(told: str, attribute: str) -> str | None:
    """Return the name that a filter `ATTRIBUTE eq "NAME"` asks for, None without a filter. Raises ScimRefused."""
    if not told:
        return None
    found = _FILTER.fullmatch(told)
    if found is None or found.group(1).lower() != attribute.lower():
        raise ScimRefused("invalidFilter", f'the only filter here is {attribute} eq "…"')
    return found.group(2)


def wanted_user(told: dict[str, Any]) -> tuple[str, Wanted]:
    """Read a whole user (POST, PUT): the user name and what the person shall be. Raises ScimRefused."""
    plain = {key.lower(): value for key, value in told.items()}
    user = plain.get("username")
    if not isinstance(user, str) or not user:
        raise ScimRefused("invalidValue", "userName is missing")
    wanted = Wanted()
    for key, value in plain.items():
        wanted = _with(wanted, key, value)
    return user, wanted


def patched(told: dict[str, Any], user: str) -> Wanted:
    """Read the operations of a PATCH on the person `user`; later ones win. Raises ScimRefused."""
    plain = {key.lower(): value for key, value in told.items()}
    operations = plain.get("operations")
    if plain.get("schemas") != [PATCH] or not isinstance(operations, list) or len(operations) > _MOST_OPERATIONS:
        raise ScimRefused("invalidSyntax", "this is no PatchOp with Operations")
    wanted = Wanted()
    for one in operations:
        one = {key.lower(): value for key, value in one.items()} if isinstance(one, dict) else {}
        if str(one.get("op", "")).lower() not in ("add", "replace"):
            raise ScimRefused("invalidSyntax", "the operations here are add and replace")
        path, value = one.get("path"), one.get("value")
        pairs = {path: value} if path else value
        if not isinstance(pairs, dict) or not all(isinstance(key, str) for key in pairs):
            raise ScimRefused("invalidPath", "an operation has a path, or a value that is an object")
        for key, each in pairs.items():
            if key.lower() == "username" and str(each).lower() != user:
                raise ScimRefused("mutability", "a user name stays that of its person")
            wanted = _with(wanted, key.lower(), each)
    return wanted


def _with(wanted: Wanted, key: str, value: Any) -> Wanted:
    """Put one attribute, its name in small letters, into what is wanted."""
    told = {"name": wanted.name, "office": wanted.office, "roles": wanted.roles, "active": wanted.active}
    if key == "name" and isinstance(value, dict):
        key, value = "name.formatted", next((text for name, text in value.items() if name.lower() == "formatted"), None)
        value = wanted.name if value is None else value
    if key == ENTERPRISE.lower() and isinstance(value, dict):
        key, value = f"{key}:department", next((one for name, one in value.items() if name.lower() == "department"), "")
    if key == "active":
        told["active"] = _boolean(value)
    elif key in _NAMES and value is not None and not (key == "name.formatted" and wanted.name):
        told["name"] = _text(key, value)
    elif key == f"{ENTERPRISE.lower()}:department":
        told["office"] = _text("department", value)
    elif key == "roles":
        told["roles"] = _roles(value)
    return Wanted(**told)  # type: ignore[arg-type]


def _boolean(value: Any) -> bool:
    """Yes or no; some identity systems send it as a word ("False")."""
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise ScimRefused("invalidValue", "active is true or false")
    return value


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip().isprintable():
        raise ScimRefused("invalidValue", f"{key} is not text that can be shown")
    return value.strip()


def _roles(value: Any) -> frozenset[Role]:
    found = value if isinstance(value, list) else [value]
    names = [one.get("value") if isinstance(one, dict) else one for one in found]
    if not names or not all(isinstance(name, str) and name in list(Role) for name in names):
        raise ScimRefused("invalidValue", f"roles are some of {', '.join(Role)}")
    return frozenset(Role(str(name)) for name in names)


def _attribute(
    name: str, kind: str = "string", *, many: bool = False, required: bool = False, mutability: str = "readWrite",
    uniqueness: str = "none", parts: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:  # fmt: skip
    told = {"name": name, "type": kind, "multiValued": many, "description": name, "required": required,
            "caseExact": False, "mutability": mutability, "returned": "default", "uniqueness": uniqueness}  # fmt: skip
    return {**told, "subAttributes": parts} if parts else told


def _meta(kind: str, location: str, created: str = "") -> dict[str, str]:
    told = {"resourceType": kind, "location": location}
    return {**told, "created": created} if created else told
