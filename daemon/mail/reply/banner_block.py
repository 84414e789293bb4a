"""Judge by its structure whether a block of text is a banner: where the email came from, and advice to the reader.

A person who writes of such a thing speaks of themselves, asks, or reports without advice.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from daemon.mail.reply import banner_words as words
from daemon.mail.reply.gateway_label import is_gateway_label
from daemon.mail.reply.letter import is_greeting
from daemon.mail.text.line import fold

MAX_BLOCK: Final = 600
_FEW: Final = 12
_MAX_GREETING: Final = 100
_LINK: Final = re.compile(r"<?\b(?:https?://|mailto:)[^\s<>]{1,2000}>?")
# The words of a link, such as "Why am I seeing this? <https://...>", are those of a button.
_BUTTON: Final = re.compile(r"[^.!?\n<>|]{1,60}\??[ \t]*<https?://[^\s<>]{1,2000}>")
_CLAUSE: Final = re.compile(r"[.!?:;\u2013\u2014\t\n\u3002\uff01\uff1f\uff1a\u3011\])*|+#]+\s*|\s-{1,3}\s|,\s")
# "Suspicious?" begins advice; a question of a person has more words.
_QUESTION: Final = re.compile(r"\w+[^\w.!?]+\w+[^\w.!?]*[?\uff1f]")
# "I" of other languages: "and" in Polish, "the" in Italian.
_ENGLISH: Final = re.compile(r"\b(?:the|and|was|have|you|this|with|from|can|cannot|got)\b")
_ENGLISH_I: Final = re.compile(r"\bi\b")
# A line of such a length without an end was wrapped; one with all of the advice may be whole.
_WRAPPED: Final = range(44, 91)
_WRAPPED_ADVICE: Final = range(60, 81)
_NO_END: Final = re.compile(r"[^\n]*[^\s.!?:\u3002\uff01\uff1f\])*=-]\s*")
_LINE_START: Final = re.compile(r"\n")
_SENTENCE: Final = re.compile(r"[.!?]+[\])*\"]*(?=\s|$)|[\u3002\uff01\uff1f]|\n")
# People mean a certain link, attachment or password.
_CERTAIN: Final = re.compile(
    r"\b(?:the|this|that) (?:\w+ )?(?:link|attachment|file|document|password|log-?in|sign-?in)s?\b"
)
_BRACKETS: Final = re.compile(
    r"\s*[\[({<*|~=#\u3010\uff3b-]{1,80}[^\[\](){}<>*|~=\u3010\u3011\uff3b\uff3d\n]{2,60}[\])}>*|~=#\u3011\uff3d-]{1,80}"
)
_LABEL: Final = re.compile(rf"[\W_]*(?:{words.LABEL})(?![^\W_])|[\W_]*(?:注意|警告|警示|주의|경고|※)")


def _anywhere(of_words: str, inside: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_])(?:{of_words})|{inside}")


_ORIGIN: Final = _anywhere(words.ORIGIN, words.ORIGIN_INSIDE)
_MAIL: Final = _anywhere(words.MAIL, words.MAIL_INSIDE)
_RISK: Final = _anywhere(words.RISK, words.RISK_INSIDE)
_OBJECT: Final = _anywhere(
    f"{words.RISK}|{words.MATTER}|{words.CONDITION}", f"{words.RISK_INSIDE}|{words.MATTER_INSIDE}"
)
_CONDITION: Final = re.compile(rf"(?<![^\W_])(?:{words.CONDITION})")
_CARE: Final = _anywhere(words.CARE, words.CARE_INSIDE)
_COMMAND: Final = re.compile(rf"\W*(?:{words.COMMAND})")
_COMMAND_INSIDE: Final = re.compile(words.COMMAND_INSIDE)
_OWN: Final = re.compile(rf"(?<![^\W_])(?:(?:{words.OWN})(?![^\W_])|{words.YOUR})|{words.OWN_INSIDE}")


def has_own_words(text: str) -> bool:
    """Return whether a person speaks: of themselves, of what the reader has, or in a question."""
    folded = _folded(_BUTTON.sub(" ", text) if "://" in text else text)
    if _QUESTION.search(folded) or _OWN.search(folded):
        return True
    return _ENGLISH_I.search(folded) is not None and _ENGLISH.search(folded) is not None


def is_banner_block(text: str) -> bool:
    """Return whether a block says that the email is a stranger's and what to do about it, in no words of a person."""
    if len(text) > MAX_BLOCK or not _speaks_of_origin(text) or has_own_words(text):
        return False
    label = _BRACKETS.match(text)
    is_labelled = label is not None and is_gateway_label(label[0])
    rest = text[label.end() :] if label and is_labelled else text
    lines = _folded(_unwrapped(rest)).split("\n")
    origins = [line for line in lines if any(map(_names_origin, _sentences(line)))]
    if any(map(_is_advised, origins)):
        return True
    is_announced = any(map(_ORIGIN.search, lines)) and _LABEL.match(lines[0])
    if not (is_labelled or origins or is_announced):
        return False
    return any(_is_general_advice(sentence) for line in lines for sentence in _sentences(line))


def _speaks_of_origin(text: str) -> bool:
    """Return whether a text has a word of the origin, as few emails have: in the others nothing else is looked for."""
    return _ORIGIN.search(_folded(text)) is not None or _BRACKETS.match(text) is not None


