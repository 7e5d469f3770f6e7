"""The README in every evidence bundle: how to check it by hand. A test runs every command in it as it stands."""

WITNESSES_HEAD = """\
# Kunci saksi menurut arsip ini; belum terbukti. Mintalah dari saksi sendiri.
# Keys of witnesses as this archive tells them; to be checked elsewhere: ask the witnesses themselves.
"""

README_TEXT = """\
BUKTI ARSIP / RECORD EVIDENCE
=============================

Paket ini memuat satu arsip dan bukti bahwa arsip itu asli dan utuh. Siapa pun dapat memeriksanya tanpa server kami.
This package holds one record and the evidence that it is genuine and complete. Anybody can check it without our server.

archive.pem di bawah ini adalah kunci publik instansi pengelola arsip. Mintalah langsung kepada instansi itu, jangan
pakai salinan di dalam paket ini: pemalsu paket akan memalsukan kuncinya juga.
archive.pem below holds the public keys of the archive. Get them from the archive itself, not from this package: who
forges the package forges the keys in it, too.

A. Dengan program / With the program

   python -m edms.verify PAKET.zip --key archive.pem --witness NAMA+ID+KUNCI

B. Dengan tangan / By hand   (sha256sum, OpenSSL 3, Python 3)

0. Di folder tempat paket ini dibuka. Bila archive.pem dari instansi belum ada di sini, salinan di dalam paket dipakai:
   itu menemukan kerusakan, bukan pemalsuan.
   In the folder where this package was unpacked. If archive.pem from the archive does not lie here yet, the copy in the
   package is used: that finds damage, not forgery.

   [ -e archive.pem ] || cp keys/archive.pem archive.pem
   sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/p' archive.pem > roots.pem
   # otoritas waktu dari luar / an outside timestamp authority: cat its-root.pem >> roots.pem

1. Isi arsip: bandingkan dengan "sha256" di manifest.json.
   The record's content: compare with "sha256" in manifest.json.

   sha256sum components/*/*
   sed 's/},{/}\\n{/g' manifest.json | grep -o '"sha256":"[0-9a-f]*"' | cut -d '"' -f 4 | while read -r digest; do
     sha256sum components/*/* | grep -q "$digest" || { echo "GAGAL / FAILED: $digest"; exit 1; }
   done

2. Segel elektronik atas manifest.json. / The electronic seal over manifest.json.

   openssl cms -verify -binary -inform DER -in seal.p7s -content manifest.json \\
     -CAfile roots.pem -purpose any -out /dev/null

   Sertifikat penanda tangan, dan cap waktu segel. / The signer's certificate, and the timestamp of the seal.

   for each in certificates/*.pem; do openssl x509 -in "$each" -noout -subject -issuer -dates; done
   python3 - <<'END'
   seal = open("seal.p7s", "rb").read()
   assert open("timestamps/seal.tst", "rb").read() in seal, "the timestamp is not that of the seal"
   assert open("timestamps/seal.bin", "rb").read() in seal, "the signature value is not that of the seal"
   END
   openssl ts -verify -token_in -in timestamps/seal.tst -data timestamps/seal.bin -CAfile roots.pem

3. Jejak audit menyebut manifest ini. / The audit trail names this manifest ("manifest_sha256").

   sha256sum manifest.json
   cat audit/leaf.json; echo
   grep -q "\\"manifest_sha256\\":\\"$(sha256sum manifest.json | cut -d ' ' -f 1)\\"" audit/leaf.json

4. Tanda tangan atas keadaan jejak audit. / The signature of the state of the audit trail.

   sed -n '/BEGIN PUBLIC KEY/,/END PUBLIC KEY/p' archive.pem > trail.pem
   sed '/^$/,$d' audit/checkpoint.txt > signed.txt
   sed -n '/^— /{p;q}' audit/checkpoint.txt | cut -d ' ' -f 3 | base64 -d | tail -c 64 > signature.bin
   openssl pkeyutl -verify -pubin -inkey trail.pem -rawin -in signed.txt -sigfile signature.bin

   Cap waktu atas keadaan itu, bila ada. / The timestamp over that state, where there is one.

   sed '/^— /q' audit/checkpoint.txt > stamped.txt
   [ ! -e timestamps/checkpoint.tst ] || \\
     openssl ts -verify -token_in -in timestamps/checkpoint.tst -data stamped.txt -CAfile roots.pem

   Saksi: instansi lain yang ikut menandatangani, bila ada. Kunci di keys/witnesses.txt hanya pengakuan; mintalah kunci
   itu dari saksi sendiri dan tulis di witnesses.txt.
   Witnesses: other archives that signed too, where there are any. The keys in keys/witnesses.txt are claims; get them
   from the witnesses themselves and write them into witnesses.txt.

   [ -e witnesses.txt ] || [ ! -e keys/witnesses.txt ] || cp keys/witnesses.txt witnesses.txt
   [ ! -e witnesses.txt ] || python3 - > cosignatures.sh <<'END'
   import base64, hashlib
   text, lines = open("audit/checkpoint.txt", encoding="utf-8").read().split("\\n\\n")
   for number, key in enumerate(open("witnesses.txt", encoding="utf-8").read().split("\\n")):
       if not key or key[0] == "#":
           continue
       name, told, public = key.split("+", 2)
       public = base64.b64decode(public)
       ident = hashlib.sha256(name.encode() + b"\\n" + public).digest()[:4]
       found = [base64.b64decode(line.split(" ")[2]) for line in lines.split("\\n") if line.split(" ")[1:2] == [name]]
       found = [value for value in found if value[:4] == ident]
       assert found and told == ident.hex(), f"{name} did not sign"
       time = int.from_bytes(found[0][4:12], "big")
       open(f"witness-{number}.txt", "wb").write(f"cosignature/v1\\ntime {time}\\n{text}\\n".encode())
       open(f"witness-{number}.sig", "wb").write(found[0][12:])
       open(f"witness-{number}.der", "wb").write(bytes.fromhex("302a300506032b6570032100") + public[1:])
       print(f"openssl pkeyutl -verify -pubin -keyform DER -inkey witness-{number}.der -rawin "
             f"-in witness-{number}.txt -sigfile witness-{number}.sig")
   END
   [ ! -e cosignatures.sh ] || sh -e cosignatures.sh

5. Catatan itu ada di dalam jejak audit: kedua baris harus sama.
   That entry is in the audit trail: both lines must be equal.

   python3 - <<'END'
   import base64, hashlib, json
   sha = lambda data: hashlib.sha256(data).digest()
   proof = json.load(open("audit/proof.json"))
   index, last = proof["index"], proof["size"] - 1
   assert 0 <= index <= last and json.load(open("audit/leaf.json"))["index"] == index
   value = sha(b"\\0" + open("audit/leaf.json", "rb").read())
   for step in map(bytes.fromhex, proof["proof"]):
       while index == last and index % 2 == 0 and index:
           index, last = index // 2, last // 2
       value = sha(b"\\1" + (step + value if index % 2 else value + step))
       index, last = index // 2, last // 2
   lines = open("audit/checkpoint.txt", encoding="utf-8").read().split("\\n")
   print(base64.b64encode(value).decode(), proof["size"])
   print(lines[2], lines[1])
   assert (base64.b64encode(value).decode(), proof["size"]) == (lines[2], int(lines[1]))
   END

6. Bukti waktu jangka panjang (RFC 4998), bila ada: setiap stempel waktu harus "Verification: OK".
   The evidence over time (RFC 4998), where there is any: each timestamp must be "Verification: OK".

   [ ! -e evidence/record.ers ] || python3 - > timestamps.sh <<'END'
   import glob, hashlib
   def parts(data):
       found, at = [], 0
       while at < len(data):
           start, size, at = at, data[at + 1], at + 2
           if size > 127:
               size, at = int.from_bytes(data[at : at + size - 128], "big"), at + size - 128
           found.append((data[start], data[at : at + size], data[start : at + size]))
           at += size
       return found
   names = {1: "sha256", 2: "sha384", 3: "sha512", 8: "sha3_256", 9: "sha3_384", 10: "sha3_512"}
   documents = [open(name, "rb").read() for name in ["manifest.json", "seal.p7s", *glob.glob("components/*/*")]]
   sequence = parts(parts(open("evidence/record.ers", "rb").read())[0][1])[-1]
   older, number = [], 0
   for chain in parts(sequence[1]):
       tokens = []
       for stamp in parts(chain[1]):
           found, number = parts(stamp[1]), number + 1
           name = names[parts(found[0][1])[0][1][-1]]
           sha = lambda data: hashlib.new(name, data).digest()
           size = b"".join(older)
           length = len(size).to_bytes((len(size).bit_length() + 7) // 8, "big")
           head = bytes([48, len(size)]) if len(size) < 128 else bytes([48, 128 + len(length)]) + length
           wanted = {sha(document) for document in documents}
           if older:
               wanted = {sha(one + sha(head + size)) for one in wanted}
           wanted = {sha(tokens[-1])} if tokens else wanted
           tree = parts(found[1][1]) if len(found) == 3 else []
           lists = [[one[1] for one in parts(part[1])] for part in tree] or [[*wanted]]
           assert wanted <= set(lists[0]), "the documents are not covered"
           above = []
           for values in lists:
               values = sorted(values + above)
               above = [values[0] if len(values) == 1 else sha(b"".join(values))]
           tokens.append(found[-1][2])
           open(f"timestamp-{number}.tst", "wb").write(tokens[-1])
           check = f"openssl ts -verify -token_in -in timestamp-{number}.tst -digest {above[0].hex()}"
           print(check, "-CAfile roots.pem")
       older.append(chain[2])
   END
   [ ! -e timestamps.sh ] || sh -e timestamps.sh

Susunan paket ini / The format of this package: docs/formats/evidence-bundle.md, docs/formats/audit.md
"""
