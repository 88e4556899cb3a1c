"""The same under TLS: a good token opens every door, a bad one none, and a connection ends with its token."""

import asyncio

import pytest
from clients import Client
from guarded import Guard, bring_everywhere
from secure import certify, flow, start_all  # noqa: F401 (fixtures)


@pytest.fixture
def guard(flow, monkeypatch):
    guard = Guard(flow, warn_ms=1500)
    start_all(flow, 50)
    monkeypatch.setenv("SSL_CERT_FILE", str(flow.trust))
    guard.tls = True
    yield guard
    guard.check_silence()


def test_a_good_token_opens_every_door(guard):
    found = bring_everywhere(guard, guard.token())
    assert {door for door, status in found.items() if status not in (101, 200)} == set(), found


def test_bad_tokens_open_none(guard):
    for why, token in guard.bad_tokens().items():
        reason = {"confused": "signature"}.get(why, why)
        found = bring_everywhere(guard, token)
        assert {door: said for door, said in found.items() if said not in (403 if why == "no_role" else 401, reason)} == {}, why


def test_a_connection_ends_with_its_token(guard):
    async def run():
        async with Client(guard.url("/ws", "ws"), extra_headers={"Authorization": f"Bearer {guard.token(lives=8)}"}) as client:
            await client.subscribe("BTC-USD")
            await client.until(lambda: client.trades and client.of("token.expiring"), "trades, and the warning")
            await client.until(lambda: client.closed, "the end")
            assert (client.close_code, client.close_reason) == (4401, "the token has expired")

    asyncio.run(run())
