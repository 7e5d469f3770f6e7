"""A city of records lived through day by day: records come, events happen, holds are placed, schedules change, and
what is due is destroyed by its procedure, while the law worked out in `thirty_years_model` watches.

`City(...).live(years)` returns what happened, as numbers, and raises AssertionError on the first day that is not as the
law says. A year is 365 days of the calendar; each day the clock stands at two moments, the night's and that of work.
"""

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest
from disposal_people import APPROVER, COMMITTEE, DECIDER, EXECUTOR, SIGNERS
from filled_archive import Wanted, fill
from rules_in_force import put_into_force
from signing_people import who
from sqlalchemy import func, select
from thirty_years_model import CODES, DESTROY, LOWER, PAPERS, UPPER, Kept, Model, rule_files

from edms.access.levels import Level
from edms.audit.model import AuditLeaf
from edms.core.clock import FixedClock
from edms.core.errors import EdmsError, Refused
from edms.disposal.batches import Letter
from edms.disposal.destruction import (
    Inspected,
    NewBatch,
    approve,
    assess_items,
    conclude,
    decide_destruction,
    open_batch,
    propose,
    request_approval,
    select_due,
    set_committee,
)
from edms.disposal.execution import Execution, carry_out, execute
from edms.records.archive import Archive
from edms.records.disposal_model import DisposalBatch, DisposalItem, Residual
from edms.records.events import record_event, verify_event, void_event
from edms.records.holds import place_hold, release_hold
from edms.records.model import Component, Record
from edms.records.nightly import NIGHT, evaluate
from edms.records.people import office_by_code
from edms.records.report_lists import ListName
from edms.records.reports import ListQuestion, list_counts, open_list
from edms.retention.rulebook import RuleBook
from edms.retention.types import Tier, TriggerType

TIERS = {LOWER: Tier.LOWER, UPPER: Tier.UPPER}
LISTS = ("past_due", "destroy", "destroy_lower", "destroy_upper", "awaiting", "held")
TOLD = ("record.retention_due", "record.retention_overdue")
WAITS = {"select": 3, "propose": 9, "assess": 2, "request": 16, "approve": 5, "decide": 8, "execute": 1}
"""Days after each step of a destruction until the next is taken."""
BEGINS = {LOWER: 60, UPPER: 240}
"""The day of the year on which the destruction of a tier is begun."""


class Destruction:
    """One destruction on its way: its batch, where it stands, and what the list froze."""

    def __init__(self, tier: str, batch: UUID) -> None:
        self.tier, self.batch, self.name = tier, batch, str(batch)
        self.stands = "select"
        self.on = date.max
        self.frozen: dict[UUID, tuple[date | None, bool]] = {}
        self.kept: set[UUID] = set()
        self.parts = 0


