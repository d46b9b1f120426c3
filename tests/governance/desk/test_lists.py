"""The admin's lists answer about the columns that they show, and about no other."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.world import person

pytestmark = pytest.mark.django_db
HIDDEN = (
    "/admin/registry/user/?salt__startswith=8f",
    "/admin/registry/user/?password__regex=^scrypt",
    "/admin/registry/user/?username=wang",
    "/admin/registry/token/?secret_digest__startswith=0",
    "/admin/registry/user/?role_assignments__role=cro",
)
NONSENSE = (
    "/admin/registry/aimodel/?tier=%00",
    "/admin/registry/aimodel/?registered_at__year=99999999",
    "/admin/registry/release/?stage__exact=%00",
    "/admin/registry/user/?username__regex=(",
    "/trail/?kind=%00",
)


@pytest.fixture
def client() -> Client:
    found = Client(headers={"Accept-Language": "en"})
    found.force_login(person("shen"))
    return found


@pytest.mark.parametrize("path", HIDDEN)
def test_a_hidden_column_is_not_asked(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 400 or "?e=1" in response.headers.get("Location", "")


@pytest.mark.parametrize("path", NONSENSE)
def test_nonsense_is_no_fault_of_ours(client: Client, path: str) -> None:
    assert client.get(path).status_code < 500


def test_djangos_groups_are_not_there(client: Client) -> None:
    assert client.get("/admin/auth/group/add/").status_code == 404


def test_the_themes_password_page_leads_to_ours(client: Client) -> None:
    response = client.get("/admin/password_change/")
    assert response.headers["Location"] == f"/do/change-password/{person('shen').pk}/"


def test_a_page_that_is_not_there_says_so_with_a_way_back(client: Client) -> None:
    response = client.get("/models/7e57ab1e-0000-4000-8000-000000000000/")
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "To my desk" in response.content.decode()
