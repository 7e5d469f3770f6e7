"""Writes the vectors of certificates of destruction, by a second, naive implementation of docs/formats/destruction.md.

    python tests/vectors/destruction/make_vectors.py        writes accept/*.json and reject/*.json again, the same bytes

Each vector has `certificate` (the file's text) and `keys` (PEM); a rejected one has `kind`, the kind of a fault that
must be among those that are named. Where a vector's name begins with `trail-`, the trail itself, rightly signed, tells
of a destruction that was not by the law; in the others somebody altered the certificate afterwards.
"""

import copy
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from naive_trail import canonical, pem_of, proven, sha  # noqa: E402 - a script finds its neighbour by its own place
from writing import write  # noqa: E402

SEED = bytes(range(32))
DISPOSAL = "01900000-0000-7000-8000-00000000d001"
STEPS = ("open", "committee", "select", "propose", "assess", "request", "approve", "decide", "execute", "finish",
         "close")  # fmt: skip
DUTY = {"assess": "assess", "approve": "approve", "decide": "decide", "execute": "execute", "finish": "execute",
        "close": "execute"}  # fmt: skip
PEOPLE = {"propose": "p-arsiparis", "assess": "p-ketua", "approve": "p-walikota", "decide": "p-kepala",
          "execute": "p-pelaksana"}  # fmt: skip
STATES = ("DRAFT", "DRAFT", "SELECTED", "PROPOSED", "ASSESSED", "APPROVAL_REQUESTED", "APPROVED", "DECIDED",
          "EXECUTING", "EXECUTED", "CLOSED")  # fmt: skip
COMMITTEE = (("chair", "p-ketua"), ("unit_head", "p-kepala-unit"), ("archivist", "p-anggota"))
Told = dict[str, Any]
People = tuple[tuple[str, str], ...]


def acting(people: People) -> list[Told]:
    return [{"person": person, "capacity": capacity} for capacity, person in people]


def list_sha256(digests: list[str]) -> str:
    return sha("".join(digest + "\n" for digest in digests).encode())


class Trail:
    """Events at their places, a minute apart."""

    def __init__(self, backwards: bool) -> None:
        self._backwards = backwards
        self.leaves: list[Told] = []

    def tell(self, action: str, person: str, subject: tuple[str, str], details: Told) -> int:
        index = len(self.leaves)
        self.leaves.append({
            "action": action, "actor": {"id": person, "kind": "person", "name": person},
            "at": f"2026-11-24T03:{59 - index if self._backwards else index:02d}:00.000000Z",
            "details": details, "index": index, "outcome": "done",
            "subject": {"kind": subject[0], "id": subject[1]}, "version": 1,
        })  # fmt: skip
        return index


def record_of(number: int) -> str:
    return f"01900000-0000-7000-8000-0000000000{number:02d}"


def components_of(number: int, files: int = 1) -> list[Told]:
    originals = [{"role": "original", "position": place, "media_type": "application/pdf", "size": 1000 + number,
                  "sha256": sha(f"naskah {number}.{place}".encode())} for place in range(files)]  # fmt: skip
    return [*originals, {"role": "seal", "position": 0, "media_type": "application/pkcs7-signature", "size": 900,
                         "sha256": sha(f"seal {number}".encode())}]  # fmt: skip


