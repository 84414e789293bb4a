"""Compose the email that brings an answer to one customer, from what is stored."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from daemon.mail.message import Address, Message
from daemon.mail.mime.attachment import part_contents
from daemon.snapshots import FileSnapshot, LastEmail, PreparedDelivery, StoredAnswer, TicketSnapshot
from daemon.store import ledger
from daemon.store.keys import Keyring
from daemon.store.store import Store
from daemon.tickets.last_email import read_header
from daemon.vocabulary import MailKind
from workers.actors.brands import Brand, note_fault
from workers.notify import answer_mail, compose, outgoing
from workers.notify.answer_mail import AnswerSnapshot, QuotedEmail


class AnswerComposer:
    """Composes answers: the text that a member wrote, with its files, below it the words of the customer."""

    def __init__(self, store: Store, keyring: Keyring) -> None:
        self._store, self._keyring = store, keyring

    def compose(self, prepared: PreparedDelivery, brand: Brand, room: int, now: datetime) -> bytes:
        """Return the email of a delivery, with up to `room` bytes of files; raises ComposeError for a bad address."""
        ticket = prepared.ticket
        if ticket.answer is None:
            raise LookupError(f"delivery {prepared.message_id} brings no answer")
        answer = self._snapshot(ticket, ticket.answer, prepared.recipient)
        mark = outgoing.mark_for(prepared, self._keyring.value[0], now)
        fitting, omitted = answer_mail.fitting_files(answer, room)
        view = answer_mail.view_of_answer(answer, prepared.recipient, brand.mail, mark, omitted)
        rendered = brand.renderer.render(MailKind.ANSWER, view, brand.mail.language_of(prepared))
        note_fault(rendered, delivery=prepared.message_id)
        mail = answer_mail.answer_mail(
            answer,
            brand.mail,
            rendered,
            self._contents(ticket, fitting),
            recipient=prepared.recipient,
            message_id=prepared.message_id,
            mark=mark,
            answer_from=brand.answer_from,
            now=now,
            boundary_seed=secrets.token_hex(16),
            thread_head=head if (head := prepared.thread_head or "") != prepared.message_id else "",
        )
        return compose.as_bytes(mail)

    def _snapshot(self, ticket: TicketSnapshot, answer: StoredAnswer, recipient: str) -> AnswerSnapshot:
        files = {file.part: file for file in ticket.message.files}
        header = self._header(answer.last.inbound_id) if answer.last else None
        # The subject of the ticket is what another customer wrote.
        known = answer.own_ticket(recipient) or ticket
        return AnswerSnapshot(
            reference=known.reference,
            subject=known.subject,
            agent=answer.author_name,
            text=answer.text,
            html=answer.html,
            inline=tuple(files[part] for part in answer.inline_parts if part in files),
            files=tuple(files[part] for part in answer.file_parts if part in files),
            quotes_customer=answer.quotes_customer,
            last=_quoted(answer.last, header) if answer.last and header else None,
            recipients=answer.recipients,
            together=tuple(self._together(ticket, header)) if len(answer.recipients) > 1 else (),
        )

    def _together(self, ticket: TicketSnapshot, last: Message | None) -> Iterator[frozenset[str]]:
        """Yield whom the customer's last email names, given by its header, and whom the member's names beside us."""
        if last:
            yield _emails((*last.from_, *last.to, *last.cc))
        if ticket.message.inbound_id is not None:
            header = self._header(ticket.message.inbound_id)
            yield _emails((*header.to, *header.cc))

    def _header(self, inbound_id: int) -> Message:
        with self._store.read() as session:
            return read_header(ledger.raw_of(session, inbound_id))

    def _contents(self, ticket: TicketSnapshot, files: Sequence[FileSnapshot]) -> Mapping[FileSnapshot, bytes]:
        if not files or ticket.message.inbound_id is None:
            return {}
        with self._store.read() as session:
            raw = ledger.raw_of(session, ticket.message.inbound_id)
        contents = part_contents(raw, {file.part for file in files})
        return {file: contents[file.part] for file in files}


def _quoted(last: LastEmail, header: Message) -> QuotedEmail:
    """Return the customer's last email with what only its header says: its thread, and who has it."""
    return QuotedEmail(
        message_id=last.message_id,
        references=header.references,
        author=last.author,
        author_name=last.author_name,
        date=header.date or last.at,
        text=last.text,
        readers=_emails((*header.to, *header.cc)) | ({last.author} if last.author else frozenset()),
        images=last.images,
    )


def _emails(addresses: Sequence[Address]) -> frozenset[str]:
    return frozenset(one.email.lower() for one in addresses if one.email)
