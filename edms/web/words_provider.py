"""What is said to somebody whom the sign-in provider did not get in, by the code of the reason."""

from edms.web.language import gettext, message

_NOT_BELIEVED = message(
    "What the sign-in provider answered was not believed. Try again, and tell the administrator if it stays so."
)
_FIT = message("What your groups at the provider say cannot be carried out here. Tell the administrator.")
_TAKEN = message(
    "Your user name is somebody's here already, or cannot be one. Ask the administrator to bind your account."
)
_SENTENCES = {
    "away": message(
        "The sign-in provider does not answer. Sign in with your user name and password, or try again in a moment."
    ),
    "state": message("This way to the provider was used already, or took too long. Begin again."),
    "denied": message("You did not sign in at the provider, or it did not let you in."),
    "unknown": message("Nobody here is known by this account. Ask the administrator to bind it."),
    "not_in_service": message("You are not let in here any more. Ask the administrator."),
    "no_group": message("None of your groups at the provider lets you in here. Ask the administrator."),
    "groups_unfit": _FIT,
    "name_taken": _TAKEN,
    "somebody_else": message("Somebody else signed in at the provider than here. Nothing was done yet."),
    "second_factor": message("The provider did not ask for a second factor. Prove it with a code or a passkey."),
    "authenticated_at": message("The provider did not ask anew who you are. Nothing was done yet."),
}
BINDING_ERRORS = (
    message("there would be no way left to sign in"),
    message("add a passkey first, or ask for a password"),
    message("there is no sign-in provider"),
    message("set [oidc] issuer"),
    message("see: edms person unbind-provider"),
    message("%(user)s has an account at the provider already"),
    message("%(user)s has no account at the provider"),
    message("this account at the provider is somebody else's already"),
    message("it is the claim `sub` of the provider"),
    message("a subject has 1 to %(count)s characters of ASCII"),
    message("the directory has no entry, or several, of %(name)s"),
    message("this entry of the directory is bound to another person already"),
)


def provider_sentence(why: str) -> str:
    """Return the sentence for a reason, in the reader's language."""
    return gettext(_SENTENCES.get(why, _NOT_BELIEVED))