class City:
    """The archive of one city, its people, and the model that judges it."""

    def __init__(self, archive: Archive, records: int, years: int, seed: int) -> None:
        assert isinstance(archive.clock, FixedClock)
        self.most = max(500, records // 50)
        disposal = archive.settings.disposal.model_copy(update={"max_items": self.most, "class_code": PAPERS})
        archive.settings.__dict__["disposal"] = disposal
        self.archive, self.clock = archive, archive.clock
        self.model, self.chance = Model(), random.Random(seed)
        self.first = archive.clock.today()
        self.days = 365 * years
        self.changed = tuple(self.first + timedelta(days=self.days * part // 3) for part in (1, 2))
        self.edition = 0
        put_into_force(archive, RuleBook(rule_files(0, self.changed)))
        self.noted: list[tuple[date, UUID, UUID, str, date]] = []
        self.standing_holds: list[tuple[date, UUID, list[UUID]]] = []
        self.under_way: dict[str, Destruction] = {}
        self.counts: Counter[str] = Counter()
        self.letters: dict[str, UUID] = {}
        self.monthly = records // 2 // max(1, self.days // 30)
        self._enter(records - self.monthly * (self.days // 30), self.first, back=15 * 365)

    # Days

    def live(self, tell: Callable[[str], None] = lambda _line: None) -> Counter[str]:
        """Live through all days; `tell` hears of every year. Returns numbers of what happened."""
        today = self.first
        for number in range(1, self.days + 1):
            last, today = today, today + timedelta(days=1)
            self._night(last, today, number)
            self.clock.set(datetime.combine(today, time(5), UTC))
            self._work(today, number)
            self._check(today, lists=number % 7 == 0 or number == self.days)
            if number % 365 == 0:
                tell(f"year {number // 365}: {dict(sorted(self.counts.items()))}")
        self._end()
        return self.counts

    def _night(self, last: date, today: date, number: int) -> None:
        """Everything whose day has come is told, and nothing whose day has not (R77)."""
        self.clock.set(datetime.combine(today, time(1), UTC))
        came = self.model.begin(last, today)
        before = self._leaves()
        assert evaluate(NIGHT, self.archive) is not None
        with self.archive.database.reader() as session:
            query = select(AuditLeaf.subject_id).where(AuditLeaf.index >= before, AuditLeaf.action.in_(TOLD))
            told = {UUID(one) for one in session.scalars(query)}
        assert came <= told, f"{today}: due and not told: {sorted(came - told)[:3]}"
        early = [one for one in told if not (day := self.model.records[one].due) or day > today]
        assert not early, f"{today}: told before its day: {early[:3]}"
        self.counts["days"] += 1
        self.counts["told"] += len(told)
        self.counts["came due"] += len(came)

    def _work(self, today: date, number: int) -> None:
        if number % 30 == 0 and number < self.days:
            self._enter(self.monthly, today, back=30)
        if today in self.changed:
            self.edition += 1
            put_into_force(self.archive, RuleBook(rule_files(self.edition, self.changed)))
            self.counts["schedules changed"] += 1
        self._events(today)
        self._holds(today)
        for tier, day in BEGINS.items():
            if number % 365 == day and tier not in self.under_way and self._due(tier):
                self._begin(tier, today)
        for tier in list(self.under_way):
            if self.under_way[tier].on <= today:
                self._step(self.under_way[tier], today)

    # What comes and what happens

    def _enter(self, count: int, today: date, back: int) -> None:
        chance = self.chance
        wanted = [
            Wanted(chance.choice(CODES), None if chance.random() < 0.01 else today - timedelta(chance.randrange(back)),
                   f"Naskah {today} {number}", "dinkes" if chance.random() < 0.8 else "bappeda",
                   chance.random() < 0.03, chance.random() < 0.02)
            for number in range(count)
        ]  # fmt: skip
        for one, told in zip(fill(self.archive, wanted), wanted, strict=True):
            kept = Kept(one, told.class_code, self.edition, told.document_date, told.legacy, told.vital,
                        office=told.office)  # fmt: skip
            self.model.add(kept, today)
        self.counts["records"] += count

    def _events(self, today: date) -> None:
        """Events are noted by one person and verified by another some days later; some never are, some are voided."""
        waiting = self._in_order(self.model.on["awaiting"])
        for _ in range(self._times(0.02 + len(waiting) / 8000)):
            kept = self.model.records[self.chance.choice(waiting)]
            if not kept.row.triggers:
                continue
            kind, on = self.chance.choice(kept.row.triggers), today - timedelta(self.chance.randrange(90))
            actor = who(self.archive, f"clerk-{kept.office}")
            event = record_event(actor, self.archive, kept.id, TriggerType(kind), on, "berita acara")
            self.counts["events noted"] += 1
            if self.chance.random() < 0.9:
                self.noted.append((today + timedelta(self.chance.randrange(30)), kept.id, event, kind, on))
        for told in [one for one in self.noted if one[0] <= today]:
            self.noted.remove(told)
            self._verified(today, *told[1:])
        if self.chance.random() < 0.05:
            self._voided(today)

    def _times(self, rate: float) -> int:
        """How often something happens today that happens `rate` times a day."""
        return int(rate) + (self.chance.random() < rate % 1)

    def _in_order(self, records: set[UUID]) -> list[UUID]:
        """In the order in which they came, so that the same seed lives the same years."""
        return sorted(records, key=lambda one: self.model.records[one].number)

    def _verified(self, today: date, record: UUID, event: UUID, kind: str, on: date) -> None:
        kept = self.model.records[record]
        if kept.destroyed is None:
            verify_event(who(self.archive, "records"), self.archive, event)
            kept.events[str(event)] = (kind, on)
            self.model.look(kept, today)
            self.counts["events verified"] += 1

    def _voided(self, today: date, among: list[UUID] | None = None) -> None:
        """Take an event back; of what is on its way to be destroyed, its day is then another one or none."""
        found = [kept for one in among or list(self.model.records)[-2000:]
                 if (kept := self.model.records[one]).events and kept.destroyed is None]  # fmt: skip
        if found:
            kept = self.chance.choice(found)
            event = self.chance.choice(list(kept.events))
            void_event(who(self.archive, "records"), self.archive, UUID(event), "keliru")
            del kept.events[event]
            self.model.look(kept, today)
            self.counts["events voided"] += 1

    def _holds(self, today: date) -> None:
        if self.chance.random() < 0.06:
            near = self._in_order(
                self.model.on["destroy"] | {one for line in self.under_way.values() for one in line.frozen}
            )
            among = near if near and self.chance.random() < 0.6 else list(self.model.records)[-5000:]
            chosen = self.chance.sample(among, min(len(among), self.chance.randrange(1, 4)))
            self._hold(today, [one for one in chosen if self.model.records[one].destroyed is None])
        for told in [one for one in self.standing_holds if one[0] <= today]:
            self.standing_holds.remove(told)
            release_hold(who(self.archive, "lkd"), self.archive, told[1])
            for one in told[2]:
                self.model.records[one].holds.discard(str(told[1]))
                self.model.look(self.model.records[one], today)
            self.counts["holds released"] += 1

    def _hold(self, today: date, chosen: list[UUID]) -> None:
        if not chosen:
            return
        hold = place_hold(who(self.archive, "records"), self.archive, chosen, "Perkara", "Surat pengadilan", "gugatan")
        for one in chosen:
            self.model.records[one].holds.add(str(hold))
            self.model.look(self.model.records[one], today)
        self.standing_holds.append((today + timedelta(self.chance.randrange(10, 600)), hold, chosen))
        self.counts["holds placed"] += 1

    def _damage(self, record: UUID) -> None:
        """Flip a byte of a stored file, as a disk does."""
        with self.archive.database.reader() as session:
            name = session.scalars(select(Component).where(Component.record_id == record)).one().blob.name
        path = next(one for one in (self.archive.settings.storage.path / "blobs").rglob(name))
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.chmod(0o600)
        path.write_bytes(content)
        self.model.records[record].damaged = True
        self.counts["files damaged"] += 1

    # Destruction

    def _due(self, tier: str) -> set[UUID]:
        on = self.model.on[f"destroy_{tier}"]
        return {one for one in on if self.model.records[one].office == "dinkes"}

    def _letter(self, number: str, today: date) -> Letter:
        (record,) = fill(self.archive, [Wanted(PAPERS, today, f"Surat {number}")])
        self.model.add(Kept(record, PAPERS, self.edition, today), today)
        return Letter(number, today, record)

    def _begin(self, tier: str, today: date) -> None:
        officer, archive = who(self.archive, "arsiparis"), self.archive
        office = office_by_code(archive, "dinkes")
        batch = open_batch(officer, archive, NewBatch(office, TIERS[tier], f"Pemusnahan {today}", Level.OPEN, PAPERS))
        line = self.under_way[tier] = Destruction(tier, batch)
        self._refused(lambda: select_due(officer, archive, batch))
        set_committee(officer, archive, batch, COMMITTEE, self._letter("SK", today))
        for wrong in self._not_to_be_chosen(tier, today):
            self._refused(lambda wrong=wrong: select_due(officer, archive, batch, [wrong]))
        expected = self._due(tier)
        assert select_due(officer, archive, batch) == min(len(expected), self.most), f"{today}: {tier}"
        with archive.database.reader() as session:
            chosen = set(session.scalars(select(DisposalItem.record_id).where(DisposalItem.batch_id == batch)))
        assert chosen <= expected, f"{today}: chosen and not due"
        for one in chosen:
            self.model.records[one].batch = line.name
            self.model.look(self.model.records[one], today)
        line.on = today + timedelta(days=WAITS["select"])
        self.counts["destructions"] += 1

    def _not_to_be_chosen(self, tier: str, today: date) -> list[UUID]:
        """One record each: whose day has not come, that is held, of the other tier, that is to be kept for good."""
        looked_at = self.chance.sample(list(self.model.records), min(len(self.model.records), 2000))
        there = [kept for one in looked_at if (kept := self.model.records[one]).destroyed is None]
        wants: tuple[Callable[[Kept], bool], ...] = (
            lambda kept: kept.due is not None and kept.due > today,
            lambda kept: bool(kept.holds),
            lambda kept: kept.tier != tier and kept.may_go(today),
            lambda kept: kept.row.fate != DESTROY,
            lambda kept: kept.legacy or kept.vital or kept.row.terjaga,
        )
        found = (next((kept.id for kept in there if want(kept)), None) for want in wants)
        return [one for one in found if one is not None]

    def _refused(self, attempt: Callable[[], object]) -> None:
        with pytest.raises(EdmsError):
            attempt()
        self.counts["attempts refused"] += 1

    def _step(self, line: Destruction, today: date) -> None:
        self._mischief(line, today)
        step = {"select": self._propose, "propose": self._assess, "assess": self._request, "request": self._approve,
                "approve": self._decide, "decide": self._execute, "execute": self._carry_out}[line.stands]  # fmt: skip
        self._wrong(line, today)
        try:
            step(line, today)
        except Refused as refused:
            if "nothing is left" not in refused.message:
                raise
            assert not [one for one in line.frozen if self._goes(line, one, today)], f"{today}: refused and due"
            self._let_go(line, today)
            return
        line.on = today + timedelta(days=WAITS.get(line.stands, 1))

    def _mischief(self, line: Destruction, today: date) -> None:
        """What may happen between any two steps to a record on the list."""
        there = self._in_order({one for one in line.frozen if self.model.records[one].batch == line.name})
        if not there or self.chance.random() < 0.4:
            return
        one = self.chance.choice(there)
        what = self.chance.random()
        if what < 0.5:
            self._hold(today, [one])
        elif what < 0.8:
            self._voided(today, there)
        elif line.stands == "decide" and not self.model.records[one].damaged:
            self._damage(one)

    def _wrong(self, line: Destruction, today: date) -> None:
        """Somebody whose turn it is not, or who had a part already, tries; and a clock that was set back."""
        archive, batch, tier = self.archive, line.batch, TIERS[line.tier]
        number = Letter("PALSU", today, next(iter(self.model.records)))
        attempts: list[Callable[[], object]] = [
            lambda: approve(who(archive, "arsiparis"), archive, batch, number),
            lambda: decide_destruction(who(archive, APPROVER[tier]), archive, batch, number),
            lambda: execute(who(archive, "arsiparis"), archive, batch, Execution("1", "Semarang", SIGNERS)),
            lambda: execute(who(archive, "penilai"), archive, batch, Execution("1", "Semarang", SIGNERS)),
            lambda: carry_out(who(archive, APPROVER[tier]), archive, batch),
        ]
        if line.stands not in ("decide", "execute"):
            attempts.append(lambda: execute(who(archive, EXECUTOR[tier]), archive, batch,
                                            Execution("1", "Semarang", SIGNERS)))  # fmt: skip
        if line.stands != "execute":
            attempts.append(lambda: carry_out(who(archive, EXECUTOR[tier]), archive, batch))
        self._refused(self.chance.choice(attempts))
        if line.stands == "request":
            self.clock.set(self.clock.now() - timedelta(days=400))
            self._refused(lambda: approve(who(archive, APPROVER[tier]), archive, batch, number))
            self.clock.set(self.clock.now() + timedelta(days=400))

    def _propose(self, line: Destruction, today: date) -> None:
        propose(who(self.archive, "arsiparis"), self.archive, line.batch, f"U-{today}")
        self._follow(line, today)
        for one in self._items(line):
            kept = self.model.records[one]
            line.frozen[one] = (kept.due, self._superseded(kept, today))
        line.stands = "propose"

    def _assess(self, line: Destruction, today: date) -> None:
        with self.archive.database.reader() as session:
            query = select(DisposalItem).where(DisposalItem.batch_id == line.batch,
                                               DisposalItem.standing_key.is_not(None))  # fmt: skip
            items = [(item.id, item.record_id) for item in session.scalars(query.order_by(DisposalItem.position))]
        line.kept = {record for _item, record in items if self.chance.random() < 0.01}
        found = {item: Inspected("keep" if record in line.kept else "destroy", "dilihat, dinilai")
                 for item, record in items}  # fmt: skip
        assess_items(who(self.archive, "penilai"), self.archive, line.batch, found)
        self._taken_out(line, line.kept, today)
        conclude(who(self.archive, "ketua"), self.archive, line.batch, "Telah dinilai oleh panitia seluruhnya.")
        line.stands = "assess"

    def _request(self, line: Destruction, today: date) -> None:
        request_approval(who(self.archive, "arsiparis"), self.archive, line.batch, f"M-{today}")
        line.stands = "request"

    def _approve(self, line: Destruction, today: date) -> None:
        letter = self._letter("PERSETUJUAN", today)
        approve(who(self.archive, APPROVER[TIERS[line.tier]]), self.archive, line.batch, letter)
        self._follow(line, today)
        line.stands = "approve"

    def _decide(self, line: Destruction, today: date) -> None:
        letter = self._letter("KEPUTUSAN", today)
        decide_destruction(who(self.archive, DECIDER[TIERS[line.tier]]), self.archive, line.batch, letter)
        line.stands = "decide"

    def _execute(self, line: Destruction, today: date) -> None:
        told = Execution(f"BA-{today}", "Semarang", SIGNERS)
        execute(who(self.archive, EXECUTOR[TIERS[line.tier]]), self.archive, line.batch, told)
        self._follow(line, today)
        line.stands = "execute"

    def _carry_out(self, line: Destruction, today: date) -> None:
        """Half on one day and the rest on the next: what goes is exactly what the law lets go on that day."""
        items = self._items(line, "LISTED")
        now = items[: max(1, len(items) // 2)] if line.parts == 0 else items
        expected = {one for one in now if self._goes(line, one, today)}
        left = carry_out(who(self.archive, EXECUTOR[TIERS[line.tier]]), self.archive, line.batch, len(now))
        with self.archive.database.reader() as session:
            query = select(Residual.record_id).where(Residual.batch_id == line.batch)
            gone = set(session.scalars(query)) - {one for one in line.frozen if self.model.records[one].destroyed}
        assert gone == expected, f"{today}: {len(gone - expected)} gone that may not, {len(expected - gone)} left"
        self._by_the_law(line, gone)
        for one in now:
            kept = self.model.records[one]
            kept.known_damaged = kept.known_damaged or (kept.damaged and self._read(line, one, today))
            kept.batch = None
            if one in gone:
                kept.destroyed = today
                self.counts["destroyed"] += 1
            else:
                self.counts["taken out in the last moment"] += 1
            self.model.look(kept, today)
        line.parts += 1
        if not left:
            self.counts["carried out"] += 1
            self.under_way.pop(line.tier)

    def _goes(self, line: Destruction, one: UUID, today: date) -> bool:
        return self._read(line, one, today) and not self.model.records[one].damaged

    def _read(self, line: Destruction, one: UUID, today: date) -> bool:
        """Whether the law lets it go as it stands on the list, so that its bytes are read."""
        kept = self.model.records[one]
        return (
            kept.may_go(today) and kept.batch == line.name and one not in line.kept and kept.tier == line.tier
            and (kept.due, self._superseded(kept, today)) == line.frozen[one]
        )  # fmt: skip

    def _superseded(self, kept: Kept, today: date) -> bool:
        return kept.edition < self.edition

    def _by_the_law(self, line: Destruction, gone: set[UUID]) -> None:
        """Every step was taken before, in its order, and no two duties by the same person."""
        with self.archive.database.reader() as session:
            batch = session.get_one(DisposalBatch, line.batch)
            steps = [(step.step, step.actor_id, step.record_id) for step in batch.steps]
            assessed = {item.record_id: item.assessed_by for item in batch.items}
        names = [name for name, _by, _record in steps]
        order = ["open", "committee", "select", "propose", "assess", "request", "approve", "decide", "execute"]
        assert [name for name in names if name in order] == order, names
        by = {name: person for name, person, _record in steps}
        people = {by[name] for name in ("propose", "assess", "approve", "decide", "execute")}
        assert len(people) == 5, "one person took two steps"
        assert all(record is not None for name, _by, record in steps if name in ("committee", "approve", "decide"))
        assert all(assessed[one] not in (None, *(people - {by["assess"]})) for one in gone)

    def _items(self, line: Destruction, *states: str) -> list[UUID]:
        with self.archive.database.reader() as session:
            query = select(DisposalItem.record_id).where(
                DisposalItem.batch_id == line.batch, DisposalItem.standing_key.is_not(None)
            )
            if states:
                query = query.where(DisposalItem.state.in_(states))
            return list(session.scalars(query.order_by(DisposalItem.position)))

    def _follow(self, line: Destruction, today: date) -> None:
        """What a step took out is free again: and it took out exactly what the law no longer lets go."""
        mine = {one for one, kept in self.model.records.items() if kept.batch == line.name}
        stay = {one for one in mine if (self._read(line, one, today) if line.frozen
                                        else self.model.records[one].may_go(today))}  # fmt: skip
        self._taken_out(line, mine - stay, today)

    def _taken_out(self, line: Destruction, out: set[UUID], today: date) -> None:
        mine = {one for one, kept in self.model.records.items() if kept.batch == line.name}
        there = set(self._items(line))
        assert there == mine - out, f"{today}: {line.stands}: {len(there - (mine - out))} too many on the list"
        for one in out:
            self.model.records[one].batch = None
            self.model.look(self.model.records[one], today)
            self.counts["taken out before"] += 1

    def _let_go(self, line: Destruction, today: date) -> None:
        from edms.disposal.destruction import cancel

        if line.stands != "execute":
            cancel(who(self.archive, "arsiparis"), self.archive, line.batch, "tidak ada yang tersisa")
        for kept in [one for one in self.model.records.values() if one.batch == line.name]:
            kept.batch = None
            self.model.look(kept, today)
        self.under_way.pop(line.tier)
        self.counts["given up"] += 1

    # What must hold

    def _leaves(self) -> int:
        with self.archive.database.reader() as session:
            return (session.scalar(select(func.max(AuditLeaf.index))) or 0) + 1

    def _check(self, today: date, *, lists: bool) -> None:
        """As many records are gone as the law saw go; and, where `lists`, each list has as many as the law says."""
        with self.archive.database.reader() as session:
            gone = session.scalar(select(func.count()).select_from(Record).where(Record.state == "destroyed"))
        assert gone == self.counts["destroyed"], f"{today}: {gone} are gone"
        if lists:
            found = list_counts(who(self.archive, "records"), self.archive, None, "")
            for name in LISTS:
                assert found[ListName(name)] == len(self.model.on[name]), self._difference(today, name)
            self.counts["lists compared"] += len(LISTS)

    def _difference(self, today: date, name: str) -> str:
        """Name the records of which list and law say different things."""
        actor = who(self.archive, "records")
        with open_list(actor, self.archive, ListQuestion(ListName(name)), "en") as (_day, _total, rows):
            told = {one.row.record for one in rows}
        law = self.model.on[name]
        more, less = ([self.model.records[one] for one in list(found)[:2]] for found in (told - law, law - told))
        return f"{today}: {name}: more {more}, less {less}"

    def _end(self) -> None:
        """Whoever is not gone is whole to the last byte, and who is gone is gone for good."""
        gone = {one for one, kept in self.model.records.items() if kept.destroyed is not None}
        with self.archive.database.reader() as session:
            assert gone == set(session.scalars(select(Record.id).where(Record.state == "destroyed")))
            assert gone == set(session.scalars(select(Residual.record_id)))
        with self.archive.database.reader() as session:
            for part in session.scalars(select(Component).execution_options(yield_per=500)):
                kept = self.model.records.get(part.record_id)
                assert part.record_id not in gone
                if kept is not None and not kept.damaged:
                    self.archive.vault.verify(part.blob.sealed())
                    self.counts["whole at the end"] += 1
