"""A small classification and schedule of our own, for tests that change them."""

CLASSES = """[edition]
id = "plan-1"
kind = "KLASIFIKASI"
number = "Perwal 1/2026"
title = "Kode klasifikasi"
state = "ACTIVE"
effective_from = 2026-01-01
source = "Berita Daerah 2026 nomor 1"

[[class]]
code = "000"
title = "UMUM"

[[class]]
code = "000.1"
title = "TATA USAHA"
parent = "000"
"""
SCHEDULE = """[edition]
id = "jra-1"
kind = "JRA"
number = "Perwal 2/2026"
title = "Jadwal retensi"
state = "ACTIVE"
effective_from = 2026-01-01
source = "Berita Daerah 2026 nomor 2"
approval_letter = "B-KN.00.03/1/2026"
approval_date = 2025-12-01

[[rule]]
code = "A1"
series = "Surat"
classes = ["000.1"]
active_years = 1
inactive_years = 2
fate = "MUSNAH"
fate_text = "Musnah"
"""
