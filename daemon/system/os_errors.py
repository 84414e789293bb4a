"""Tell temporary causes of a system error, which pass by themselves, from those that somebody must correct."""

import errno
from typing import Final

TEMPORARY: Final = frozenset(
    {
        *(errno.EADDRINUSE, errno.EAGAIN, errno.EBUSY, errno.EDQUOT, errno.EINTR, errno.EMFILE, errno.ENFILE),
        *(errno.ENOBUFS, errno.ENOMEM, errno.ENOSPC, errno.ESTALE, errno.ETIMEDOUT),
    }
)


def is_temporary(error: OSError) -> bool:
    """Return whether the same call may succeed later, although nobody corrects the configuration."""
    return error.errno in TEMPORARY


def reason(error: OSError) -> str:
    """Return the text of an error, without its number."""
    return error.strerror or type(error).__name__
