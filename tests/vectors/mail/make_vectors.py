"""Writes the vectors of mail messages taken apart.

    python tests/vectors/mail/make_vectors.py   writes accept/*.json and reject/*.json again, the same bytes

A message is never refused: one that is not to be divided gives no attachments.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from writing import Vectors, vector, write  # noqa: E402 - a script finds its neighbour by its own place

PLAIN = "From: a@example.test\r\nSubject: Undangan\r\n\r\nRapat hari Senin\r\n"
HEAD = 'Subject: Surat\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n'
PART = '--b\nContent-Type: application/pdf; name="a.pdf"\nContent-Transfer-Encoding: base64\n\nJVBERg==\n'


def accepted() -> Vectors:
    def told(subject: str, names: list[str], sizes: list[int]) -> dict[str, object]:
        return {"subject": subject, "attachments": names, "sizes": sizes}

    return {
        "plain": vector("mail", "no attachment", PLAIN, read=told("Undangan", [], [])),
        "attached": vector("mail", "one attachment", f"{HEAD}{PART}--b--\n", read=told("Surat", ["a.pdf"], [4])),
        "unfinished": vector("mail", "the closing line is missing", HEAD + PART, read=told("Surat", ["a.pdf"], [4])),
    }


def rejected() -> Vectors:
    none = {"subject": "", "attachments": [], "sizes": []}
    many = {"subject": "Surat", "attachments": [], "sizes": []}
    return {
        "empty": vector("mail", "nothing is there", "", read=none),
        "too-many": vector("mail", "more than 200 attachments: not divided", HEAD + PART * 202, read=many),
    }


if __name__ == "__main__":
    write(HERE, accepted(), rejected())
