"""The customers of merged tickets all hear the answers, and none of them learns who else wrote, or what."""

from tests.support.conversation import ANA, TEAM, Conversation, Desk, words_of
from tests.support.emails import SUPPORT, mail


def _merged(desk: Desk) -> tuple[Conversation, Conversation]:
    """Return the conversation whose ticket was merged into that of the second."""
    first, second = Conversation(desk, "ann", subject="Anns parcel"), Conversation(desk, "dora", subject="Doras parcel")
    first.write(first.emails(TEAM)[0], f"#merge {second.ticket.reference}", subject="Re: it")
    return first, second


def test_the_customer_of_a_merged_ticket_hears_every_answer(desk: Desk) -> None:
    first, second = _merged(desk)
    second.write(second.last(TEAM), "We have repaired it.")
    second.write(second.last(second.customer), "And my parcel?", author=second.customer)
    second.write(second.last(TEAM), "It comes tomorrow.")
    for talk in (first, second):
        heard = [words_of(one) for one in talk.emails(talk.customer)[1:]]
        assert ["We have repaired it." in heard[0], "It comes tomorrow." in heard[1]] == [True, True]


def test_the_customers_of_merged_tickets_learn_nothing_of_each_other(desk: Desk) -> None:
    first, second = _merged(desk)
    second.write(second.last(second.customer), "Mine has a dent.", author=second.customer)
    second.write(second.last(TEAM), "We have repaired it.")
    anns, doras = first.last(first.customer), second.last(second.customer)
    assert (anns["To"], doras["To"]) == (first.customer, second.customer)
    for theirs, others in ((anns, ("dora", "Dora", "dent", second.ticket.reference)), (doras, ("ann@", "Anns"))):
        assert [one for one in others if one in theirs.as_string()] == []
    assert anns["Subject"] == f"Re: Anns parcel [{first.ticket.reference}]"
    assert anns["In-Reply-To"] == first.emails(first.customer)[0]["Message-ID"]


def test_the_team_reads_that_its_reply_reaches_the_customer_of_a_merged_ticket_too(desk: Desk) -> None:
    first, second = _merged(desk)
    second.write(second.last(second.customer), "Still nothing.", author=second.customer)
    goes_to = "Your reply to this email goes to the customer, Dora Lee, and to Ann Lee."
    assert goes_to in words_of(second.last(TEAM))
    second.write(second.last(TEAM), "We have repaired it.", author=ANA)
    assert goes_to in words_of(second.last(TEAM))
    first.write(first.last(first.customer), "Thank you.", author=first.customer)
    assert goes_to in words_of(second.last(TEAM))


def test_an_answer_between_the_words_of_one_customer_is_held_where_several_would_get_it(desk: Desk) -> None:
    first, second = _merged(desk)
    second.write(second.last(second.customer), "It has a dent.\nWhen does it come?", author=second.customer)
    between = {"When does": "It comes tomorrow."}
    with second.nothing_reaches(first.customer, second.customer):
        second.answer(second.last(TEAM), "thunderbird", style="inline", below=between)
    assert second.answers()[-1][1] == "held"
    back = second.last("ana@example.com")
    assert "it quotes a customer, and it would go to several customers" in words_of(back)
    second.press(back, "#send", author=ANA)
    assert ["It comes tomorrow." in words_of(second.last(one.customer)) for one in (first, second)] == [True, True]


def test_a_ticket_that_is_split_again_is_answered_alone(desk: Desk) -> None:
    first, second = _merged(desk)
    second.write(second.last(TEAM), "#split")
    with first.nothing_reaches(first.customer):
        second.write(second.emails(TEAM)[0], "We have repaired it.")
    assert "We have repaired it." in words_of(second.last(second.customer))


def test_two_tickets_of_one_customer_get_one_answer(desk: Desk) -> None:
    talk = Conversation(desk, "ann")
    again = mail(talk.customer, "Not credited", "Debited but not credited, again.", date=talk.date())
    talk.send(again, talk.customer, SUPPORT)
    talk.write(talk.last(TEAM), f"#merge {talk.ticket.reference}")
    before = len(talk.emails(talk.customer))
    talk.write(talk.emails(TEAM)[0], "Done.")
    assert len(talk.emails(talk.customer)) == before + 1
