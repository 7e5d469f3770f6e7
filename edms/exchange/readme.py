"""What the packages say of themselves, for whoever opens one in thirty years. English, then Indonesian."""

README_TEXT = """This folder is one record of an electronic records management system, packed for hand-over.

METS.xml                          lists every file with its size and SHA-256 (E-ARK SIP 2.2.0)
metadata/descriptive/record.json  the whole description, nothing left out
metadata/descriptive/dc.xml       the same in Dublin Core, as far as that goes
metadata/preservation/premis.xml  files, events and people (PREMIS 3)
metadata/preservation/history.json  the events as the audit trail tells them
metadata/other/evidence/          the seal, its manifest, and the proof from the audit trail
representations/original/         the file as it was received, bit for bit, with its attachments
representations/access/           the copy for reading (PDF/A), signed and authenticated copies
representations/text/             the text that was recognised

The seal is a detached CMS signature: openssl cms -verify -binary -inform DER -in seal.p7s -content manifest.json
The names that files were received under are in METS.xml (OWNERID) and premis.xml (originalName).

Folder ini adalah satu arsip dari sistem pengelolaan arsip elektronik, dikemas untuk diserahkan. METS.xml memuat daftar
semua berkas dengan ukuran dan SHA-256; metadata/descriptive/record.json memuat uraian lengkapnya;
metadata/other/evidence memuat segel elektronik dan bukti dari jejak audit.
"""

SCHEMAS_TEXT = """The XML files of this package follow these schemas, which their keepers publish:

METS 1.12.1        http://www.loc.gov/standards/mets/mets.xsd
PREMIS 3.0         http://www.loc.gov/standards/premis/v3/premis.xsd
Dublin Core 1.1    http://dublincore.org/schemas/xmls/simpledc20021212.xsd
CSIP extension     https://earkcsip.dilcis.eu/schema/DILCISExtensionMETS.xsd
SIP extension      https://earksip.dilcis.eu/schema/DILCISExtensionSIPMETS.xsd
"""
