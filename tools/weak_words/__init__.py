"""The tool that makes the list of words that weak passwords are built from."""
