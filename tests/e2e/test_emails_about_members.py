"""What the team reads of a note, and of a customer who wrote before."""

from tests.support.conversation import ANA, BEN, IDENTITY, TEAM, Conversation, Desk, words_of
from tests.support.emails import mail
from tests.support.helpdesk import MEMBER


def test_a_note_is_announced_as_one_without_its_commands(desk: Desk) -> None:
    talk = Conversation(desk)
    talk.write(talk.last(TEAM), "#NOTE:\n#assign IDENTITY_TEAM\n\nPlease look at #42.", BEN)
    note = words_of(talk.emails(IDENTITY)[0])
    assert note.startswith(
        "Ben Reis wrote an internal note. The customer does not get it. Please look at #42. Your reply"
    )
    assert "First ticket" not in note


def test_a_follow_up_does_not_call_the_ticket_the_first_of_a_customer_who_has_others(desk: Desk) -> None:
    talk = Conversation(desk)
    again = mail(f"Ann Lee <{talk.customer}>", "Card blocked", "Amount debited but not credited, order 9.")
    talk.send(again, talk.customer)
    assert "2nd ticket in 30 days" in words_of(talk.last(TEAM))
    talk.write(talk.last(talk.customer), "Any news?", f"Ann Lee <{talk.customer}>")
    follow_up = words_of(talk.last(TEAM))
    assert "Any news?" in follow_up
    assert "First ticket" not in follow_up


def test_the_team_reads_that_its_answer_goes_to_the_customer_of_a_merged_ticket_too(desk: Desk) -> None:
    merged, survivor = Conversation(desk, "ann"), Conversation(desk, "bob")
    merged.write(merged.emails(TEAM)[0], f"#merge {survivor.ticket.reference}", BEN)
    merged.write(merged.last(merged.customer), "Any news of mine?", f"Ann Lee <{merged.customer}>")
    follow_up = survivor.last(TEAM)
    assert "goes to the customer, Bob Lee, and to Ann Lee." in words_of(follow_up)
    survivor.write(follow_up, "Both are booked.", BEN)
    assert all("Both are booked." in words_of(one.last(one.customer)) for one in (merged, survivor))
    survivor.write(survivor.last(survivor.customer), "And mine?", f"Bob Lee <{survivor.customer}>")
    assert "goes to the customer, Bob Lee, and to Ann Lee. From" in words_of(survivor.last(TEAM))


def test_the_team_reads_whom_an_answer_to_somebody_else_reached(desk: Desk) -> None:
    talk = Conversation(desk)
    talk.write(talk.last(TEAM), "#to carl@bank.example\nPlease check this payment.")
    answered = words_of(talk.last(TEAM))
    assert answered.startswith("Ana Silva answered carl@bank.example:")
    assert "Your reply to this email goes to the customer, Ann Lee." in answered
    talk.write(talk.last(TEAM), "It is booked.")
    assert words_of(talk.last(TEAM)).startswith("Ana Silva answered Ann Lee:")


def test_what_a_member_wrote_to_the_customer_directly_is_noted_and_not_called_left_out(desk: Desk) -> None:
    talk = Conversation(desk)
    notified = talk.last(TEAM)
    raw = mail(ANA, "Re: Payment failed", "It is booked.", to=talk.customer, in_reply_to=notified["Message-ID"])
    with talk.nothing_reaches(talk.customer):
        talk.send(raw, MEMBER)
    answered = words_of(talk.last(TEAM))
    assert "Note: written to the customer directly; not sent again" in answered
    assert "Left out" not in answered