def made(
    *, tier: str = "LT10", state: str = "CLOSED", records: int = 2, files: int = 1, kept: tuple[int, ...] = (),
    people: dict[str, str] | None = None, order: tuple[str, ...] = STEPS, without: tuple[str, ...] = (),
    early: bool = False, late: bool = False, backwards: bool = False,
    witnesses: People = (("legal", "p-hukum"), ("supervision", "p-pengawas")),
    heads: People = (("records_head", "p-ketua"), ("unit_head", "p-kepala")), committee: People = COMMITTEE,
    events: Callable[[str, Told], None] = lambda _step, _details: None, original: str = "",
) -> Told:  # fmt: skip
    """A certificate whose trail tells of exactly this, signed. `early`, `late`: the records go before they are allowed
    to, or after the end; `backwards`: the clock was set back at each event; `events` may change the details of a step's
    event before it is written down."""
    by, trail = {**PEOPLE, **(people or {})}, Trail(backwards)
    lines = [sha(canonical({"number": number, "record": record_of(number)})) for number in range(1, records + 1)]
    digest, number = list_sha256(lines), "000.5.6.2/9/2026"
    captured = {}
    for one in range(1, records + 1):
        originals = [part["sha256"] for part in components_of(one, files) if part["role"] == "original"]
        told = original or (originals[0] if files == 1 else list_sha256(originals))
        captured[one] = trail.tell("record:capture", "p-juru", ("record", record_of(one)), {"sha256": told})
    done = [one for one in range(1, records + 1) if one not in kept]
    evidence = {"destroyed": len(done), "excluded": len(kept), "method": "penghapusan kunci"}
    destroyed: dict[int, int] = {}

    def go() -> None:
        for one in done:
            details = {
                "disposal": DISPOSAL, "item": f"item-{one}", "minutes": number, "rule": "A1", "edition": "jra-1",
                "line_sha256": lines[one - 1], "method": "penghapusan kunci",
                "components": [{"role": part["role"], "sha256": part["sha256"]} for part in components_of(one, files)],
            }  # fmt: skip
            destroyed[one] = trail.tell("record.destroyed", by["execute"], ("record", record_of(one)), details)

    said = {
        "committee": {"committee": acting(committee)}, "execute": {"signers": acting((*heads, *witnesses))},
        "finish": {"evidence_sha256": sha(canonical(evidence))},
    }  # fmt: skip
    steps = []
    wanted = [step for step in order if step not in without and (state == "CLOSED" or step != "close")]
    for step in wanted:
        if (step == ("execute" if early else "finish") and not late) or (step == "close" and not destroyed):
            go()
        duty = DUTY.get(step, "propose")
        row = {
            "id": f"step-{step}", "step": step, "state": STATES[STEPS.index(step)], "duty": f"{duty}_disposal",
            "person": by[duty], "name": by[duty], "number": "", "dated": None, "letter": None, "letter_sha256": None,
        }  # fmt: skip
        details = {"kind": "PEMUSNAHAN", "tier": tier} | ({} if step == "open" else {"step": row["id"]})
        if STEPS.index(step) >= STEPS.index("propose"):
            details["list_sha256"] = digest
        if step in ("committee", "approve", "decide"):
            letter = {"number": f"S-{step}", "dated": "2026-11-20", "letter": record_of(90 + STEPS.index(step) % 9),
                      "letter_sha256": sha(step.encode())}  # fmt: skip
            row, details = row | letter, details | letter
        details |= said.get(step, {})
        events(step, details)
        row["leaf"] = trail.tell(f"disposal.{step}", by[duty], ("disposal", DISPOSAL), details)
        row["at"] = trail.leaves[row["leaf"]]["at"]
        steps.append(row)
        if step == "finish" and late:
            go()
    items = []
    for one in range(1, records + 1):
        line = {"number": one, "record": record_of(one), "state": "DONE", "line_sha256": lines[one - 1]}
        if one in kept:
            items.append(line | {"state": "EXCLUDED", "reason": "held(1,Perkara)", "excluded_in": "EXECUTING"})
            continue
        items.append(line | {
            "title": f"Naskah {one}", "redacted": False, "class": "000.1.1", "document_date": "2001-05-01",
            "rule": "A1", "edition": "jra-1", "clause": "Perwal 2/2026", "due_on": "2004-05-01",
            "components": components_of(one, files), "destroyed_at": trail.leaves[destroyed[one]]["at"],
            "by": by["execute"], "method": "penghapusan kunci",
            "captured_leaf": captured[one], "destroyed_leaf": destroyed[one],
        })  # fmt: skip
    named = {*(step["leaf"] for step in steps), *captured.values(), *destroyed.values()}
    return {
        "format": "edms-destruction-certificate", "version": 1, "archive": "Arsip", "organisation": "Pemerintah Kota",
        "disposal": {
            "id": DISPOSAL, "kind": "PEMUSNAHAN", "tier": tier, "state": state, "office": "Dinas Kesehatan",
            "number": number, "place": "Semarang", "method": "penghapusan kunci", "list_sha256": digest,
            "evidence": evidence, "evidence_sha256": sha(canonical(evidence)),
            "committee": [{**one, "name": one["person"]} for one in acting(committee)],
            "signers": [{**one, "name": one["person"], "position": ""} for one in acting((*heads, *witnesses))],
            "papers": {},
        },
        "steps": steps, "items": items,
        **proven(trail.leaves, named, SEED),
    }  # fmt: skip


