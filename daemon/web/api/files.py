"""Files as downloads: the content of an attachment."""

from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import Response

from daemon.mail.mime.attachment import part_contents
from daemon.store import ledger
from daemon.store.queries.ticket_detail import find_attachment
from daemon.tickets.access import Scope
from daemon.web.api.rows import RowId, TicketName, not_found, ticket_id
from daemon.web.auth import Caller, requires
from daemon.web.parameters import operations
from daemon.web.problems import Problem, documented
from daemon.web.services import Services

router = operations("tickets")
Reader = Annotated[Caller, requires(Scope.TICKETS_READ)]
BYTES: Final[dict[str, Any]] = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


@router.get(
    "/tickets/{ticket}/attachments/{attachment}",
    summary="Get the content of an attachment",
    response_class=Response,
    responses={
        200: {"description": "The file, always as a download.", "content": BYTES},
        **documented(Problem.NOT_FOUND),
    },
)
async def attachment_content(ticket: TicketName, attachment: RowId, services: Services, _caller: Reader) -> Response:
    """Get the bytes of an attachment. No browser shows them: they come as a download of no particular type."""

    def read() -> Response:
        with services.store.read() as session:
            number = ticket_id(session, ticket, services.settings.support.reference_prefix)
            found = find_attachment(session, attachment)
            if found is None or found[1].ticket_id != number:
                raise not_found(f"attachment {attachment} on ticket {ticket}")
            file, message = found
            try:
                raw = ledger.raw_of(session, message.inbound_id or 0)
            except LookupError:
                raise not_found("content of this attachment") from None
        contents = part_contents(raw, {file.part})
        if file.part not in contents:
            raise not_found("content of this attachment")
        return download(contents[file.part], file.filename)

    return await services.run(read)


def download(content: bytes, filename: str) -> Response:
    """Return bytes from outside as a download that no browser opens or runs by itself."""
    safe = quote(filename, safe="", errors="replace")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{safe}", "X-Content-Type-Options": "nosniff"}
    return Response(content, headers=headers, media_type="application/octet-stream")
