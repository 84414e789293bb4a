"""The command `demo` and its emails."""

import pytest

from config.schema import Outgoing
from config.settings import Settings
from daemon.cli.support import demo_run
from daemon.cli.support.demo_emails import EXAMPLES, as_bytes
from daemon.mail.address import canonical
from daemon.mail.mime.parse import parse
from daemon.web.tools import DemoError
from tests.support.ports import free_port


def test_there_are_twenty_emails_of_different_people_who_do_not_exist() -> None:
    assert len(EXAMPLES) == 20
    assert len({example.email for example in EXAMPLES}) == 20
    assert all(example.email.endswith(".example") and canonical(example.email) for example in EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.email)
def test_each_is_read_as_it_was_written(example: object) -> None:
    [found] = [one for one in EXAMPLES if one is example]
    message = parse(as_bytes(found, "support@example.com"))
    assert (message.subject, message.from_[0].name, message.from_[0].email) == (found.subject, found.name, found.email)
    assert message.text.split()[0] in found.text
    assert [file.filename for file in message.attachments] == ([found.file] if found.file else [])
    assert message.defects == ()


def test_none_is_sent_where_answers_would_leave() -> None:
    settings = Settings(outgoing=Outgoing(transport="smtp", host="mail.example.com"))
    with pytest.raises(DemoError, match="do not exist"):
        demo_run.send_examples(settings)


def test_it_is_said_where_nobody_listens() -> None:
    with pytest.raises(DemoError, match="no listener"):
        demo_run.send_examples(Settings(smtp={"listen": f"127.0.0.1:{free_port()}"}))
