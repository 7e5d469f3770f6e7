"""What senders call their uploads, so that a request that is repeated finds what it began."""

import hashlib

from edms.access.actors import Actor


def own_name(actor: Actor, token: str) -> str:
    """What a sender calls an upload. A program with an API token has names of its own: by those of its person's others
    it would learn of uploads into offices that the token does not reach."""
    if actor.token_id is None:
        return token
    return hashlib.sha256(actor.token_id.bytes + token.encode("utf-8", "surrogatepass")).hexdigest()
