"""Several people get one answer: those who wrote together see each other in it, and nobody else's address shows."""

from tests.support.conversation import ANA, TEAM, Conversation, Desk, reply_to, words_of
from tests.support.emails import mail

BOB = "bob@partner.example"
CAROL = "carol@third.example"


def _reply_to_all(talk: Conversation, copied: str) -> None:
    """Let the customer answer our acknowledgement, which proves that they read email at their address."""
    ours = talk.last(talk.customer)
    talk.write(ours, "It failed again.", author=talk.customer, headers=(f"Cc: {copied}",))


def test_those_who_wrote_together_see_each_other_and_a_reply_to_all_reaches_both(desk: Desk) -> None:
    talk = Conversation(desk)
    _reply_to_all(talk, BOB)
    talk.write(talk.last(TEAM), "Try another card.")
    assert [talk.last(one)["Cc"] for one in (talk.customer, BOB)] == [BOB, talk.customer]
    assert reply_to(talk.last(talk.customer)) != reply_to(talk.last(BOB))
    # Bob's mail program answers all: Ann hears of our next answer, which names both again.
    raw = mail(f"Bob <{BOB}>", "Re: Payment failed", "It works.", date=talk.date(), headers=(f"Cc: {talk.customer}",))
    talk.send(raw, BOB, reply_to(talk.last(BOB)))
    talk.write(talk.last(TEAM), "Good to know.")
    assert [talk.last(one)["Cc"] for one in (talk.customer, BOB)] == [BOB, talk.customer]


def test_whom_the_customer_copied_joins_by_an_answer_to_all_in_our_thread(desk: Desk) -> None:
    talk = Conversation(desk)
    talk.write(talk.last(TEAM), "What is the number of the order?")
    ours = talk.last(talk.customer)
    anns = f"<reply-of-{talk.customer}>"
    talk.write(ours, "It is 7. Bob knows more.", author=talk.customer, message_id=anns, headers=(f"Cc: {BOB}",))
    # Bob's program answers Ann, and us in Cc: it has her Message-ID, our subject and the address with her token.
    raw = mail(
        f"Bob <{BOB}>",
        f"Re: {ours['Subject']}",
        "I paid it on Monday.",
        to=talk.customer,
        in_reply_to=anns,
        date=talk.date(),
        headers=(f"Cc: {reply_to(ours)}",),
    )
    talk.send(raw, BOB, reply_to(ours))
    shown = words_of(talk.last(TEAM))
    assert f"{BOB} is new on this ticket and answered with the customer's token." in shown
    assert "Your reply to this email goes to the customer, Ann Lee, and to Bob." in shown
    # Ann gets the reply as the customer, so nobody has to add her.
    assert "Also to" not in shown
    talk.write(talk.last(TEAM), "Thank you both.")
    assert ["Thank you both." in words_of(talk.last(one)) for one in (talk.customer, BOB)] == [True, True]


def test_whom_an_agent_adds_and_the_customer_do_not_see_each_other(desk: Desk) -> None:
    talk = Conversation(desk)
    talk.write(talk.last(TEAM), "We ask our bank.", author=ANA, headers=(f"Cc: {BOB}, {CAROL}",))
    assert talk.last(talk.customer)["Cc"] is None
    assert [talk.last(one)["Cc"] for one in (BOB, CAROL)] == [CAROL, BOB]


def test_the_customers_of_merged_tickets_do_not_see_each_other(desk: Desk) -> None:
    first, second = Conversation(desk, "ann"), Conversation(desk, "dora")
    first.write(first.emails(TEAM)[0], f"#merge {second.ticket.reference}")
    ours = first.last(first.customer)
    first.write(ours, "Still nothing.", author=first.customer)
    second.write(second.last(TEAM), "We have repaired it.")
    answers = [second.last(first.customer), second.last(second.customer)]
    assert ["We have repaired it." in one.as_string() for one in answers] == [True, True]
    assert [one["Cc"] for one in answers] == [None, None]


def test_the_team_reads_that_a_reply_does_not_reach_the_address_of_a_stranger_with_the_customers_token(
    desk: Desk,
) -> None:
    talk = Conversation(desk)
    talk.write(talk.last(TEAM), "What is the number of the order?")
    home = "Ann Lee <ann.home@mail.example>"
    talk.write(talk.last(talk.customer), "It is 7.", author=home)
    assert "(address not verified) This address gets your reply only if you add it in Cc." in words_of(talk.last(TEAM))
    talk.answer(talk.last(TEAM), "gmail-web", "Thank you.")
    assert "This address" not in words_of(talk.last(talk.customer))
    talk.write(talk.last(talk.customer), "You are welcome.", author=talk.customer)
    assert "This address" not in words_of(talk.last(TEAM))
