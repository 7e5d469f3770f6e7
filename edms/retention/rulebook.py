"""A rule book: all editions of a folder, checked together, asked by class and day."""

import hashlib
import json
from dataclasses import replace
from datetime import date
from functools import cached_property
from pathlib import Path

from edms.core.errors import Refused
from edms.retention.errors import RuleFault, RuleMistake
from edms.retention.rule_checks import across
from edms.retention.rule_file import RuleFile
from edms.retention.types import ClassNode, Edition, EditionKind, EditionState, Rule

_MOST_BYTES = 10 * 1024 * 1024


class RuleBook:
    """Editions with their classes and rules. Made whole or not at all; raises RuleFault with every mistake."""

    def __init__(self, files: dict[str, str]) -> None:
        self._files = files
        read = [RuleFile(name, text) for name, text in sorted(files.items())]
        mistakes = [mistake for file in read for mistake in file.mistakes]
        if not mistakes:
            mistakes = list(across(read))
        if mistakes:
            raise RuleFault(mistakes)
        self.editions: dict[str, Edition] = {file.edition.id: file.edition for file in read if file.edition}
        self._supplements = {file.edition.id for file in read if file.edition and file.supplements}
        self._classes = {(node.edition, node.code): node for file in read for node, _line in file.classes}
        self._rules = {(rule.edition, rule.code): rule for file in read for rule, _line in file.rules}
        self._by_class = {(rule.edition, code): rule for rule in self._rules.values() for code in rule.class_codes}

    @classmethod
    def from_text(cls, content: str) -> "RuleBook":
        """Return the book that `to_text` wrote down."""
        return cls(json.loads(content))

    def to_text(self) -> str:
        """Return the whole book as one text: the files as they are, since TOML is the source."""
        return json.dumps(self._files, ensure_ascii=False, sort_keys=True)

    @cached_property
    def sha256(self) -> str:
        """The hash of the content: what is applied must be what was reviewed."""
        return hashlib.sha256(self.to_text().encode()).hexdigest()

    def edition_in_force(self, kind: EditionKind, on: date) -> Edition | None:
        """Return the main edition of `kind` in force on a day."""
        return next(iter(self._in_force(kind, on)), None)

    def class_node(self, code: str, on: date, edition: str | None = None) -> ClassNode | None:
        """Return a class of the classification in force on a day, or of the named edition (R2)."""
        editions = [edition] if edition else [found.id for found in self._in_force(EditionKind.CLASSIFICATION, on)]
        return next((node for name in editions if (node := self._classes.get((name, code)))), None)

    def nodes(self, on: date) -> list[ClassNode]:
        """Return every class of the classification in force and of what supplements it, in order of codes."""
        editions = {found.id for found in self._in_force(EditionKind.CLASSIFICATION, on)}
        return sorted((node for node in self._classes.values() if node.edition in editions), key=_by_code)

    def nodes_of(self, edition: str) -> list[ClassNode]:
        """Return every class of one edition, in force or not, in order of codes."""
        return sorted((node for node in self._classes.values() if node.edition == edition), key=_by_code)

    def selectable_nodes(self, on: date) -> list[ClassNode]:
        """Return the classes that have a schedule (R10)."""
        return [node for node in self.nodes(on) if self.rule_for(node.code, on) is not None]

    def selectable(self, code: str, on: date) -> bool:
        """True when a record may be filed under `code`: a class without a schedule is not selectable (R10)."""
        return self.rule_for(code, on) is not None

    def rule_for(self, code: str, on: date) -> Rule | None:
        """Return the rule of a class, its own or the nearest inherited one (R10), on a day."""
        editions = self._in_force(EditionKind.SCHEDULE, on)
        current: str | None = code
        while current:
            for edition in editions:
                rule = self._by_class.get((edition.id, current))
                if rule is not None:
                    return rule
            node = self.class_node(current, on)
            current = node.parent if node else None
        return None

    def default_security(self, code: str, on: date) -> str | None:
        """Return the level that a class proposes (R25): by the security scheme, the class itself, or its schedule."""
        nodes = [*self.security_nodes(code, on), self.class_node(code, on)]
        rule = self.rule_for(code, on)
        told = [node.default_security for node in nodes if node] + [rule.security_default if rule else None]
        return next((level for level in told if level), None)

    def security_nodes(self, code: str, on: date) -> list[ClassNode]:
        """Return what the security schemes in force say of a class, else of the nearest one above it (R25)."""
        schemes = [found.id for found in self._in_force(EditionKind.SECURITY, on)]
        current: str | None = code
        while current:
            found = [node for name in schemes if (node := self._classes.get((name, current)))]
            if found:
                return found
            node = self.class_node(current, on)
            current = node.parent if node else None
        return []

    def content_of(self, edition: str) -> str:
        """Return all that stands in an edition except its closing, which alone may change once it is active (R3)."""
        held = replace(self.editions[edition], state=EditionState.ACTIVE, effective_to=None)
        parts = [*self._classes.items(), *self._rules.items()]
        return repr((held, sorted((repr(key), repr(part)) for key, part in parts if key[0] == edition)))

    def rule(self, edition: str, code: str) -> Rule | None:
        """Return a rule by its edition and own code."""
        return self._rules.get((edition, code))

    def rules(self) -> list[Rule]:
        return list(self._rules.values())

    def _in_force(self, kind: EditionKind, on: date) -> list[Edition]:
        found = [edition for edition in self.editions.values() if edition.kind is kind and edition.in_force(on)]
        return sorted(found, key=lambda edition: (edition.id in self._supplements, edition.id))


def load_rules(folder: Path) -> RuleBook:
    """Read every `*.toml` of `folder`. Raises RuleFault (file, line, reason), Refused when there is nothing to read."""
    if not folder.is_dir():
        raise Refused(f"there is no rule folder {folder}")
    files = {}
    for path in sorted(folder.glob("*.toml")):
        if path.stat().st_size > _MOST_BYTES:
            raise RuleFault([RuleMistake(path.name, 1, "the file is larger than 10 MiB")])
        try:
            files[path.name] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RuleFault([RuleMistake(path.name, 1, f"cannot be read: {error}")]) from None
    if not files:
        raise Refused(f"there is no rule file (*.toml) in {folder}")
    return RuleBook(files)


def _by_code(node: ClassNode) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in node.code.split("."))
