"""The links that gateways rewrote are read as those that people meant."""

import pytest

from daemon.mail.reply.rewritten_link import UNREADABLE, original_link, with_original_links

TARGET = "https://shop.example/orders/7"


@pytest.mark.parametrize(
    "link",
    [
        "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fshop.example%2Forders%2F7&data=05%7Cpassword",
        "https://gcc02.safelinks.protection.outlook.us/?url=https%3A%2F%2Fshop.example%2Forders%2F7&reserved=0",
        "https://urldefense.proofpoint.com/v2/url?u=https-3A__shop.example_orders_7&d=DwMFaQ&c=payment",
        "https://urldefense.us/v3/__https://shop.example/orders/7__;!!payment!login$",
        "https://linkprotect.cudasvc.com/url?a=https%3a%2f%2fshop.example%2forders%2f7&c=E,1,payment",
        "https://secure-web.cisco.com/1payment-login/https%3A%2F%2Fshop.example%2Forders%2F7",
        "https://eu-west-1.protection.sophos.com?d=shop.example&u=aHR0cHM6Ly9zaG9wLmV4YW1wbGUvb3JkZXJzLzc=&t=payment",
        "https://ca-1501.ctp.trendmicro.com/wis/clicktime/v1/query?url=https%3a%2f%2fshop.example%2forders%2f7&umid=x",
        "https://clicktime.symantec.com/3payment?h=password&u=https://shop.example/orders/7",
        "https://www.google.com/url?q=https://shop.example/orders/7&source=gmail&usg=payment",
        "https://mx.customer.example/fmlurlsvc/?fewReq=:B:password&url=https%3a%2f%2fshop.example%2forders%2f7",
        "https://url.avanan.click/v2/___https://shop.example/orders/7___.YXAzOnBheW1lbnQ6bG9naW4",
        "https://protect.checkpoint.com/v2/___https://shop.example/orders/7___.YXpayment",
        "https://protection.egress.com/redirect?payment=login&u=https%3A%2F%2Fshop.example%2Forders%2F7",
    ],
)
def test_the_target_of_a_rewritten_link_is_read(link: str) -> None:
    assert original_link(link) == TARGET
    assert with_original_links(f"{TARGET} <{link}>") == TARGET
    assert with_original_links(f"the list <{link}>") == f"the list <{TARGET}>"


@pytest.mark.parametrize(
    "link",
    [
        "https://protect-us.mimecast.com/s/PaymentLoginErrorPassword?domain=shop.example",
        "https://url.us.m.mimecastprotect.com/s/PaymentLoginError?domain=shop.example",
        "https://shared.outlook.inky.com/link?domain=shop.example&t=payment-login-error",
        "https://eu-west-1.protection.sophos.com?d=shop.example&u=aHR0cHM6Ly9zaG9wLmV4YW1wbGUKPGI+&t=payment",
        "https://eu-west-1.protection.sophos.com?d=shop.example&u=aHR0c&t=payment",
    ],
)
def test_a_rewritten_link_without_a_readable_target_says_nothing(link: str) -> None:
    assert original_link(link) == UNREADABLE
    assert with_original_links(f"{TARGET} <{link}>") == TARGET


@pytest.mark.parametrize(
    "text",
    [
        f"{TARGET}?next=https%3A%2F%2Fshop.example%2Fcart",
        "https://www.google.com/search?q=https://shop.example",
        "https://www.sophos.com/en-us/free-tools?u=https://shop.example",
        f"{TARGET} <{TARGET}>",
    ],
)
def test_another_link_is_unchanged(text: str) -> None:
    assert original_link(text) == with_original_links(text) == text