def vector(told: Any, kind: str | None = None, keys: str | None = None) -> Told:
    text = told if isinstance(told, str) else canonical(told).decode()
    shown = {"certificate": text, "keys": pem_of(SEED) if keys is None else keys}
    return shown if kind is None else {**shown, "kind": kind}


def accepted() -> dict[str, Told]:
    return {
        "lower-tier-closed": vector(made()),
        "lower-tier-carried-out": vector(made(state="EXECUTED")),
        "upper-tier-closed": vector(made(tier="GE10")),
        "one-record": vector(made(records=1)),
        "one-taken-out": vector(made(records=3, kept=(2,))),
        "originals-of-several-files": vector(made(files=3)),
        "three-witnesses": vector(made(witnesses=(("legal", "p-hukum"), ("supervision", "p-pengawas"),
                                                  ("legal", "p-hukum-2")))),
        "other-spelling-of-the-file": vector(json.dumps(made(), indent=1)),
    }  # fmt: skip


def _same(one: str, other: str) -> Told:
    """One person had both of these duties."""
    return made(people={other: PEOPLE[one]})


def _unlawful() -> dict[str, Told]:
    pairs = [(one, other) for place, one in enumerate(PEOPLE) for other in list(PEOPLE)[place + 1 :]]
    told = {f"trail-{one}-and-{other}-by-one-person": vector(_same(one, other), "separation") for one, other in pairs}
    for step in STEPS:
        told[f"trail-without-{step}"] = vector(made(without=(step,)), "step")
    swapped = (*STEPS[:6], "decide", "approve", *STEPS[8:])
    told["trail-decided-before-approved"] = vector(made(order=swapped), "step")
    told["trail-destroyed-before-it-was-allowed"] = vector(made(early=True), "record")
    told["trail-destroyed-after-the-end"] = vector(made(late=True), "record")
    told["trail-one-witness"] = vector(made(witnesses=(("legal", "p-hukum"),)), "separation")
    told["trail-one-witness-twice"] = vector(
        made(witnesses=(("legal", "p-hukum"), ("supervision", "p-hukum"))), "separation"
    )
    told["trail-a-witness-who-approved"] = vector(
        made(witnesses=(("legal", "p-walikota"), ("supervision", "p-pengawas"))), "separation"
    )
    told["trail-a-committee-that-carried-it-out"] = vector(
        made(committee=(*COMMITTEE[:2], ("archivist", "p-pelaksana"))), "separation"
    )
    told["trail-a-committee-of-nobody"] = vector(made(committee=()), "separation")
    told["trail-a-committee-without-an-archivist"] = vector(made(committee=COMMITTEE[:2]), "separation")
    told["trail-assessed-by-nobody-of-the-committee"] = vector(
        made(committee=(("chair", "p-lain"), *COMMITTEE[1:])), "separation"
    )
    told["trail-no-head-signed"] = vector(made(heads=()), "separation")
    told["trail-a-clock-set-back"] = vector(made(backwards=True), "step")
    told["trail-another-content-came-in"] = vector(made(original="0" * 64), "record")
    for step, name, kind in (("approve", "list_sha256", "list"), ("approve", "letter_sha256", "step"),
                             ("decide", "tier", "step"), ("finish", "evidence_sha256", "step"),
                             ("execute", "step", "step"), ("committee", "committee", "step"),
                             ("execute", "signers", "step")):  # fmt: skip
        told[f"trail-{step}-names-another-{name.replace('_', '-')}"] = vector(made(events=_other(step, name)), kind)
    return told


