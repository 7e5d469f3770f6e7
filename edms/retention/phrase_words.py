"""The words of schedules: units, events, fates, levels, and every word that is taken for rightly written.

Re-keyed from the phrases of published schedules: the JRA of LPP TVRI, Permen ATR/BPN 8/2020 (JRA), Perbup Kab.
Pekalongan 63/2024. A phrase that is none of the kinds of events is `OTHER`.
"""

from edms.retention.types import Fate, TriggerType

UNITS = {
    "tahun": ("years", 1), "thn": ("years", 1), "th": ("years", 1), "bulan": ("months", 1), "bln": ("months", 1),
    "minggu": ("days", 7), "hari": ("days", 1),
}  # fmt: skip
"""Each unit as a part of a period, and how many of it."""

FATES = {
    "musnah": Fate.DESTROY, "dimusnahkan": Fate.DESTROY, "permanen": Fate.PERMANENT, "dipermanenkan": Fate.PERMANENT,
    "dinilai kembali": Fate.REVIEW, "masuk berkas perseorangan": Fate.PERSONAL_FILE,
    "masuk berkas perorangan": Fate.PERSONAL_FILE,
}  # fmt: skip
CONDITIONS = ("kecuali", "setelah", "apabila", "jika", "bila", "sepanjang", "selama")
LEVELS = {
    "biasa": "open", "terbuka": "open", "biasa/terbuka": "open", "terbatas": "restricted", "rahasia": "secret",
    "sangat rahasia": "top_secret",
}  # fmt: skip
WHILE = {
    "masih berlaku": TriggerType.NO_LONGER_IN_FORCE, "berlaku": TriggerType.NO_LONGER_IN_FORCE,
    "belum ada perubahan": TriggerType.SUPERSEDED, "belum diperbaharui": TriggerType.SUPERSEDED,
    "belum diperbarui": TriggerType.SUPERSEDED, "belum diganti": TriggerType.SUPERSEDED,
}  # fmt: skip
"""How `selama …` ends, and what event ends it."""

_BY_KIND = {
    TriggerType.FILE_CLOSED: ("berkas ditutup", "pemberkasan selesai"),
    TriggerType.FISCAL_YEAR_END: ("tahun anggaran berakhir", "berakhirnya tahun anggaran"),
    TriggerType.AUDIT_FOLLOWUP_DONE: (
        "tindak lanjut hasil pemeriksaan selesai", "tindak lanjut hasil pemeriksaan telah selesai",
        "tindak lanjut pemeriksaan selesai", "tindak lanjut pemeriksaan telah selesai",
    ),
    TriggerType.CONTRACT_END: (
        "perjanjian berakhir", "kontrak berakhir", "perjanjian pinjaman berakhir", "pinjaman berakhir",
        "perjanjian kerja berakhir", "perjanjian kerja sama berakhir", "perjanjian bangun serah guna berakhir",
    ),
    TriggerType.SUPERSEDED: (
        "diperbaharui", "diperbarui", "data diperbaharui", "haki diperbaharui", "ditetapkan yang baru",
        "ditetapkan aplikasi yang baru",
    ),
    TriggerType.NO_LONGER_IN_FORCE: ("tidak berlaku", "tidak berlaku lagi"),
    TriggerType.DECREE_ISSUED: ("surat keputusan ditetapkan", "surat keputusan terbit"),
    TriggerType.RETIREMENT_SEPARATION: ("pensiun", "pegawai pensiun", "berhenti/pensiun"),
    TriggerType.ASSET_DISPOSED: (
        "dihapuskan", "barang dihapuskan", "barang dihapuskan atau dipindahtangankan", "aset dihapuskan",
    ),
    TriggerType.CASE_FINAL: (
        "keputusan berkekuatan hukum tetap dan dipenuhi hak dan kewajiban", "memperoleh keputusan hukum tetap",
        "keputusan mempunyai kekuatan hukum tetap", "putusan berkekuatan hukum tetap",
    ),
    TriggerType.PUBLISHED: ("diterbitkan", "dipublikasikan", "diumumkan"),
    TriggerType.OFFICE_TERM_END: ("masa jabatan berakhir",),
    TriggerType.OTHER: (
        "undang-undang tentang pertanggungjawaban anggaran pendapatan dan belanja negara disahkan",
        "uu tentang pertanggungjawaban apbn disahkan",
        "peraturan daerah tentang pertanggungjawaban anggaran pendapatan dan belanja daerah ditetapkan",
    ),
}  # fmt: skip
EVENTS = {phrase: kind for kind, phrases in _BY_KIND.items() for phrase in phrases}

_FURTHER = """
acara ada agreement akhir anggota angka anri aparatur apbd apbn arsip aset asn asset atas atau badan bagi
bahan baik bangunan barang baru base bebas belum berakhir berakhirnya berdasarkan berhenti berita berjalan
berjasa berkala berkas bernilai berpindah bersifat berskala buku bulanan check cuti daerah daftar dalam dan
dapat dari data dengan dewan di diangkat diganti digunakan dikembalikan dikompilasi diluar dinamis dinas
dipenuhi dipergunakan diperoleh dipindahkan direktur disahkan disampaikan diselesaikan diserahkan disetujui
ditandatangani ditentukan diterima ditetapkan ditindak ditindaklanjuti dokumen dokumentasi duda dudanya dunia
eselon evaluasi fasilitas file fixed formal formasi fungsional gambar guna habis hak haki hasil hilang hukum
identitas individual indonesia izin jabatan jadi janda jasa jra kajian kasus kebijakan kegiatan kekayaan
kekuatan kenegaraan kepala kepegawaian kepemilikan kerja kerjasama kesehatan kesepakatan keuangan kewajiban
kewajibannya khusus kompetensi kontrak korban kredit kunjungan lagi lain lainnya lampiran lampirannya lanjut
lanjuti laporan layanan lelang lembaga lengkap lhkpn loan lunas madya master masuk mati medical melibatkan
memiliki mempunyai memuat menjadi mulai mutasi nama nasional negara negeri nilai nota notulen objek
operasional orang organisasi pajak pameran panitia para pegawai pejabat pejabatnya pelaksanaan pemenuhan
pemeriksaan pemerintah penanganan penetapan pengadaan pengaduan pengawas pengelolaan penggunaan penghapusan
penilaian penyelenggaraan penyiaran peralatan peraturan perbaikan peristiwa perjalanan perkara permanen
permintaan perorangan perseorangan persetujuan perubahan pidana pimpinan pindah pratama presiden produksi
program proses proyek publik radio rapat realisasi records rekomendasi republik resmi restorasi rincian secara
sejarah selesai semester semesteran semua serah sertifikat setelah siaran sipil sk skkaad software standar
standart stasiun status sudah surat swasta tahun tahunan tahunnya tamu tanah tanggungan teknis telah televisi
temuan tenaga tengah terbit terbuka terhadap terima terjadi terkait terlibat tetap tidak tim tindak tinggi
tokoh transaksi triwulan tugas tunai uji ujian umum undang unit untuk up upaya usaha utama visual wajib yang
"""
VOCABULARY = frozenset(
    {
        *_FURTHER.split(),
        *CONDITIONS,
        *(word for word in UNITS if len(word) > 3),
        *(word for text in (*EVENTS, *FATES, *WHILE) for word in text.replace("/", " ").replace("-", " ").split()),
        "masih", "selama", "sejak", "sesudah", "belanja", "pendapatan", "pertanggungjawaban",
    }
)  # fmt: skip
"""Words that are rightly written. What is near to one of them and is none is taken for a typing mistake."""
