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
        f"{group} due": (*work, RUN, "NOBODY"),
        f"{group} add": (*work, RUN, "NOBODY RECORD"),
        f"{group} exclude": (*work, RUN, "NOBODY RECORD --reason keliru"),
        f"{group} cancel": (*work, RUN, "NOBODY --reason keliru"),
        f"{group} show": ("cor", Action.CUSTODY_VIEW, RUN, "NOBODY"),
        f"{group} draft": ("cor", Action.CUSTODY_VIEW, RUN, "NOBODY minutes --output FOLDER/x"),
        f"{group} list": ("coarg", Action.RECORD_SEARCH, RUN, ""),
    }
    return rows | {f"{group} {paper}": (*work, TOLD, "") for paper in papers} | {
        f"{group} {act}": (*decide, TOLD, "")
        for act in {"review": ("assess", "decide"), "handover": ("assess", "approve", "decide")}.get(group, ())
    }  # fmt: skip


COMMANDS: dict[str, Row] = {
    **_of_proceedings("transfer", "ask", "draw-up", "freeze", "receive"),
    **_of_proceedings("review", "draw-up"),
    **_of_proceedings("handover", "ask", "draw-up", "package", "send", "receipt", "close"),
    "handover order-removal": ("o", Action.CUSTODY_ORDER_REMOVAL, RUN, "NOBODY --number 1/2026 --reason selesai"),
    "handover certificate": ("cor", Action.CUSTODY_VIEW, RUN, "NOBODY --output FOLDER/x"),
    "handover remove": ("r", Action.CUSTODY_REMOVE, RUN, "NOBODY"),
    "disposal approve": ("or", Action.DISPOSAL_APPROVE, RUN, f"NOBODY {_LETTER}"),
    "disposal ask": ("r", Action.DISPOSAL_EXECUTE, RUN, "NOBODY"),
    "disposal cancel": ("r", Action.DISPOSAL_PREPARE, RUN, "NOBODY --reason keliru"),
    "disposal certificate": ("cor", Action.DISPOSAL_VIEW, RUN, "NOBODY --output FOLDER/x"),
    "disposal close": ("r", Action.DISPOSAL_EXECUTE, RUN, "NOBODY"),
    "disposal committee": ("r", Action.DISPOSAL_PREPARE, RUN, f"NOBODY --member chair records {_LETTER}"),
    "disposal decide": ("o", Action.DISPOSAL_DECIDE, RUN, f"NOBODY {_LETTER}"),
    "disposal draft": ("cor", Action.DISPOSAL_VIEW, RUN, "NOBODY minutes --output FOLDER/x"),
    "disposal draw-up": ("cor", Action.DISPOSAL_VIEW, RUN, "NOBODY"),
    "disposal exclude": ("or", Action.DISPOSAL_ASSESS, RUN, "NOBODY --reason keliru"),
    "disposal execute": ("r", Action.DISPOSAL_EXECUTE, RUN, "NOBODY"),
    "disposal list": ("coarg", Action.RECORD_SEARCH, RUN, ""),
    "disposal open": ("r", Action.DISPOSAL_PREPARE, RUN, "--tier LT10 --title Pemusnahan --office dinkes"),
    "disposal propose": ("r", Action.DISPOSAL_PREPARE, RUN, "NOBODY --number S-1"),
    "disposal reject": ("or", Action.DISPOSAL_APPROVE, RUN, "NOBODY --reason keliru"),
    "disposal request": ("r", Action.DISPOSAL_PREPARE, RUN, "NOBODY --number S-1"),
    "disposal review": ("or", Action.DISPOSAL_ASSESS, RUN, "NOBODY --opinion setuju"),
    "disposal show": ("cor", Action.DISPOSAL_VIEW, RUN, "NOBODY"),
    "event awaiting": ("Ccora", None, RUN, ""),
    "event list": ("cor", Action.EVENT_WORK, RUN, ""),
    "event record": ("cor", Action.EVENT_WORK, RUN, "RECORD --type CASE_FINAL --on 2026-11-01 --evidence putusan"),
    "event verify": ("cor", Action.EVENT_WORK, RUN, "NOBODY"),
    "exchange check": ("cr", None, RUN, "FILE"),
    "exchange receipt": ("cr", None, RUN, "FILE --reference A1 --output FOLDER"),
    "judgement judge": ("or", Action.RECORD_REVIEW, RUN, "NOBODY --refuse --judgement keliru"),
    "judgement list": ("cora", None, RUN, ""),
    "judgement propose": ("or", Action.RECORD_REVIEW, RUN, "RECORD --kind erasure --reason permintaan"),
    "judgement withdraw": ("or", Action.RECORD_REVIEW, RUN, "NOBODY --reason keliru"),
    "judgement vital": ("cora", Action.RETENTION_REPORT, RUN, "--output FOLDER/x"),
    "retention assignments": ("cor", None, RUN, "RECORD"),
    "retention drafts": ("r", None, RUN, ""),
    "retention evaluate": ("C", None, TOLD, ""),
    "retention files": ("cora", Action.RETENTION_REPORT, RUN, "dinkes"),
    "retention forecast": ("Cr", None, RUN, ""),
    "retention impact": ("Cr", None, TOLD, ""),
    "retention import": ("*", None, TOLD, ""),
    "retention late": ("cora", Action.RETENTION_REPORT, RUN, ""),
    "retention mail add": ("r", Action.REPORT_MAIL, RUN, "destroy --title Bulanan --to records=a@b.example"),
    "retention mail end": ("r", Action.REPORT_MAIL, RUN, "NOBODY"),
    "retention mail list": ("r", Action.REPORT_MAIL, RUN, ""),
    "retention mail send": ("C", None, TOLD, ""),
    "retention reassign": ("r", Action.RECORD_REASSIGN, RUN, "RECORD --reason alih"),
    "retention reassign-all": ("r", None, RUN, "--edition jra --reason alih"),
    "retention source": ("r", None, RUN, "jra RECORD"),
}
