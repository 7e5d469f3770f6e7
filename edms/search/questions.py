"""How every engine reads a question: the query language, and the synonyms of the installation."""

from edms.core.settings import SearchSettings
from edms.search.query import ParsedQuery, parse
from edms.search.synonyms import SynonymFolder


class Questions:
    """Reads questions by the settings of the search."""

    def __init__(self, settings: SearchSettings) -> None:
        self._limit = settings.max_query_characters
        self._synonyms = SynonymFolder(settings.synonyms)

    def read(self, text: str) -> ParsedQuery:
        """Return what the text asks for. Never raises."""
        return self._synonyms.current().expanded(parse(text, self._limit))
