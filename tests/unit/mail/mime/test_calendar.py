import pytest

from daemon.mail.mime.calendar import Invitation, method_of, read_invitations, says_as_much


def event(*lines: str) -> str:
    return "\n".join(("BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR", ""))


WORDS = [
    (event("SUMMARY:a"), Invitation(summary="a")),
    (event("summary;language=en:a"), Invitation(summary="a")),
    (event('SUMMARY;X="a:b;c":d:e'), Invitation(summary="d:e")),
    (event("SUMMARY:one", " two", "\tthree"), Invitation(summary="onetwothree")),
    (event("DESCRIPTION:a\\nb\\Nc\\, d\\; e\\\\n"), Invitation(description="a\nb\nc, d; e\\n")),
    (event("SUMMARY:a", "LOCATION:Room\\n4"), Invitation(summary="a", where="Room 4")),
    (event("SUMMARY:a", "BEGIN:VALARM", "DESCRIPTION:alarm", "END:VALARM"), Invitation(summary="a")),
    (event("SUMMARY:a", "DTSTART:20260302T100000Z"), Invitation(summary="a", when="2026-03-02 10:00 (UTC)")),
    (event("SUMMARY:a", "DTSTART:tomorrow"), Invitation(summary="a")),
    (
        event("SUMMARY:a", "DTSTART;TZID=X:20260302T230000", "DTEND;TZID=X:20260303T010000"),
        Invitation(summary="a", when="2026-03-02 23:00 - 2026-03-03 01:00 (X)"),
    ),
    # Cut short, and a task.
    ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:a", Invitation(summary="a")),
    ("BEGIN:VTODO\nSUMMARY:a\nDUE:20260302\nEND:VTODO", Invitation(summary="a", when="2026-03-02")),
]


@pytest.mark.parametrize(("text", "words"), WORDS)
def test_the_words_of_an_invitation_are_read(text: str, words: Invitation) -> None:
    assert read_invitations(text) == [words]


@pytest.mark.parametrize(
    "text",
    ["", "x", "BEGIN:VCALENDAR\nEND:VCALENDAR", event(), event("LOCATION:Room"), "SUMMARY:outside", "END:VEVENT"],
)
def test_a_calendar_without_words_says_nothing(text: str) -> None:
    assert read_invitations(text) == []


def test_an_export_of_a_calendar_is_bounded() -> None:
    assert len(read_invitations("".join(event(f"SUMMARY:{n}") for n in range(100)))) == 5


def test_a_text_says_as_much_whatever_its_layout() -> None:
    meeting = Invitation(summary="Export", description="It fails every night since Monday, at ten.")
    assert says_as_much("export\nIt fails\nevery  night since monday at TEN!", meeting)
    assert not says_as_much("It fails", meeting)


def test_a_reply_is_no_invitation() -> None:
    assert method_of("BEGIN:VCALENDAR\nMethod:REPLY\n") == "reply"
    assert method_of("BEGIN:VCALENDAR\nMETHOD:REQUEST\n") != "reply"
