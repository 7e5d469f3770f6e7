"""Rows of commands x roles for retention and disposal; the others stand in operations/test_commands_and_roles.py."""

from edms.access.policy import Action

Row = tuple[str, Action | None, bool, str]

RUN, TOLD = True, False
_OPEN = "--title Arsip --office dinkes"
_LETTER = "--number S-1 --dated 2026-11-01 --letter RECORD"


def _of_proceedings(group: str, *papers: str) -> dict[str, Row]:
    work, decide = ("cr", Action.CUSTODY_WORK), ("or", Action.CUSTODY_DECIDE)
    rows: dict[str, Row] = {
        f"{group} open": (*work, RUN, _OPEN),
        f"{group} due": (*work, TOLD, ""),
        f"{group} add": (*work, TOLD, ""),
        f"{group} exclude": (*work, TOLD, ""),
        f"{group} cancel": (*work, TOLD, ""),
        f"{group} show": ("cor", Action.CUSTODY_VIEW, TOLD, ""),
        f"{group} list": ("cora", None, TOLD, ""),
    }
    return rows | {f"{group} {paper}": (*work, TOLD, "") for paper in papers} | {
        f"{group} {act}": (*decide, TOLD, "")
        for act in {"review": ("assess", "decide"), "handover": ("assess", "approve", "decide")}.get(group, ())
    }  # fmt: skip


COMMANDS: dict[str, Row] = {
    **_of_proceedings("transfer", "ask", "draw-up", "freeze", "receive"),
    **_of_proceedings("review"),
    **_of_proceedings("handover", "ask", "draw-up", "package", "send", "receipt", "close"),
    "disposal approve": ("or", Action.DISPOSAL_APPROVE, TOLD, ""),
    "disposal ask": ("r", Action.DISPOSAL_EXECUTE, TOLD, ""),
    "disposal cancel": ("r", Action.DISPOSAL_PREPARE, TOLD, ""),
    "disposal certificate": ("cor", Action.DISPOSAL_VIEW, TOLD, ""),
    "disposal close": ("r", Action.DISPOSAL_EXECUTE, TOLD, ""),
    "disposal committee": ("r", Action.DISPOSAL_PREPARE, RUN, f"NOBODY --member chair records {_LETTER}"),
    "disposal decide": ("o", Action.DISPOSAL_DECIDE, TOLD, ""),
    "disposal exclude": ("or", Action.DISPOSAL_ASSESS, TOLD, ""),
    "disposal execute": ("r", Action.DISPOSAL_EXECUTE, TOLD, ""),
    "disposal list": ("cora", None, TOLD, ""),
    "disposal open": ("r", Action.DISPOSAL_PREPARE, RUN, "--tier LT10 --title Pemusnahan --office dinkes"),
    "disposal propose": ("r", Action.DISPOSAL_PREPARE, RUN, "NOBODY --number S-1"),
    "disposal reject": ("or", Action.DISPOSAL_APPROVE, TOLD, ""),
    "disposal request": ("r", Action.DISPOSAL_PREPARE, RUN, "NOBODY --number S-1"),
    "disposal review": ("or", Action.DISPOSAL_ASSESS, TOLD, ""),
    "disposal show": ("cor", Action.DISPOSAL_VIEW, RUN, "NOBODY"),
    "event awaiting": ("Ccora", None, RUN, ""),
    "event list": ("cor", Action.EVENT_WORK, RUN, ""),
    "event record": ("cor", Action.EVENT_WORK, TOLD, ""),
    "event verify": ("cor", Action.EVENT_WORK, TOLD, ""),
    "exchange check": ("cr", None, TOLD, ""),
    "exchange receipt": ("cr", None, TOLD, ""),
    "judgement judge": ("or", Action.RECORD_REVIEW, TOLD, ""),
    "judgement list": ("cora", None, TOLD, ""),
    "judgement propose": ("or", Action.RECORD_REVIEW, RUN, "RECORD --kind erasure --reason permintaan"),
    "judgement vital": ("cora", Action.RETENTION_REPORT, RUN, "--output FOLDER/x"),
    "retention assignments": ("cor", None, TOLD, ""),
    "retention drafts": ("r", None, TOLD, ""),
    "retention evaluate": ("C", None, TOLD, ""),
    "retention files": ("cora", Action.RETENTION_REPORT, TOLD, ""),
    "retention forecast": ("Cr", None, TOLD, ""),
    "retention impact": ("Cr", None, TOLD, ""),
    "retention import": ("*", None, TOLD, ""),
    "retention late": ("cora", Action.RETENTION_REPORT, RUN, ""),
    "retention mail add": ("r", Action.REPORT_MAIL, RUN, "destroy --title Bulanan --to records=a@b.example"),
    "retention mail end": ("r", Action.REPORT_MAIL, RUN, "NOBODY"),
    "retention mail list": ("r", Action.REPORT_MAIL, RUN, ""),
    "retention mail send": ("C", None, TOLD, ""),
    "retention reassign": ("r", Action.RECORD_REASSIGN, RUN, "RECORD --reason alih"),
    "retention reassign-all": ("r", None, TOLD, ""),
    "retention source": ("r", None, TOLD, ""),
}
