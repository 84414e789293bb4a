"""A reload changes who may sign in to the pages, and no address or limit of a running server."""

from config.settings import Settings
from daemon.policies import reloaded_settings
from daemon.tickets.sign_in import People, Role

VIEWER, ADMIN, OTHER = "lead@example.com", "admin@example.com", "new@example.com"


def settings(viewers: list[str], admin: str, listen: str) -> Settings:
    return Settings(service={"admin": admin}, http={"viewers": viewers, "listen": listen})


def test_viewers_and_the_admin_who_left_may_not_sign_in_any_more() -> None:
    old = settings([VIEWER], ADMIN, "127.0.0.1:8081")
    people = People.of(reloaded_settings(old, settings([OTHER], VIEWER, "127.0.0.1:8082")))
    assert [people.role_of(one) for one in (VIEWER, ADMIN, OTHER)] == [Role.ADMIN, None, Role.VIEWER]


def test_what_a_running_server_cannot_change_stays() -> None:
    old = settings([VIEWER], ADMIN, "127.0.0.1:8081")
    assert reloaded_settings(old, settings([], ADMIN, "127.0.0.1:8082")).http.listen == "127.0.0.1:8081"
