"""The tamper matrix: what is changed, how, and the kinds of fault that are named, no more and no fewer."""

from tampering import Case, blob_of, exchange_blobs, flip, in_blob, in_files, in_index, sql

_LEAF = "(SELECT max(\"index\") FROM audit_leaves WHERE action = 'witness.cosigned')"
_RECORD = "state = 'declared'"
_STAMPED = "timestamp IS NOT NULL"
_OTHER = "00000000000070008000000000000001"
_NO_DIGEST = "0" * 64

FILES: dict[str, Case] = {
    "blob, header": in_blob("original", flip(0.0), "blob"),
    "blob, middle": in_blob("original", flip(0.5), "blob"),
    "blob, last byte": in_blob("original", flip(1.0), "blob"),
    "blob, cut": in_blob("original", lambda content: content[:-1], "blob"),
    "blob, extended": in_blob("original", lambda content: content + b"x", "blob"),
    "blob, removed": in_files("blob", lambda archive: blob_of(archive, "original").unlink(), "blob"),
    "blobs, exchanged": in_files("blob", exchange_blobs, "blob seal evidence"),
    "recognised text": in_blob("text", flip(0.5), "blob"),
    "signed document": in_blob("signed", flip(0.5), "blob signature"),
    "manifest": in_blob("manifest", flip(0.5), "blob seal"),
    "seal": in_blob("seal", flip(0.5), "blob seal evidence"),
    "index, which generation": in_index("CURRENT", flip(0.5), "CURRENT"),
    "index, table of contents": in_index("*.toc", flip(0.5), "toc"),
    "index, segment": in_index("*.seg", flip(0.5), "segment"),
    "index, segment cut": in_index("*.seg", lambda content: content[: len(content) // 2], "segment"),
    "index, segment removed": in_index("*.seg", None, "segment"),
}

PEOPLE_AND_RIGHTS: dict[str, Case] = {
    "person, altered": sql("UPDATE people SET roles = 'records_officer' WHERE username = 'admin'", named="row"),
    "person, removed": sql("DELETE FROM people WHERE username = 'auditor'", named="row"),
    "person, inserted": sql(
        f"INSERT INTO people SELECT '{_OTHER}', 'tamu', name, office_id, roles, clearance, is_head, password_hash,"
        " active, created_at, last_day, NULL FROM people WHERE username = 'records'",
        named="row",
    ),
    "person, serves longer": sql("UPDATE people SET last_day = '2031-01-01' WHERE username = 'records'", named="row"),
    "position, altered": sql("UPDATE positions SET last = NULL", named="row"),
    "position, removed": sql("DELETE FROM positions", named="row"),
    "request for access, altered": sql("UPDATE access_requests SET state = 'granted'", named="row"),
    "grant of access, longer": sql("UPDATE access_grants SET until = '2036-01-01 00:00:00+00:00'", named="row"),
    "grant of access, removed": sql("DELETE FROM access_grants", named="row"),
    "set of records, altered": sql("UPDATE record_sets SET title = 'lain'", named="row"),
    "set of records, one less": sql(
        "DELETE FROM record_set_items WHERE record_id = (SELECT record_id FROM record_set_items LIMIT 1)",
        named="row",
    ),
    "office, altered": sql("UPDATE offices SET parent_id = NULL WHERE code = 'dinkes'", named="row"),
    "office, removed": sql("DELETE FROM offices WHERE code = 'bappeda'", named="row"),
    "hold, altered": sql("UPDATE holds SET released_at = placed_at", named="row"),
    "hold, removed": sql("DELETE FROM hold_links", "DELETE FROM holds", named="row"),
    "review of what is kept, accepted": sql(
        "UPDATE retention_reviews SET accepted = true, judged_by = 'x', judged_at = proposed_at", named="row"
    ),
    "review of what is kept, removed": sql("DELETE FROM retention_reviews", named="row"),
    "scope of a hold, altered": sql("UPDATE hold_scopes SET value = '000.9'", named="row"),
    "scope of a hold, removed": sql("DELETE FROM hold_scopes", named="row"),
    "record of a hold, removed": sql("DELETE FROM hold_links", named="row"),
    "folder, altered": sql("UPDATE folders SET closed_on = '2001-01-01'", named="row"),
    "folder, removed": sql("DELETE FROM folders", named="row"),
    "rule book, altered": sql("UPDATE rule_books SET content = content || ' '", named="row"),
    "rule book, removed": sql("DELETE FROM rule_books", named="row"),
    "event that years count from, altered": sql("UPDATE trigger_events SET happened_on = '2001-01-01'", named="row"),
    "event that years count from, verified": sql("UPDATE trigger_events SET verified_by = 'x'", named="row"),
    "event that years count from, removed": sql("DELETE FROM trigger_events", named="row"),
    "copy that was handed out, given to another": sql("UPDATE issued_copies SET person = 'lain'", named="row"),
    "copy that was handed out, removed": sql("DELETE FROM issued_copies", named="row"),
    "loan, ended": sql("UPDATE loans SET is_out = NULL, state = 'returned'", named="row"),
    "loan, removed": sql("DELETE FROM loans", named="row"),
    "list of an office, delivered for longer": sql("UPDATE list_deliveries SET through = '2031-01-01'", named="row"),
    "report by mail, to another address": sql("UPDATE report_recipients SET address = 'x@example.org'", named="row"),
    "report by mail, removed": sql("DELETE FROM report_recipients", "DELETE FROM report_mailings", named="row"),
    "list of an office, removed": sql("DELETE FROM list_deliveries", named="row"),
    "explanation of a record past its period, inserted": sql(
        "INSERT INTO retention_explanations (id, record_id, text, said_by, said_at)"
        f" SELECT '{_OTHER}', id, 'x', 'x', received_at FROM records WHERE state = 'declared' LIMIT 1",
        named="row",
    ),
    "scanner, altered": sql("UPDATE scanners SET optical_dpi = 1200", named="row"),
    "alert, inserted": sql(
        "INSERT INTO alerts (id, scope, kind, subject, detail, first_seen, last_seen)"
        f" SELECT '{_OTHER}', 'index', 'blob', 'x', 'x', created_at, created_at FROM people WHERE username = 'admin'",
        named="row",
    ),
    "session, inserted": sql(
        "INSERT INTO sign_in_sessions (token_sha256, person_id, started_at, seen_at, language, must_choose, device,"
        " network, proved_at) SELECT zeros(32), id, created_at, created_at, 'id', false, '', '', created_at"
        " FROM people LIMIT 1"
    ),
    "password that is to be changed, no more": sql("DELETE FROM given_passwords", named="row"),
    "account that is to be confirmed, no more": sql("DELETE FROM unconfirmed_accounts", named="row"),
    "second factor, removed": sql("DELETE FROM one_time_codes", named="row"),
    "second factor, a code taken again": sql("UPDATE one_time_codes SET last_step = 0", named="row"),
    "passkey, inserted": sql(
        "INSERT INTO passkeys (id, person_id, credential_id, public_key, proof, sign_count, name, added_at)"
        f" SELECT '{_OTHER}', id, zeros(16), zeros(77), zeros(32), 0, 'x', created_at FROM people"
        " WHERE username = 'records'",
        named="row",
    ),
    "account at the provider, given to another": sql(
        "UPDATE provider_bindings SET person_id = (SELECT id FROM people WHERE username = 'admin')", named="row"
    ),
    "account at the provider, removed": sql("DELETE FROM provider_bindings", named="row"),
    "account at the provider, inserted": sql(
        "INSERT INTO provider_bindings (id, person_id, issuer, subject, proof, bound_by, bound_at)"
        f" SELECT '{_OTHER}', id, 'https://lain.example', 's-9', zeros(32), 'x', created_at FROM people"
        " WHERE username = 'records'",
        named="row",
    ),
    "logout token that was taken, inserted": sql(
        "INSERT INTO spent_tokens (digest, spent_at) SELECT zeros(32), created_at FROM people LIMIT 1"
    ),
    "entry of the directory, given to another": sql(
        'INSERT INTO directory_links (person_id, entry, proof, "user", linked_at)'
        " SELECT id, zeros(32), zeros(32), 'admin', created_at FROM people WHERE username = 'admin'",
        named="row",
    ),
    "service account, held by another": sql(
        "UPDATE people SET held_by = (SELECT id FROM people WHERE username = 'records') WHERE held_by IS NOT NULL",
        named="row",
    ),
    "token, made to count longer": sql("UPDATE api_tokens SET expires_at = '2036-01-01 00:00:00+00:00'", named="row"),
    "token, given to another": sql(
        "UPDATE api_tokens SET person_id = (SELECT id FROM people WHERE username = 'records')", named="row"
    ),
    "token, removed": sql("DELETE FROM api_tokens", named="row"),
    "token, as if used another time": sql("UPDATE api_tokens SET last_used_at = created_at"),
    "challenge, inserted": sql(
        "INSERT INTO open_challenges (digest, begun_at) SELECT zeros(32), created_at FROM people LIMIT 1"
    ),
    "recovery code, given back": sql("UPDATE recovery_codes SET used_at = NULL WHERE used_at IS NOT NULL", named="row"),
    "recovery codes, removed": sql("DELETE FROM recovery_codes", named="row"),
}

RECORDS: dict[str, Case] = {
    "record, title": sql(f"UPDATE records SET title = 'lain' WHERE {_RECORD}", named="record"),
    "record, due date": sql(f"UPDATE records SET due_on = '2001-01-01' WHERE {_RECORD}", named="record"),
    "record, who may see it": sql(f"UPDATE records SET who_may = 'staff' WHERE {_RECORD}", named="record"),
    "record, state": sql(f"UPDATE records SET state = 'pending' WHERE {_RECORD}", named="record"),
    "record, removed": sql(
        "DELETE FROM components WHERE record_id = (SELECT id FROM records WHERE file_name = 'catatan.txt')",
        "DELETE FROM records WHERE file_name = 'catatan.txt'",
        named="record blob index-extra",
    ),
    "component, altered": sql("UPDATE components SET media_type = 'lain' WHERE role = 'text'", named="record"),
    "component, removed": sql("DELETE FROM components WHERE role = 'text'", named="record blob evidence"),
    "digest of a blob": sql(
        f"UPDATE blobs SET sha256 = '{_NO_DIGEST}' WHERE purpose = 'text'", named="blob record evidence"
    ),
    "wrapped key": sql("UPDATE blobs SET wrapped_key = zeros(60) WHERE purpose = 'original'", named="blob"),
    "epoch of a key": sql("UPDATE blobs SET epoch = 9 WHERE purpose = 'original'", named="blob"),
    "key epoch, altered": sql("UPDATE key_epochs SET state = 'destroyed' WHERE state = 'open'", named="row"),
    "key epoch, removed": sql("DELETE FROM key_epochs", named="row"),
    "rotation, altered": sql("UPDATE key_rotations SET finished_at = NULL", named="row"),
    "rotation, removed": sql("DELETE FROM key_rotations", named="row"),
    "order of destruction, altered": sql("UPDATE ordered_destructions SET decision = 'lain'", named="row"),
    "order of destruction, removed": sql("DELETE FROM ordered_destructions", named="row"),
    "order of destruction, forged for content that then vanished": sql(
        "INSERT INTO ordered_destructions (blob_id, subject_id, decision, name, purpose, size, sha256, ordered_at,"
        " row_removed_at, bytes_removed_at, shredded_at, epoch) SELECT b.id, c.record_id, 'BA-1/2026', b.name,"
        " b.purpose, b.size, b.sha256, b.created_at, b.created_at, b.created_at, b.created_at, 1"
        " FROM blobs b JOIN components c ON c.blob_id = b.id JOIN records r ON r.id = c.record_id"
        " WHERE r.file_name = 'catatan.txt'",
        "DELETE FROM components WHERE record_id = (SELECT id FROM records WHERE file_name = 'catatan.txt')",
        "DELETE FROM blobs WHERE id IN (SELECT blob_id FROM ordered_destructions)",
        named="record row seal evidence",
    ),
    "official who signs, altered": sql("UPDATE signing_identities SET position = 'lain'", named="row"),
    "official who signs, removed": sql("DELETE FROM signing_identities", named="row"),
    "certificate of an official, exchanged": sql(
        "UPDATE signing_identities SET certificate = (SELECT max(certificate) FROM signing_identities)"
        " WHERE certificate = (SELECT min(certificate) FROM signing_identities)",
        named="row",
    ),
    "request of signatures, altered": sql("UPDATE signature_requests SET state = 'withdrawn'", named="row"),
    "request of signatures, removed": sql("DELETE FROM signature_requests", named="row signature"),
    "signature, altered": sql(
        "UPDATE signatures SET rendering_sha256 = 'x' WHERE state = 'signed'", named="row signature"
    ),
    "signature, removed": sql("DELETE FROM signatures WHERE state = 'signed'", named="row signature"),
    "outbox": sql("INSERT INTO outbox (topic, subject_id, created_at) SELECT 'index', id, received_at FROM records"),
    "job, delayed": sql("UPDATE jobs SET attempts = attempts + 1"),
    "job, removed": sql("DELETE FROM jobs", named="record"),
}

TRAIL: dict[str, Case] = {
    "leaf, altered": sql(f'UPDATE audit_leaves SET body = zeros(9) WHERE "index" = {_LEAF}', named="audit row"),
    "leaf, removed": sql(f'DELETE FROM audit_leaves WHERE "index" = {_LEAF}', named="audit row"),
    "node, altered": sql("UPDATE audit_nodes SET hash = zeros(32) WHERE level = 1 AND position = 2", named="audit"),
    "node, removed": sql("DELETE FROM audit_nodes WHERE level = 1 AND position = 2", named="audit"),
    "checkpoint, altered": sql("UPDATE audit_checkpoints SET note = replace(note, 'edms', 'edmt')",
                               named="checkpoint timestamp cosignature"),
    "checkpoint, removed": sql("DELETE FROM audit_checkpoints", named="checkpoint"),
    "timestamp, altered": sql(f"UPDATE audit_checkpoints SET timestamp = zeros(90) WHERE {_STAMPED}",
                              named="checkpoint timestamp"),
    "timestamp, removed": sql(f"UPDATE audit_checkpoints SET timestamp = NULL WHERE {_STAMPED}", named="checkpoint"),
    "cosignature, altered": sql("UPDATE audit_cosignatures SET line = replace(line, 'A', 'B')",
                                named="checkpoint cosignature"),
    "cosignature, under another witness": sql("UPDATE audit_cosignatures SET witness = 'lain'", named="checkpoint"),
    "cosignature, removed": sql("DELETE FROM audit_cosignatures", named="checkpoint"),
    "trail that we witness, put back": sql("UPDATE witnessed_trails SET size = size - 1", named="row"),
    "trail that we witness, another key": sql("UPDATE witnessed_trails SET public_key = zeros(32)", named="row"),
    "trail that we witness, removed": sql("DELETE FROM witnessed_trails", named="row"),
    "evidence tree, altered": sql("UPDATE evidence_trees SET root = zeros(32)", named="evidence"),
    "evidence tree, removed": sql("DELETE FROM evidence_trees", named="evidence"),
    "evidence tile, altered": sql("UPDATE evidence_tiles SET hashes = zeros(64)", named="evidence"),
    "evidence tile, removed": sql("DELETE FROM evidence_tiles", named="evidence"),
    "evidence member, removed": sql("DELETE FROM evidence_members WHERE position = 0", named="evidence"),
    "evidence member, moved": sql("UPDATE evidence_members SET position = 1 - position WHERE position < 2",
                                  named="evidence"),
    "renewal of evidence, removed": sql("DELETE FROM evidence_renewals", named="evidence"),
    "renewal of evidence, forged": sql(
        "INSERT INTO evidence_renewals (chain_id, tree_id, position) SELECT id, id, 0 FROM evidence_trees",
        named="evidence",
    ),
    "line of a state, altered": sql("UPDATE row_states SET version = version + 1 WHERE kind = 'people'", named="row"),
    "line of a state, removed": sql("DELETE FROM row_states WHERE kind = 'people'", named="row"),
}  # fmt: skip

MATRIX = FILES | PEOPLE_AND_RIGHTS | RECORDS | TRAIL

# Kinds of cases that exist on one database only.
ON_POSTGRESQL: dict[str, Case] = {
    "lane of events, put back": sql("UPDATE audit_lanes SET number = number - 1", named="audit"),
    "lane of events, removed": sql("DELETE FROM audit_lanes", named="audit"),
    "waiting event, forged": sql(
        "INSERT INTO audit_waiting (lane, number, body, mac, subject_kind, subject_id)"
        " SELECT lane, number + 1, zeros(9), zeros(32), 'archive', '' FROM audit_lanes",
        named="audit",
    ),
}
