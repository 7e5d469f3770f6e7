"""What screening may find in a file: the words for it, each with its default consequence.

A flag is a fact of a component. Whether it sets the file aside or is only shown is `[screening] quarantine`.
"""

FLAGS = {
    "polyglot": "it is at once a file of another kind",
    "executable": "it is a program",
    "launch": "it starts a program when opened",
    "remote_template": "it loads a template from elsewhere when opened",
    "type_mismatch": "its name says another kind of file than it is",
    "macros": "it holds macros",
    "javascript": "it holds JavaScript",
    "open_action": "it does something by itself when opened",
    "active_content": "it holds active content",
    "embedded_files": "other files lie in it",
    "embedded_objects": "objects of other programs lie in it",
    "external_links": "it refers to files or pages elsewhere",
    "unread_attachment": "a file in it could not be read",
    "encrypted_attachment": "a file in it is protected by a password",
    "bad_text_layer": "its text layer was not words and was recognised anew",
    "too_large_to_scan": "the malware scanner did not look at all of it",
}
# What the scanner did not look at is not clean: it passes only where somebody has decided that it may.
QUARANTINED_BY_DEFAULT = ("executable", "launch", "polyglot", "remote_template", "too_large_to_scan")
