"""The command `demo`: send twenty example emails to the listener."""

import click

from daemon.cli.support import context, demo_run, output
from daemon.web.tools import DemoError


@click.command()
@click.pass_context
def demo(ctx: click.Context) -> None:
    r"""Send twenty example emails to the listener, as customers would.

    They differ in language, category, HTML and files; two are written by machines. Refused where outgoing email leaves
    by SMTP, because their senders do not exist.

    \b
    Example: triaged demo
    """
    settings = context.settings(ctx)
    try:
        number = demo_run.send_examples(settings)
    except DemoError as error:
        raise context.Unavailable(str(error)) from None
    command = f"{context.typed_name()} tickets list"
    click.echo(f"{output.number(number, 'email')} sent; see them in the inbox, or with `{command}`")
