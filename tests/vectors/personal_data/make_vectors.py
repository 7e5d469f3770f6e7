"""Writes the vectors of the finder of personal data: what is proposed in a text, and what never is.

    python tests/vectors/personal_data/make_vectors.py   writes accept/*.json and reject/*.json again, the same bytes

A text is never refused: one in which nothing is found reads as `[]`. All people and numbers are invented.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from writing import Vectors, vector, write  # noqa: E402 - a script finds its neighbour by its own place

# name -> why, text, what is found: kind, words, proposed
FOUND: dict[str, tuple[str, str, list[list[object]]]] = {
    "nik": ("a man's", "NIK : 3374010506780001", [["nik", "3374010506780001", True]]),
    "nik-woman": ("a woman's day has 40 added", "3374014506780001", [["nik", "3374014506780001", True]]),
    "nik-woman-first": ("the first day", "3374014101780001", [["nik", "3374014101780001", True]]),
    "nik-leap": ("29 February 2000", "3374012902000001", [["nik", "3374012902000001", True]]),
    "nik-grouped": ("in fours", "NIK 3374 0145 0678 0001.", [["nik", "3374 0145 0678 0001", True]]),
    "nik-parts": ("in its parts", "3374-0145-0678-0001", [["nik", "3374-0145-0678-0001", True]]),
    "nik-number-behind": ("a number on the same line", "3374014506780001 12", [["nik", "3374014506780001", True]]),
    "nik-wrong": ("structure is wrong, its word is near", "NIK: 3374019906780001", [["nik", "3374019906780001", True]]),
    "nik-misread": ("letters for figures", "NIK: 33740I4506780OO1", [["nik", "33740I4506780OO1", True]]),
    "nik-two": ("in a table", "1 3374014506780001\n2 3374010506780002",
                [["nik", "3374014506780001", True], ["nik", "3374010506780002", True]]),
    "card": ("behind its word", "No. KK : 3374011203050007", [["family_card", "3374011203050007", True]]),
    "card-words": ("spelled out", "Nomor Kartu Keluarga 3374011203050007", [["family_card", "3374011203050007", True]]),
    "tax": ("fifteen with signs", "12.345.678.9-503.000", [["tax_number", "12.345.678.9-503.000", True]]),
    "tax-plain": ("fifteen behind its word", "NPWP: 123456789503000", [["tax_number", "123456789503000", True]]),
    "tax-sixteen": ("sixteen behind its word", "NPWP 3374014506780001", [["tax_number", "3374014506780001", True]]),
    "tax-body": ("of a treasurer: told, not proposed", "NPWP 00.123.456.7-503.000",
                 [["tax_number", "00.123.456.7-503.000", False]]),
    "officer": ("told, not proposed: it is under every letter", "NIP. 19650312 199003 1 004",
                [["officer", "19650312 199003 1 004", False]]),
    "officer-plain": ("in one piece", "NIP 198001012006042001", [["officer", "198001012006042001", False]]),
    "mobile": ("as it is mostly written", "0812-3456-7890", [["phone", "0812-3456-7890", True]]),
    "mobile-plain": ("in one piece", "HP 081234567890", [["phone", "081234567890", True]]),
    "mobile-two": ("with a stroke between", "081234567890/085612345678",
                   [["phone", "081234567890", True], ["phone", "085612345678", True]]),
    "mobile-country": ("country code", "+62 812-3456-7890", [["phone", "+62 812-3456-7890", True]]),
    "mobile-62": ("country code without a sign", "WA 6281234567890", [["phone", "6281234567890", True]]),
    "landline": ("area in brackets", "(024) 8318070", [["phone", "(024) 8318070", True]]),
    "landline-dash": ("area with a dash", "024-8318070", [["phone", "024-8318070", True]]),
    "landline-word": ("behind its word", "Telp. 0243513366", [["phone", "0243513366", True]]),
    "landline-country": ("country code", "+62 24 3513366", [["phone", "+62 24 3513366", True]]),
    "mail": ("a person's", "surel: budi.s+arsip@gmail.com.", [["mail", "budi.s+arsip@gmail.com", True]]),
    "mail-office": ("an office's: told, not proposed", "dinkes@semarangkota.go.id",
                    [["mail", "dinkes@semarangkota.go.id", False]]),
    "account-bri": ("with dashes", "Rekening BRI 1234-01-012345-53-1", [["account", "1234-01-012345-53-1", True]]),
    "account-bca": ("in one piece", "No. Rek. 1234567890 a.n. Siti", [["account", "1234567890", True]]),
    "account-mandiri": ("of a bank", "Bank Mandiri 135-00-1234567-8", [["account", "135-00-1234567-8", True]]),
    "account-dots": ("with dots", "rekening nomor 3.002.00123.4", [["account", "3.002.00123.4", True]]),
    "passport": ("behind its word", "Nomor Paspor: A1234567", [["passport", "A1234567", True]]),
    "plate": ("of Semarang", "H 1234 AB", [["plate", "H 1234 AB", True]]),
    "plate-word": ("short, behind its word", "Nomor Polisi H 7 A", [["plate", "H 7 A", True]]),
    "plate-year": ("looks like a year, behind its word", "mobil dinas H 2023 M", [["plate", "H 2023 M", True]]),
    "address": ("with a number", "tinggal di Jl. Melati Raya No. 12 sejak lama",
                [["address", "Jl. Melati Raya No. 12", True]]),
    "address-whole": ("to the district", "Jalan Melati III No. 4 RT 03/RW 05 Kel. Bulusan, Kec. Tembalang",
                      [["address", "Jalan Melati III No. 4 RT 03/RW 05 Kel. Bulusan, Kec. Tembalang", True]]),
    "address-lines": ("two lines behind its label", "Alamat : Dk. Krajan\nRT 1 RW 2 Desa Sumber\nPekerjaan : tani",
                      [["address", "Dk. Krajan\nRT 1 RW 2 Desa Sumber", True]]),
    "neighbourhood": ("without a street", "warga RT.003/RW.005 Kelurahan Bulusan",
                      [["address", "RT.003/RW.005 Kelurahan Bulusan", True]]),
    "birth": ("behind its label", "Tempat/Tanggal Lahir : Semarang, 12 Mei 1978",
              [["birth", "Semarang, 12 Mei 1978", True]]),
    "birth-figures": ("in figures", "TTL : Solo, 01-02-1980", [["birth", "Solo, 01-02-1980", True]]),
    "birth-sentence": ("in a sentence", "lahir di Kudus pada tanggal 1 Januari 1980",
                       [["birth", "Kudus pada tanggal 1 Januari 1980", True]]),
    "name": ("behind its label", "Nama : Siti Rahayu, S.H.\nPekerjaan : bidan", [["name", "Siti Rahayu, S.H.", True]]),
    "name-whose": ("of a mother", "Nama Ibu Kandung : Sri Lestari", [["name", "Sri Lestari", True]]),
}  # fmt: skip

NEVER = {
    "letter-number": ("number of a letter", "Nomor : 005/1234/2023"),
    "letter-number-long": ("number of a letter", "000.1.2.3/4461/107.1/2025"),
    "letter-number-sixteen": ("sixteen figures with strokes", "3374/0145/0678/0001"),
    "class": ("code of the file plan", "kode klasifikasi 900.1.3.1 dan 400.7.22"),
    "budget-code": ("code of a budget", "kode rekening 5.1.02.01.01.0024"),
    "budget-code-account": ("an account of the budget", "rekening belanja 5.1.02.01.01.0024"),
    "amount": ("an amount", "sebesar Rp 1.250.000.000,00 (satu miliar)"),
    "amount-account": ("an amount near an account", "disetor ke rekening Rp 1.250.000.000"),
    "amount-long": ("many digits", "Rp3374010506780001"),
    "sixteen": ("no region begins so", "2023051012345678"),
    "sixteen-day": ("no such day", "3374013113780001"),
    "sixteen-woman-none": ("neither a man's day nor a woman's", "3374014001780001"),
    "sixteen-woman-last": ("February has no such day", "3374017002780001"),
    "sixteen-longer": ("part of a longer number", "33740145067800012"),
    "eighteen": ("appointed before it was born", "196503121960031004"),
    "date": ("a date", "12-05-1978 dan 12 Mei 1978"),
    "year-hijri": ("two calendars", "1445 H 2023 M"),
    "article": ("articles of a law", "Pasal 17 huruf h UU 14 Tahun 2008"),
    "law": ("a law", "UU 27 TAHUN 2022"),
    "road": ("roads in a rule", "Jalan Nasional dan Jalan Tol, jalan keluar 2 km"),
    "name-work": ("the name of a work", "Nama Kegiatan : Pengadaan Obat"),
    "name-sentence": ("a name in a sentence", "atas nama pemerintah, nama itu baik"),
    "born": ("a law is born", "lahirnya undang-undang pada 1945"),
    "at": ("no address", "harga @ 5.000 dan a@b dan @semarang"),
    "isbn": ("a book", "ISBN 978-602-8519-93-9"),
    "coordinates": ("a place on the map", "-6.990398, 110.422910"),
    "office-phone-code": ("an extension", "ekstensi 1234"),
    "post-code": ("a post code", "Semarang 50139"),
    "passport-far": ("no word of passports near", "Formulir A1234567"),
    "empty": ("nothing", ""),
}


def accepted() -> Vectors:
    return {
        name: vector("personal-data", why, text, read=[{"kind": k, "text": t, "proposed": p} for k, t, p in found])
        for name, (why, text, found) in FOUND.items()
    }


def rejected() -> Vectors:
    return {name: vector("personal-data", why, text, read=[]) for name, (why, text) in NEVER.items()}


if __name__ == "__main__":
    write(HERE, accepted(), rejected())
