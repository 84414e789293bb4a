"""Why a sign-in by a provider fails; the messages are for people and hold nothing of a token, code or secret."""


class OidcError(Exception):
    """A sign-in by the provider failed."""


class SignInRefusedError(OidcError):
    """The answer of the browser or the provider proves nobody: signing in once more may help, waiting does not."""


class UnavailableError(OidcError):
    """The provider gives no answer that we can use now."""
