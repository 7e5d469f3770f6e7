"""Writes the vectors of lists of offices and people (docs/people.md).

python tests/vectors/people/make_vectors.py   writes accept/*.json and reject/*.json again, the same bytes
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from writing import Vectors, vector, write  # noqa: E402 - a script finds its neighbour by its own place

ANI = ["ani", "Ani", None, ["auditor", "clerk"], "open", False, True]
OFFICE = ["dinsos", "Dinas Sosial", "setda"]


def accepted() -> Vectors:
    listed = '{"offices": [{"code": "dinsos", "name": "Dinas Sosial", "parent": "setda"}], "people": []}'
    return {
        "csv-people": vector(
            "people", "what is empty", "user,name,roles\nani,Ani,clerk auditor\n", read={"offices": [], "people": [ANI]}
        ),
        "csv-offices": vector(
            "people", "offices", "code,name,parent\r\ndinsos,Dinas Sosial,setda\r\n",
            read={"offices": [OFFICE], "people": []},
        ),
        "json": vector("people", "as JSON", listed, read={"offices": [OFFICE], "people": []}),
    }  # fmt: skip


def rejected() -> Vectors:
    lists = {
        "twice": ("user,name\nani,A\nani,A\n", "line 3: 'ani' is listed twice"),
        "beyond": ("user,name\nani,A,more\n", "line 2: what is"),
        "unknown-column": ("user,name,salary\nani,A,1\n", "what is 'salary'"),
        "unknown-role": ("user,name,roles\nani,A,king\n", "line 2: there is no such role or clearance ('king'"),
        "no-heading": ("name\nani\n", "neither `user` nor `code`"),
        "nested": ('{"people": ' + "[" * 5000, "not JSON"),
        "no-objects": ('{"people": [1]}', "lists of objects"),
        "nul": ('{"people": [{"user": "ani", "name": "A\\u0000"}]}', "name holds a character"),
        "half-a-character": ('{"people": [{"user": "ani", "name": "A\\ud800"}]}', "name holds a character"),
    }
    return {
        **{why: vector("people", why, text, refused=told) for why, (text, told) in lists.items()},
        "not-utf-8": vector("people", "another encoding", b"user,name\nani,\xe9\n", refused="is not UTF-8"),
    }


if __name__ == "__main__":
    write(HERE, accepted(), rejected())
