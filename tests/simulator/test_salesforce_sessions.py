import base64
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from simulator.credentials import SALESFORCE
from tests.simulator.salesforce_site import Site, served

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        yield site


@pytest.fixture(scope="module")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_pem(key: rsa.RSAPrivateKey) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(encoding, form).decode()


def assertion(key: rsa.RSAPrivateKey, **claims: Any) -> str:
    usual = {
        "iss": SALESFORCE.client_id,
        "sub": "mqlflow.integration@northbeam.example",
        "aud": "https://login.salesforce.com",
        "exp": int(time.time()) + 180,
    }
    return jwt.encode({**usual, **claims}, key, algorithm="RS256", sort_headers=True)


def test_client_credentials_give_a_token_that_works(site: Site) -> None:
    granted = site.token().json()
    assert granted["access_token"].startswith("00D")
    assert granted["instance_url"] == site.url
    assert granted["token_type"] == "Bearer"
    assert granted["issued_at"].isdigit()
    assert "expires_in" not in granted
    assert site.send("GET", "/limits").status_code == 200


def test_client_credentials_may_come_in_the_basic_header(site: Site) -> None:
    pair = base64.b64encode(f"{SALESFORCE.client_id}:{SALESFORCE.client_secret}".encode()).decode()
    answer = site.session.post(
        f"{site.url}/services/oauth2/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": f"Basic {pair}"},
        timeout=10,
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "wrong"}, "invalid_client_id"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": GRANT, "assertion": "nonsense"}, "invalid_grant"),
    ],
)
def test_a_refused_token_request_answers_an_object(site: Site, form: dict[str, str], error: str) -> None:
    answer = site.token(**form)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.json()["error"] == error


def test_an_assertion_signed_by_a_registered_key_is_accepted(
    site: Site, private_key: rsa.RSAPrivateKey
) -> None:
    signed = assertion(private_key)
    assert site.token(grant_type=GRANT, assertion=signed).json()["error"] == "invalid_grant"
    site.keys.register(public_pem(private_key))
    granted = site.token(grant_type=GRANT, assertion=signed)
    assert granted.status_code == 200
    assert granted.json()["access_token"]


def test_an_assertions_expiry_may_be_a_string_and_follows_wall_time(
    site: Site, private_key: rsa.RSAPrivateKey
) -> None:
    site.keys.register(public_pem(private_key))
    site.later(days=400)  # simulated time is no matter of tokens
    as_text = assertion(private_key, exp=str(int(time.time()) + 180))
    assert site.token(grant_type=GRANT, assertion=as_text).status_code == 200
    stale = assertion(private_key, exp=int(time.time()) - 120)
    assert site.token(grant_type=GRANT, assertion=stale).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("claims", "description"),
    [
        ({"sub": "stranger@example.com"}, "user hasn't approved this consumer"),
        ({"aud": "https://example.com"}, "audience is invalid"),
        ({"exp": int(time.time()) + 86_400}, "invalid assertion"),
    ],
)
def test_a_wrong_assertion_says_what_is_wrong(
    site: Site, private_key: rsa.RSAPrivateKey, claims: dict[str, Any], description: str
) -> None:
    site.keys.register(public_pem(private_key))
    answer = site.token(grant_type=GRANT, assertion=assertion(private_key, **claims))
    assert answer.json()["error_description"] == description


def test_without_a_session_every_call_is_401(site: Site) -> None:
    for headers in ({"Authorization": None}, {"Authorization": "Bearer nonsense"}):
        answer = site.send("GET", "/limits", headers=headers)
        assert answer.status_code == 401
        assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def test_an_expired_session_is_cured_by_a_new_token_only(site: Site) -> None:
    site.send("GET", "/limits")
    site.fault("session_expired")
    assert site.send("GET", "/limits").status_code == 401
    assert site.send("GET", "/limits").status_code == 401
    site.forget_token()
    assert site.send("GET", "/limits").status_code == 200


def test_versions_are_listed_without_a_session_and_without_usage(site: Site) -> None:
    answer = site.session.get(f"{site.url}/services/data", timeout=10)
    assert {"label": "Spring '26", "url": "/services/data/v66.0", "version": "66.0"} in answer.json()
    assert {"label": "Winter '26", "url": "/services/data/v65.0", "version": "65.0"} in answer.json()
    assert "Sforce-Limit-Info" not in answer.headers


def test_old_versions_are_gone_and_future_ones_unknown(site: Site) -> None:
    assert site.send("GET", "/services/data/v29.0/limits").status_code == 410
    assert site.send("GET", "/services/data/v59.0/limits").status_code == 200
    assert site.send("GET", "/services/data/v99.0/limits").json()[0]["errorCode"] == "NOT_FOUND"


def test_usage_counts_up_in_the_header_and_in_limits(site: Site) -> None:
    first = site.send("GET", "/limits")
    second = site.send("GET", "/sobjects/Lead/describe")
    assert first.headers["Sforce-Limit-Info"] == "api-usage=1/103000"
    assert second.headers["Sforce-Limit-Info"] == "api-usage=2/103000"
    assert site.send("GET", "/limits").json()["DailyApiRequests"] == {"Max": 103000, "Remaining": 102997}


def test_the_date_header_is_simulated_time(site: Site) -> None:
    assert site.send("GET", "/limits").headers["Date"] == "Mon, 02 Mar 2026 09:00:00 GMT"
    site.later(hours=2)
    assert site.send("GET", "/limits").headers["Date"] == "Mon, 02 Mar 2026 11:00:00 GMT"


def test_an_unknown_path_or_method_is_refused_in_the_platforms_form(site: Site) -> None:
    assert site.send("GET", "/tooling/query").json()[0]["errorCode"] == "NOT_FOUND"
    answer = site.send("PUT", "/sobjects/Lead")
    assert answer.status_code == 405
    assert answer.json()[0]["errorCode"] == "METHOD_NOT_ALLOWED"


def test_organizations_differ_by_seed() -> None:
    ids = []
    for seed in (1, 2):
        with served(seed=seed) as site:
            ids += site.found("SELECT Id FROM Organization")
    assert len(set(ids)) == 2
    assert all(i.startswith("00D") and len(i) == 18 for i in ids)