def _other(step: str, name: str) -> Callable[[str, Told], None]:
    def change(at: str, details: Told) -> None:
        if at == step:
            details[name] = "0" * 64

    return change


def _altered() -> dict[str, Told]:
    changes: dict[str, tuple[str, Callable[[Told], None]]] = {
        "another-person": ("step", lambda told: told["steps"][6].update(person="p-lain")),
        "another-name": ("step", lambda told: told["steps"][6].update(name="Orang Lain")),
        "another-time": ("step", lambda told: told["steps"][6].update(at="2026-11-24T02:00:00.000000Z")),
        "another-committee": ("step", lambda told: told["disposal"]["committee"][2].update(person="p-lain")),
        "another-witness": ("step", lambda told: told["disposal"]["signers"][2].update(person="p-lain")),
        "another-executor": ("record", lambda told: told["items"][0].update(by="Orang Lain")),
        "another-hour": ("record", lambda told: told["items"][0].update(destroyed_at="2026-11-24T02:00:00.000000Z")),
        "another-method": ("record", lambda told: told["items"][0].update(method="dibakar")),
        "another-duty": ("step", lambda told: told["steps"][6].update(duty="decide_disposal")),
        "no-letter": ("step", lambda told: told["steps"][6].update(letter_sha256=None)),
        "another-tier": ("step", lambda told: told["disposal"].update(tier="GE10")),
        "another-record": ("record", lambda told: told["items"][0].update(record=record_of(2))),
        "another-component": ("record", lambda told: told["items"][0]["components"][1].update(sha256="0" * 64)),
        "another-rule": ("record", lambda told: told["items"][0].update(rule="Z9")),
        "another-line": ("list", lambda told: told["items"][0].update(line_sha256="0" * 64)),
        "a-line-less": ("list", lambda told: told.update(items=told["items"][:1])),
        "a-line-twice": ("list", lambda told: told["items"].append(told["items"][0])),
        "taken-out-after-all": ("certificate", lambda told: told["items"][0].update(state="EXCLUDED")),
        "other-evidence": ("certificate", lambda told: told["disposal"]["evidence"].update(destroyed=9)),
        "a-step-twice": ("step", lambda told: told["steps"].append(told["steps"][-1])),
        "leaf-altered": ("audit", lambda told: told["leaves"][4].update(leaf=told["leaves"][4]["leaf"] + " ")),
        "proof-of-another": ("audit", lambda told: told["leaves"][4].update(proof=told["leaves"][5]["proof"])),
        "no-leaves": ("audit", lambda told: told.update(leaves=[])),
        "checkpoint-altered": ("checkpoint", lambda told: told.update(
            checkpoint=told["checkpoint"].replace(f"\n{told['size']}\n", f"\n{told['size'] + 1}\n"))),
        "no-checkpoint": ("checkpoint", lambda told: told.update(checkpoint="")),
        "another-version": ("certificate", lambda told: told.update(version=2)),
        "without-items": ("certificate", lambda told: told.pop("items")),
        "items-no-list": ("certificate", lambda told: told.update(items=7)),
    }  # fmt: skip
    found = {}
    for name, (kind, change) in changes.items():
        told = copy.deepcopy(made())
        change(told)
        found[name] = vector(told, kind)
    return found


def rejected() -> dict[str, Told]:
    whole = canonical(made()).decode()
    return {
        **_unlawful(),
        **_altered(),
        "keys-of-somebody-else": vector(made(), "checkpoint", pem_of(bytes(32))),
        "cut": vector(whole[:-1], "refused"),
        "empty": vector("", "refused"),
        "no-json": vector("%PDF-1.7", "refused"),
        "another-format": vector({**made(), "format": "edms-bundle"}, "refused"),
        "a-list": vector("[]", "refused"),
        "deep": vector("[" * 5_000, "refused"),
    }


if __name__ == "__main__":
    write(HERE, accepted(), rejected())
