"""What is said of signing in: why a password is not taken, and what to do instead."""

from edms.web.language import message

ACCOUNT_ERRORS = (
    message("this is the password that you have"),
    message("choose another one"),
    message("this password is easily guessed: it is known, or made of a few known words, names or keys in a row"),
    message("take a few words that have nothing to do with each other or with you"),
    message("a password has at least %(count)s characters"),
    message("the password was changed meanwhile"),
    message("the directory of the city keeps this password"),
    message("change it there"),
    message("the directory of the city does not answer, or takes no more attempts now"),
    message("try again later"),
    message("you have an app for codes already"),
    message("give it up to take another"),
    message("the code is wrong"),
    message("take the one that the app shows now; the clock of the phone must be right"),
    message("there is no second factor that codes could stand in for"),
    message("there is no app for codes"),
    message("your clearance asks for a second factor"),
    message("take another one first, then give this one up"),
    message("nothing was begun"),
    message("begin anew"),
    message("you have as many passkeys as one may have"),
    message("remove one that you do not use"),
    message("the passkey was not made as asked for"),
    message("a passkey has a name of 1 to 60 characters"),
    message("such as where it is kept"),
    message("passkeys are bound to a name, and this page was opened by an address of numbers"),
    message("set [server] public_url; on this machine open http://localhost with its port"),
)
