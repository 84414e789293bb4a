"""Kinds of damage to a database, and what `triaged db verify` says of each. docs/BENCHMARKS.md shows them.

The database is that of `tests/e2e/test_damage.py`: email 1 opened ticket 1 with decision 1 and deliveries 1 (to the
customer) and 2 (to the team), 2 is a follow-up with delivery 3, 3 a duplicate of 1, 4 an automatic reply, and 5 opened
ticket 2, which is pending.
"""

from tests.support.damage import Damage, cut, overwrite, overwrite_root, sql

DAMAGES = (
    sql(
        "an email is removed with all its rows", "inbound 1 to 999", "email 4 was accepted and is gone",
        "DELETE FROM message WHERE inbound_id = 4", "DELETE FROM inbound WHERE id = 4",
    ),
    sql(
        "the newest email is removed with its ticket and job", "inbound 1 to 999", "email 5 was accepted and is gone",
        "DELETE FROM job WHERE subject = 'ticket:2'", "DELETE FROM message WHERE inbound_id = 5",
        "DELETE FROM inbound WHERE id = 5", "DELETE FROM ticket WHERE id = 2",
    ),
    sql(
        "several emails are removed", "inbound 1 to 999",
        "2 emails were accepted and are gone; numbers without an email: 3, 4",
        "DELETE FROM message WHERE inbound_id = 4", "DELETE FROM inbound WHERE id IN (3, 4)",
    ),
    sql(
        "a row of an email is copied", "inbound 1 to 999", "6 emails are stored, and 5 were counted",
        "INSERT INTO inbound SELECT 6, received_at, source, peer, mail_from, rcpt_tos, size, sha256, 'x', message_id,"
        " raw, disposition, reasons, NULL, NULL FROM inbound WHERE id = 4",
    ),
    sql("a raw email is changed", "inbound 1", "does not decompress", "UPDATE inbound SET raw = {bytes} WHERE id = 1"),
    sql(
        "a raw email is cut short", "inbound 1", "another size than",
        "UPDATE inbound SET raw = substr(raw, 1, length(raw) - 20) WHERE id = 1",
    ),
    sql(
        "a raw email is another one", "inbound 1", "its raw email",
        "UPDATE inbound SET raw = (SELECT raw FROM inbound WHERE id = 4) WHERE id = 1",
    ),
    sql("a raw email is missing", "inbound 1", "has no raw email", "UPDATE inbound SET raw = NULL WHERE id = 1"),
    sql(
        "the hash of an email is changed", "inbound 4", "the SHA-256 differs",
        "UPDATE inbound SET sha256 = 'no' WHERE id = 4",
    ),
    sql(
        "the size of an email is changed", "inbound 1", "another size than",
        "UPDATE inbound SET size = 7 WHERE id = 1",
    ),
    sql(
        "the size of an email is text", "inbound 1", "of another type",
        "UPDATE inbound SET size = 'many' WHERE id = 1", only="sqlite",
    ),
    sql(
        "an email is in an unknown state", "inbound 4", "is in no known state",
        "UPDATE inbound SET disposition = 'lost' WHERE id = 4",
    ),
    sql(
        "an email lost its reasons", "inbound 1", "has no reason for its state",
        "UPDATE inbound SET reasons = '[]' WHERE id = 1",
    ),
    sql(
        "the reasons of an email are no list", "inbound 1", "has no reason for its state",
        "UPDATE inbound SET reasons = '{{}}' WHERE id = 1",
    ),
    sql(
        "the reasons of an email are garbage", "inbound 1", "has no reason for its state",
        "UPDATE inbound SET reasons = '[\"cut' WHERE id = 1", only="sqlite",
    ),
    sql(
        "an email lost its ticket", "inbound 2", "should be on a ticket that exists",
        "UPDATE inbound SET ticket_id = NULL WHERE id = 2",
    ),
    sql(
        "a duplicate lost its original", "inbound 3", "is a duplicate without an original",
        "UPDATE inbound SET duplicate_of = NULL WHERE id = 3",
    ),
    sql(
        "an email lost the key of its copies", "inbound 1", "has no key by which a copy is recognised",
        "UPDATE inbound SET content_key = NULL WHERE id = 1",
    ),
    sql(
        "an email comes from the future", "inbound 1", "has a date that is in the future",
        "UPDATE inbound SET received_at = '2999-01-01 00:00:00.000000' WHERE id = 1",
    ),
    sql(
        "a date is garbage", "inbound 1", "has a date that is in the future, before 2020, or none at all",
        "UPDATE inbound SET received_at = 'noon' WHERE id = 1", only="sqlite",
    ),
    sql(
        "a clock was in 1970", "ticket 1", "before 2020",
        "UPDATE ticket SET created_at = '1970-01-01 00:00:12.000000' WHERE id = 1",
    ),
    sql(
        "the text of an email is removed", "inbound 2", "should be a message of its ticket",
        "DELETE FROM message WHERE id = 2",
    ),
    sql(
        "the text of an email is on another ticket", "message 2", "is on another ticket than its email",
        "UPDATE message SET ticket_id = 2 WHERE id = 2",
    ),
    sql(
        "the kind of a sender is unknown", "message 1", "has no known kind of sender",
        "UPDATE message SET kind = 'ghost' WHERE id = 1",
    ),
    sql(
        "the role of an email on its ticket is unknown", "message 1", "has no known role",
        "UPDATE message SET role = 'ghost' WHERE id = 1",
    ),
    sql(
        "an attachment is orphaned", "attachment 1", "points to a row of message that does not exist",
        "UPDATE attachment SET message_id = 99 WHERE id = 1",
    ),
    sql(
        "a person is removed", "ticket 1", "points to a row of person that does not exist", "DELETE FROM person",
    ),
    sql("a person lost the address", "person 1", "has no address", "UPDATE person SET email = '' WHERE id = 1"),
    sql(
        "a ticket is removed", "inbound 1", "should be on a ticket that exists", "DELETE FROM ticket WHERE id = 1",
    ),
    sql("a status is unknown", "ticket 1", "has no known status", "UPDATE ticket SET status = 'LOST' WHERE id = 1"),
    sql(
        "a priority is unknown", "ticket 1", "has no known priority",
        "UPDATE ticket SET priority = 'Soon' WHERE id = 1",
    ),
    sql(
        "a character of a reference is wrong", "ticket 1", "one of its characters is wrong",
        "UPDATE ticket SET reference = substr(reference, 1, 3) ||"
        " CASE substr(reference, 4, 1) WHEN '2' THEN '3' ELSE '2' END || substr(reference, 5) WHERE id = 1",
    ),
    sql(
        "a confidence is above 1", "ticket 1", "has a confidence outside 0 to 1",
        "UPDATE ticket SET confidence = 1.5 WHERE id = 1",
    ),
    sql(
        "a confidence is below 0", "decision 1", "has a confidence outside 0 to 1",
        "UPDATE decision SET confidence = -0.1",
    ),
    sql(
        "a ticket is from the future", "ticket 1", "has a date that is in the future",
        "UPDATE ticket SET updated_at = '2999-01-01 00:00:00.000000' WHERE id = 1",
    ),
    sql(
        "a category is changed", "ticket 1", "differs from its newest decision",
        "UPDATE ticket SET category = 'Login' WHERE id = 1",
    ),
    sql(
        "a ticket lost its team", "ticket 1", "differs from its newest decision",
        "UPDATE ticket SET assigned_team = NULL WHERE id = 1",
    ),
    sql(
        "the team of a decided ticket is empty", "ticket 1", "is decided, but has no team",
        "UPDATE ticket SET assigned_team = '' WHERE id = 1", "UPDATE decision SET team = '' WHERE id = 1",
    ),
    sql(
        "a ticket is related to itself", "ticket 1", "is related to itself",
        "UPDATE ticket SET related_id = 1 WHERE id = 1",
    ),
    sql("a decision is removed", "ticket 1", "is decided, but has no decision", "DELETE FROM decision"),
    sql("a decision lost its reasons", "decision 1", "has no reasons", "UPDATE decision SET reasons = '[]'"),
    sql("a decision lost its team", "decision 1", "decides no team", "UPDATE decision SET team = ''"),
    sql(
        "a decision lost its category", "decision 1", "decides no category",
        "UPDATE decision SET category = ''", "UPDATE ticket SET category = '' WHERE id = 1",
    ),
    sql("a decision is nobody's", "decision 1", "was made by nobody known", 'UPDATE decision SET "by" = \'nobody\''),
    sql(
        "a decision replaces one of another ticket", "decision 1", "replaces no earlier decision on its ticket",
        "UPDATE decision SET replaces = 1",
    ),
    sql(
        "a pending ticket lost its job", "ticket 2", "is pending, and no live job will decide it",
        "DELETE FROM job WHERE subject = 'ticket:2'",
    ),
    sql(
        "the job of a pending ticket is dead", "ticket 2", "is pending, and no live job will decide it",
        "UPDATE job SET state = 'dead' WHERE subject = 'ticket:2'",
    ),
    sql(
        "a decided ticket has neither delivery nor job", "decision 1", "notified nobody",
        "DELETE FROM job WHERE subject = 'decision:1' OR subject IN ('delivery:1', 'delivery:2')",
        "DELETE FROM delivery WHERE id IN (1, 2)",
    ),
    sql(
        "a notify job is done, and its deliveries are gone", "decision 1", "notified nobody",
        "DELETE FROM job WHERE subject IN ('delivery:1', 'delivery:2')", "DELETE FROM delivery WHERE id IN (1, 2)",
    ),
    sql(
        "a notify job is dead without a word", "job", "notifies nobody, and no event on its ticket says so",
        "UPDATE job SET state = 'dead' WHERE subject = 'message:2'",
    ),
    sql(
        "a delivery is removed", "job", "is about a row that does not exist", "DELETE FROM delivery WHERE id = 1",
    ),
    sql(
        "a delivery is in an unknown state", "delivery 1", "is in no known state",
        "UPDATE delivery SET state = 'maybe'",
    ),
    sql(
        "a delivery is planned, and nothing will send it", "delivery 1", "has not ended, and no live job will end it",
        "UPDATE delivery SET state = 'planned' WHERE id = 1",
    ),
    sql(
        "a delivery is deferred, and nothing will plan it again", "delivery 1",
        "is deferred, and no live job will plan it again",
        "UPDATE delivery SET state = 'deferred' WHERE id = 1",
    ),
    sql(
        "a digest is gone", "delivery 1", "is listed in a digest that does not exist",
        "UPDATE delivery SET digest_id = 99 WHERE id = 1",
    ),
    sql(
        "a delivery is listed in itself", "delivery 1", "is listed in itself, or in an email that is no digest",
        "UPDATE delivery SET digest_id = 1 WHERE id = 1",
    ),
    sql(
        "a sent delivery lost its time", "delivery 1", "is sent, but has no time",
        "UPDATE delivery SET sent_at = NULL WHERE id = 1",
    ),
    sql(
        "a delivery counts as sent without an attempt", "delivery 1", "is sent, but was never attempted",
        "UPDATE delivery SET attempts = 0 WHERE id = 1",
    ),
    sql(
        "a failed delivery lost its reason", "delivery 1", "was not sent, but has no reason",
        "UPDATE delivery SET state = 'failed', reason = '' WHERE id = 1",
    ),
    sql(
        "a delivery lost its recipient", "delivery 1", "has no recipient",
        "UPDATE delivery SET recipient = '' WHERE id = 1",
    ),
    sql(
        "the cause of a delivery is gone", "delivery 1", "follows from a row that does not exist",
        "UPDATE delivery SET cause = 'decision:99' WHERE id = 1",
    ),
    sql(
        "a delivery was sent in the future", "delivery 1", "has a date that is in the future",
        "UPDATE delivery SET sent_at = '2999-01-01 00:00:00.000000' WHERE id = 1",
    ),
    sql("a job is in an unknown state", "job 1", "is in no known state", "UPDATE job SET state = 'odd'"),
    sql("a job is of an unknown kind", "job 1", "is of no known kind", "UPDATE job SET kind = 'odd'"),
    sql(
        "a job is leased to nobody", "job", "is leased without an owner",
        "UPDATE job SET state = 'leased', owner = NULL WHERE subject = 'ticket:2'",
    ),
    sql(
        "the subject of a job is garbage", "job 1", "is about a row that does not exist",
        "UPDATE job SET subject = 'ticket:x' WHERE id = 1",
    ),
    sql(
        "a job is never due", "job", "will not be due for a month",
        "UPDATE job SET due_at = '2999-01-01 00:00:00.000000' WHERE subject = 'ticket:2'",
    ),
    sql("the signing keys are gone", "signing_key", "there is none", "DELETE FROM signing_key"),
    sql(
        "a signing key is cut short", "signing_key 1", "is not 32 bytes long",
        "UPDATE signing_key SET secret = substr(secret, 1, 8)",
    ),
    sql(
        "a cursor of a mailbox is negative", "imap_cursor work/INBOX", "is before the first email",
        "INSERT INTO imap_cursor (account, folder, uidvalidity, last_uid, error) VALUES ('work', 'INBOX', 1, -7, '')",
    ),
    sql(
        "the number of a row is changed", "event 2000000000", "points to a row of inbound that does not exist",
        "UPDATE event SET id = 2000000000, inbound_id = 99",
    ),
    sql(
        "an index is dropped", "database", "lacks the index ticket_by_status, so queries are slow",
        "DROP INDEX ticket_by_status",
    ),
    sql(
        "a unique index is dropped", "database", "lacks the index delivery_once, so rows may be stored twice",
        "DROP INDEX delivery_once",
    ),
    sql(
        "a unique constraint is dropped", "database", "lacks the unique constraint on reference of ticket",
        "ALTER TABLE ticket DROP CONSTRAINT ticket_reference_key", only="postgresql",
    ),
    sql(
        "a foreign key is dropped", "database", "lacks the foreign key on message_id of attachment",
        "ALTER TABLE attachment DROP CONSTRAINT attachment_message_id_fkey", only="postgresql",
    ),
    sql("a table is dropped", "database", "lacks tables: event", "DROP TABLE event"),
    Damage("a page of a table is overwritten", "database", "", file=overwrite_root("decision"), only="sqlite"),
    Damage("a page of the raw emails is overwritten", "database", "", file=overwrite_root("inbound"), only="sqlite"),
    Damage("the file is cut in half", "database", "", file=cut(0.5), only="sqlite"),
    Damage("the file is empty", "database", "has no tables", file=cut(0), only="sqlite"),
    Damage("the first page is overwritten", "database", "cannot be read", file=overwrite(0), only="sqlite"),
)  # fmt: skip

UNNOTICED = (
    sql(
        "the text of an email is changed; its raw email is not", "", "",
        "UPDATE message SET text = 'no' WHERE id = 1",
    ),
    sql("the subject of a ticket is changed", "", "", "UPDATE ticket SET subject = 'no' WHERE id = 1"),
    sql(
        "a follow-up has neither delivery nor job, as after a backfill", "", "",
        "DELETE FROM job WHERE subject IN ('message:2', 'delivery:3')", "DELETE FROM delivery WHERE id = 3",
    ),
    sql(
        "an email is removed with all its rows and its count", "", "",
        "DELETE FROM message WHERE inbound_id = 4", "DELETE FROM inbound WHERE id = 4",
        "UPDATE ledger_count SET emails = emails - 1, id_sum = id_sum - 4 WHERE emails > 1",
    ),
)  # fmt: skip