def names_origin(text: str) -> bool:
    """Return whether a sentence says where an email came from."""
    return _names_origin(_folded(text))


def _names_origin(sentence: str) -> bool:
    return bool(_ORIGIN.search(sentence) and _MAIL.search(sentence))


def _is_advised(line: str) -> bool:
    """Return whether a line has advice beside the words of the origin: "check the external link" has none."""
    for sentence in _sentences(line):
        origin = _ORIGIN.search(sentence)
        if _is_advice(sentence[origin.end() :] if origin else sentence):
            return True
    return False


def is_advice(text: str) -> bool:
    """Return whether a sentence tells to be careful, or what to do with links, attachments and the like."""
    return _is_advice(_folded(text))


def announces_advice(text: str) -> bool:
    """Return whether advice follows a label at once, as in "Warning: do not click"."""
    folded = _folded(text)
    label = _LABEL.match(folded)
    return label is not None and _COMMAND.match(folded, label.end()) is not None


def is_general_advice(text: str) -> bool:
    """Return whether a sentence is advice on links, attachments or passwords that fits no single email."""
    return _is_general_advice(_folded(text))


def is_announcement(text: str) -> bool:
    """Return whether a text is nothing but a word that announces advice, such as "Attention!"."""
    folded = _folded(text)
    label = _LABEL.match(folded)
    return label is not None and not any(c.isalnum() for c in folded[label.end() :])


def _is_advice(sentence: str) -> bool:
    sentence = _CERTAIN.sub(" ", sentence)
    return _CARE.search(sentence) is not None or any(map(_OBJECT.search, _commands(sentence)))


def _is_general_advice(sentence: str) -> bool:
    sentence = _CERTAIN.sub(" ", sentence)
    if _CARE.search(sentence) and _RISK.search(sentence):
        return True
    for command in _commands(sentence):
        risks = {match[0] for match in _RISK.finditer(command)}
        if len(risks) > 1 or (risks and _CONDITION.search(sentence)):
            return True
    return False


def _commands(sentence: str) -> Iterator[str]:
    """Yield what a sentence tells the reader to do, each from the verb on."""
    if _COMMAND_INSIDE.search(sentence):
        yield sentence
    for at in [0, *(match.end() for match in _CLAUSE.finditer(sentence))]:
        if _COMMAND.match(sentence, at):
            yield sentence[at:]


def banner_block_end(text: str) -> int:
    """Return the end of the banner at the start of a text, which is a block of its own or goes before other text; or 0.

    A block of its own is cut whole if each sentence speaks of the same things; other text may follow advice.
    """
    block = text[: MAX_BLOCK + 1].partition("\n\n")[0]
    if not _speaks_of_origin(block[:MAX_BLOCK]):
        return 0
    starts = (match.end() for match in _LINE_START.finditer(block))
    greetings = (at for at in starts if is_greeting(block[at : at + _MAX_GREETING]))
    block = block[: next(greetings, len(block))]
    is_own = len(block) <= MAX_BLOCK
    block = block[:MAX_BLOCK]
    flat = _unwrapped(block)
    if is_own and is_banner_block(block) and all(map(_is_banner_line, flat.split("\n"))):
        return len(block)
    ends = sentence_ends(flat)
    end = next((end for end in ends if is_banner_block(block[:end])), 0)
    for following in ends if end else ():
        sentence = block[end:following]
        if following > end and not has_own_words(sentence) and is_general_advice(sentence):
            end = following
    return end


def _is_banner_line(line: str) -> bool:
    """Return whether a line of a block is a label, names the origin or advises, and says nothing else."""
    sentences = _sentences(line)
    is_named = is_gateway_label(line) or is_announcement(line) or names_origin(line)
    is_advised = any(_is_general_advice(folded) or _CARE.search(folded) for folded in map(_folded, sentences))
    is_short = sum(c.isalnum() for c in _folded(_BUTTON.sub(" ", line))) <= _FEW
    return (is_named or is_advised or is_short) and all(map(_belongs, sentences))


def _belongs(sentence: str) -> bool:
    """Return whether a sentence may be part of a banner: it names the origin, a risk or advice, or has few letters."""
    folded = _folded(sentence)
    patterns = (_ORIGIN, _OBJECT, _CARE, _LABEL, _MAIL)
    return len(folded.strip()) <= _FEW or any(pattern.search(folded) for pattern in patterns)


def sentence_ends(text: str) -> list[int]:
    """Return the offset after each sentence or line of a block."""
    return [match.end() for match in _SENTENCE.finditer(text)] + [len(text)]


def _sentences(text: str) -> list[str]:
    ends = sentence_ends(text)
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _unwrapped(text: str) -> str:
    """Return a block with a space for each line end within a sentence."""
    lines = text.split("\n")
    joined = [line + (" " if _is_wrapped(line, after) else "\n") for line, after in pairwise(lines)]
    return "".join(joined) + lines[-1]


def _is_wrapped(line: str, after: str) -> bool:
    is_advised = _is_general_advice(_folded(line))
    return bool(
        len(line) in (_WRAPPED_ADVICE if is_advised else _WRAPPED) and after.strip() and _NO_END.fullmatch(line)
    )


def _folded(text: str) -> str:
    return fold(_LINK.sub(" ", text) if ":" in text else text).replace("\u2019", "'")
