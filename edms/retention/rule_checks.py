"""What no rule file can know alone: the files of a folder checked against each other."""

from collections.abc import Iterator
from datetime import date

from edms.retention.errors import RuleMistake
from edms.retention.rule_file import RuleFile
from edms.retention.types import Edition, EditionKind, EditionState


def across(files: list[RuleFile]) -> Iterator[RuleMistake]:
    """Yield every mistake between files that were each read without one."""
    editions: dict[str, RuleFile] = {}
    for file in files:
        edition = _of(file)
        if edition.id in editions:
            yield RuleMistake(file.name, 1, f"edition {edition.id} is in {editions[edition.id].name} already")
        editions[edition.id] = file
    for file in files:
        yield from _duplicates(file)
        yield from _tree(file, editions)
    yield from _overlaps(files)
    yield from _unknown_classes(files)


def _of(file: RuleFile) -> Edition:
    assert file.edition is not None, "only files without a mistake are checked against each other"
    return file.edition


def _duplicates(file: RuleFile) -> Iterator[RuleMistake]:
    seen: set[tuple[str, str]] = set()
    parts = [
        *(("class", node.code, f"class {node.code} is there twice", line) for node, line in file.classes),
        *(("rule", rule.code, f"rule {rule.code} is there twice", line) for rule, line in file.rules),
        *(
            ("filed", code, f"class {code} has two rules (R75: one record, one schedule)", line)
            for rule, line in file.rules
            for code in rule.class_codes
        ),
    ]
    for kind, code, reason, line in parts:
        if (kind, code) in seen:
            yield RuleMistake(file.name, line, reason)
        seen.add((kind, code))


def _tree(file: RuleFile, editions: dict[str, RuleFile]) -> Iterator[RuleMistake]:
    """A parent class stands in the same edition or in the one that it supplements, and nothing is its own ancestor."""
    main = editions.get(file.supplements)
    if file.supplements and (main is None or main is file or _of(main).kind is not _of(file).kind):
        yield RuleMistake(file.name, 1, f"it supplements {file.supplements}, which is no {_of(file).kind} here")
        return
    parents = {node.code: node.parent for node, _line in (*(main.classes if main else ()), *file.classes)}
    for node, line in file.classes:
        if node.parent and node.parent not in parents:
            yield RuleMistake(file.name, line, f"class {node.code}: there is no parent {node.parent}")
            continue
        passed, above = {node.code}, node.parent
        while above and above not in passed:
            passed.add(above)
            above = parents.get(above)
        if above:
            yield RuleMistake(file.name, line, f"class {node.code} is above itself: {above}")


def _overlaps(files: list[RuleFile]) -> Iterator[RuleMistake]:
    """At most one edition of a kind is active on a day; what supplements it only adds to it."""
    active = [file for file in files if _of(file).state is not EditionState.DRAFT]
    for position, file in enumerate(active):
        for other in active[:position]:
            if _of(file).kind is not _of(other).kind or not _meet(_of(file), _of(other)):
                continue
            if _family(file) == _family(other):
                yield from _said_twice(file, other)
            else:
                reason = f"{_of(file).id} and {_of(other).id} are both active on the same days"
                yield RuleMistake(file.name, 1, reason)


def _family(file: RuleFile) -> str:
    return file.supplements or _of(file).id


def _said_twice(file: RuleFile, other: RuleFile) -> Iterator[RuleMistake]:
    classes = {node.code for node, _line in other.classes}
    filed = {code for rule, _line in other.rules for code in rule.class_codes}
    for node, line in file.classes:
        if node.code in classes:
            yield RuleMistake(file.name, line, f"class {node.code} is in {other.name} already")
    for rule, line in file.rules:
        for code in rule.class_codes:
            if code in filed:
                yield RuleMistake(file.name, line, f"class {code} has a rule in {other.name} already (R75)")


def _meet(one: Edition, two: Edition) -> bool:
    return one.effective_from <= (two.effective_to or date.max) and two.effective_from <= (one.effective_to or date.max)


def _unknown_classes(files: list[RuleFile]) -> Iterator[RuleMistake]:
    """A rule of a schedule that is or was in force only names classes of such a classification."""
    known = {
        node.code
        for file in files
        if _of(file).kind is EditionKind.CLASSIFICATION and _of(file).state is not EditionState.DRAFT
        for node, _line in file.classes
    }
    for file in files:
        if _of(file).state is EditionState.DRAFT:
            continue
        for rule, line in file.rules:
            for code in rule.class_codes:
                if code not in known:
                    reason = f"rule {rule.code}: there is no class {code} in the classification"
                    yield RuleMistake(file.name, line, reason)
