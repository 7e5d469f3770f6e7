"""What is said of copies that were handed out and of paper that is lent."""

from edms.web.language import message

HANDING_OUT_EVENTS = {
    "record.copy_issued": message("copy handed out"),
    "record.drafted": message("taken as a draft that can be edited"),
    "loan.asked": message("paper asked for"),
    "loan.lent": message("paper lent"),
    "loan.extended": message("loan extended"),
    "loan.returned": message("paper taken back"),
    "loan.declined": message("loan declined"),
    "loan.withdrawn": message("request for the paper withdrawn"),
    "loan.slip": message("slip for the shelf printed"),
}
HANDING_OUT_VALUES = {
    "pages": message("pages"),
    "evidence": message("evidence bundle"),
    "view": message("looked at with a mark"),
    "download": message("downloaded with a mark"),
    "as_stored": message("as stored, without a mark"),
}
HANDING_OUT_ERRORS = (
    message("this copy cannot be marked, and so it is not handed out"),
    message("whoever may have the original can download that"),
    message("you have asked for it or have it already"),
    message("the paper is out already"),
    message("take it back before it is lent again"),
    message("the new day is not later than the one before"),
    message("a paper is taken back by somebody else than the borrower"),
    message("the loan has come to another state meanwhile"),
    message("look at it again"),
    message("there is no paper original that could be lent"),
    message("it was born electronic, or is no record yet"),
    message("the record is being destroyed"),
    message("a paper is lent until a day from today on, for at most %(count)s days"),
    message("an outsider has a record above open only by a permission"),
    message("say its number and date"),
    message("a paper is handed out by somebody else than the borrower"),
    message("the borrower may not see this record"),
    message("who may not see it does not get it on paper either"),
    message("there is nobody called %(name)s"),
    message("type the user name, as under “Your account”"),
    message("a loan has a borrower with an office, a purpose and a place"),
    message("a return has a condition, an extension and a refusal have a reason"),
)
