"""What an index holds against what it should hold: the same for every engine."""

from collections.abc import Iterable, Iterator

from edms.search.protocol import Fault


def differences(held: dict[str, int], expected: Iterable[tuple[str, int]]) -> Iterator[Fault]:
    """Yield what is missing, stale and extra among the versions that are held, by record id."""
    left = dict(held)
    for record_id, version in expected:
        found = left.pop(record_id, None)
        if found is None:
            yield Fault("index-missing", record_id, "the record is not in the index")
        elif found != version:
            yield Fault("index-stale", record_id, f"the index holds version {found}, not {version}")
    for record_id in sorted(left):
        yield Fault("index-extra", record_id, "the index holds a record that should not be there")
