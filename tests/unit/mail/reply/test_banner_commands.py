"""The commands of a team are no labels of a gateway, whatever words they are made of; a banner above them is cut."""

import pytest

from daemon.mail.commands import Verb
from daemon.mail.reply.answer_lines import kept_lines
from daemon.mail.reply.banner import banner_end
from daemon.mail.reply.our_marks import OurMarks, Ours
from tests.support.fakes import NOON

BANNER = (
    "CAUTION: This email originated from outside of the organization. Do not click links unless you know the sender."
)
OURS = Ours(OurMarks((b"k" * 32,), NOON.date(), customer_texts=(f"{BANNER}\n\nPayment failed",)))


@pytest.mark.parametrize("sign", ["#", "\uff03", "\ufe5f"])
@pytest.mark.parametrize("verb", Verb)
def test_a_command_at_the_top_is_kept(verb: str, sign: str) -> None:
    lines = [f"{sign}{verb}", "", "Send this email as it is."]
    assert banner_end("\n".join(lines)) == 0
    assert kept_lines(lines, OURS).keep == (True, True, True)


@pytest.mark.parametrize("line", ["#spam", "#SPAM.", "  #spam", "#bulk", "#category Spam"])
def test_a_command_below_a_banner_is_kept_and_the_banner_is_not(line: str) -> None:
    assert kept_lines([BANNER, "", line], OURS).keep[0] is False
    assert kept_lines([BANNER, "", line], OURS).keep[-1] is True


@pytest.mark.parametrize("label", ["[SPAM]", "# SPAM #", "##SPAM##", "#SPAM#", "***SPAM***", "Suspected spam"])
def test_a_label_of_a_gateway_is_still_cut(label: str) -> None:
    assert banner_end(f"{label}\n\nHello") > 0
