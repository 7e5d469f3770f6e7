"""What is said of API tokens and service accounts, in the reader's language."""

from flask import Flask

from edms.web.language import gettext, message

TOKEN_ERRORS = (
    message("a service account is cleared for no more than who answers for it"),
    message("%(user)s may not"),
    message("a token has a name of 1 to 60 characters"),
    message("such as the program that it is for"),
    message("a token is made for something"),
    message("choose what may be done with it"),
    message("a token counts for 1 to %(count)s days"),
    message("make a new one when it ends"),
    message("there are as many tokens as one may have"),
    message("revoke one that is not used"),
    message("there is a token of this name already"),
    message("the trail tells tokens apart by their names"),
    message("the token is revoked already"),
    message("%(user)s is no service account"),
    message("people make their own tokens"),
    message("%(user)s is a service account"),
    message("it has tokens and nothing else: edms token create"),
    message("nobody makes, changes or gives tokens to a service account that they answer for"),
    message("ask another administrator"),
    message("people are pushed by service accounts alone"),
    message("add one: edms person add-service"),
    message("a token for pushing people is bound to no office"),
    message("leave the office out"),
)
PROVISIONING_ERRORS = (
    message("who is added is let in"),
    message("add the person when that is wanted"),
    message("no program changes who administers, keeps or audits"),
    message("an administrator does"),
    message("no program makes somebody administer, keep or audit"),
    message("it may give %(known)s"),
    message("who left is let in again by a person, not by a program"),
    message("an administrator does it"),
)
SCOPES = {
    "read": message("open records: facts, pictures of pages, files"),
    "capture": message("hand in documents, and see how far they are"),
    "search": message("search, with the passages that are found"),
    "people": message("push people by SCIM: for the service account of an identity system"),
}


def token_scope(scope: str) -> str:
    """What a token of this scope is made for, in words."""
    return gettext(SCOPES[scope]) if scope in SCOPES else scope


def install(app: Flask) -> None:
    """Register the filter."""
    app.jinja_env.filters.update(token_scope=token_scope)
