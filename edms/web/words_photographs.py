"""What is said of photographs that cannot become a document, and of pictures that cannot be read."""

from edms.web.language import message

PHOTOGRAPH_ERRORS = (
    message("no page was photographed"),
    message("a photograph can be one page only"),
    message("a document has at most %(most)s photographs"),
    message("divide it, or raise [capture] max_photographs"),
    message("this upload is no photograph"),
    message("the photograph is not all here yet"),
    message("wait until it has been sent"),
    message("a photograph is in another document already"),
    message("take it out, or photograph the page again"),
    message("take it again, or leave it out"),
    message("the corners do not enclose a page"),
    message("move them to the corners of the page"),
    message("it is no picture that can be read"),
    message("the picture has more pixels than is allowed"),
    message("the picture is damaged: it cannot be opened"),
)
