"""Phrases that mail servers use to say why a delivery failed, by reason."""

from typing import Final

from daemon.mail.phrase_table import split_phrases

PHRASES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (
        "mailbox-full",
        split_phrases(
            "mailbox full; mailbox is full; mailbox has exceeded; mailbox exceeds; mailbox size limit; mailbox quota",
            "mailfolder is full; folder is full; inbox is full; full mailbox; account is full; mailbox_full",
            "mailboxfull; over quota; overquota; over-quota; out of quota; over disk quota; quota exceeded",
            "quota full; exceeded quota; quota violation; quota has been exceeded; exceeding their quota; the quota",
            "his quota; its quota; disk quota; their quota; user quota; storage quota; allowed quota; quota limit",
            "exceeded storage; exceeded allowed storage; not enough storage; not enough disk space",
            "insufficient storage; insufficient disk; mailbox storage; exceeded the local limit; too much mail data",
            "out of storage; exceeds allowed size; mail box full; postfach voll; postfach ist voll; boite pleine",
            "boîte pleine; quota dépassé; buzón lleno; buzon lleno; casella piena; skrzynka pełna; caixa cheia",
            "переполнен; 容量; 已满; 邮箱空间不足; is full.; is full,",
        ),
    ),
    (
        "too-big",
        split_phrases(
            "message too big; message too large; message is too large; message is too big; message size",
            "file too large; size limit; fixed maximum; message file too big; larger than the current",
            "messages larger; too big for; message length exceeds; max message size; message exceeds; size exceed",
            "attachment too large",
        ),
    ),
    (
        "expired",
        split_phrases(
            "delivery time expired; message expired; time-expired; timeout exceeded; in the queue too long",
            "in queue too long; cannot send message for; could not deliver for the last; failing for a long time",
            "delivery timed out; maximum retries; retries exhausted; has expired",
            "allowed queue period; multiple retries; not delivered within; not yet been delivered; delayed",
            "will be retried; queue lifetime; retry time not reached",
        ),
    ),
    # Exim refuses such an address in a header of the message; where others are good, it delivers to them.
    ("bad-syntax", split_phrases("malformed address; incorrectly constructed")),
    # IMail counts its attempts; this number comes with them.
    ("expired", split_phrases("delivery failed 20 attempts")),
    (
        "authentication",
        split_phrases(
            "dmarc; spf fail; spf check; spf validation; (spf); sender policy framework; spf record; dkim",
            "unauthenticated email; unauthenticated mail; authentication required; sender authentication",
            "authentication checks failed; smtp authentication; unauthenticated sender",
        ),
    ),
    (
        "blocked",
        split_phrases(
            "blocked using; block list; blocklist; blacklist; black list; blackhole; dnsbl; spamhaus; spamcop; uribl",
            " rbl; reputation; reverse dns; ptr record; no ptr; rdns; unverifyable sending; cannot find your hostname",
            "cannot find your reverse; client host; helo command; helo/ehlo; invalid helo; bad helo",
            "invalid domain name; banned sending; blocked by; your ip address; from ip; from your ip; your host is",
            "use the smtp server of your isp; temporarily blocked; sending mta; greylist; graylist; grey list",
        ),
    ),
    (
        "spam",
        split_phrases(
            "spam; junk mail; bulk email; bulk mail; unsolicited; content rejected; content filter; message content",
            "mail rejete; message rejected due to content; looks like",
        ),
    ),
    ("virus", split_phrases("virus; malware; infected; banned file; attachment type; executable")),
    (
        "relaying",
        split_phrases(
            "relaying denied; relay access; relay denied; relay not permitted; unable to relay",
            "not permitted to relay; relaying not; relay prohibited; allowed rcpthosts; open relay; relaying mail",
        ),
    ),
    (
        "sender-refused",
        split_phrases(
            "sender address rejected; sender rejected; sender was rejected; sender denied; sender verify",
            "sender domain; domain of sender; sender address; from address; unroutable sender; bad sender",
            "not a member; not allowed to send; only accepts; permission to post; not authorized; not authorised",
            "unauthorized; moderat; requires confirmation; send mail as; google groups",
        ),
    ),
    # The only text that Exchange Online gives for a recipient that is not in its directory.
    ("user-unknown", split_phrases("recipient address rejected: access denied")),
    (
        "policy",
        split_phrases(
            "access denied; policy violation; not accepting mail with; policy reasons; local policy; security policy",
            "administrative prohibition",
        ),
    ),
    # Yahoo's phrases for a permanently closed account.
    ("moved", split_phrases("disabled or discontinued; has been discontinued")),
    (
        "suspended",
        split_phrases(
            "is disabled; been disabled; disabled recipient; disabled mailbox; suspended; deactivated; inactive",
            "not active; is frozen; is locked; temporary locked; account closed; temporarily unavailable; on hold",
            "account that you tried to reach is",
        ),
    ),
    (
        "moved",
        split_phrases(
            "has moved; no forwarding address; has left; no longer works; no longer with; address has changed",
            "user not local",
        ),
    ),
    # procmail and Postfix's pipe quote any error of the local system.
    ("system", split_phrases("couldn't create; can't create; command died; internal system error")),
    # Postfix lost its record of the reason.
    ("system", split_phrases("delivery report unavailable")),
    (
        "not-accepting",
        split_phrases(
            "null mx; nullmx; does not accept mail; does not accept email; doesn't receive email",
            "not accepting network; no mail service; find a mail exchanger",
        ),
    ),
    ("network", split_phrases("host not found, try again; network is unreachable; no route to host; too many hops")),
    (
        "user-unknown",
        split_phrases(
            "user unknown; unknown user; user not known; user is unknown; user doesn't; user does not",
            "user not exist; no such user; no such mailbox; no such recipient; no such address; no such local",
            "no such person; no such account; recipient unknown; unknown recipient; unknown or illegal",
            "recipient not found; recipientnotfound; recipient name is not recognized; recipient does not exist",
            "recipient doesn't exist; recipient no longer; invalid recipient; invalid mailbox; invalid address",
            "invalid user; invalid final delivery userid; invalid local; unknown local; unknown address",
            "unknown mailbox; unknown account; address unknown; addressee unknown; account unknown; mailbox unknown",
            "no mailbox; mailbox not found; mailbox does not exist; mailbox doesn't exist; mailbox unavailable",
            "mailbox not available; mailbox name not allowed; mailbox is not available; user not found",
            "user cannot be found; account not found; account does not exist; account doesn't exist",
            "address does not exist; tried to reach does not exist; address doesn't exist; address wasn't found",
            "not our customer; address couldn't be found; address no longer; address is wrong",
            "address not found; address invalid; not listed in; not a valid; not a known user",
            "not found by smtp address; no account by that name; isn't a known; bad address; bad destination mailbox",
            "does not like recipient; undeliverable address; is not known; not known at this; nicht bekannt",
            "unbekannter; unbekannt; existiert nicht; n'existe pas; inconnu; no existe; desconocido; non esiste",
            "sconosciuto; não existe; desconhecido; nieznany; nie istnieje; bestaat niet; onbekende; не найден",
            "не существует; не зарегистрирован; неизвестный; 存在しません; 見つかりません; ありません; 不存在; 查无此",
        ),
    ),
    (
        "host-unknown",
        split_phrases(
            "host unknown; unknown host; host not found; host or domain name not found; domain not found",
            "no such host; no such domain; unknown domain; does not exist; unrouteable; unroutable; domain unknown",
            "invalid domain; couldn't find any host; find a route; find a gateway; bad destination",
            "point to non-existent; name server; domain name not found; nxdomain; illegal host; dns lookup failure",
            "no mx; domain is not reachable; hostname not known; domain isn't",
        ),
    ),
    (
        "busy",
        split_phrases(
            "too many connections; too many; try again later; rate limit; throttl; server busy; service unavailable",
            "service currently unavailable; frequency limited",
        ),
    ),
    (
        "network",
        split_phrases(
            "connection refused; connection timed out; operation timed out; not reachable; lost connection",
            "loops back; connection reset; hop count; mail loop; routing loop; establish an smtp connection",
            "connect to; to connect; timed out",
        ),
    ),
    (
        "system",
        split_phrases(
            "system error; internal error; configuration; local error; temporary failure; temporary error",
        ),
    ),
    ("policy", split_phrases("policy; prohibited; not accepted; protocol violation")),
    # The server says only that it refuses this recipient.
    ("user-unknown", split_phrases("recipient address rejected; address rejected; recipient rejected; bad recipient")),
    ("policy", split_phrases("rejected; refused; denied")),
)
"""Reasons with phrases in lower case; the first reason with a phrase in the text wins.

What blames the message, the sender or the moment stands before what blames the address: "550 5.1.1 over quota" is a
full mailbox, and a wrong "user unknown" would silence a customer.
"""
