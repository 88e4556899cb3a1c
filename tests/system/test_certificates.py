"""The gateway's certificates: which it takes, and how it takes others while clients are connected."""

import asyncio
import os
import signal
import ssl

import pytest
from clients import Client, assert_once_and_in_order
from pipeline import PATIENCE, Process, until
from secure import Secure, certify, context, flow, secure, start, start_all  # noqa: F401 (fixtures)
from test_http import HEALTH, Peer


def test_a_certificate_is_renewed_under_a_client_that_loses_nothing(flow, certify):
    start_all(flow, 2000)
    process, former = flow.processes["gateway0"], context(flow)

    def hang_up(said):
        seen = len(process.lines)
        process.popen.send_signal(signal.SIGHUP)
        until(lambda: any(said in line for line in process.lines[seen:]), said)

    async def stay():
        async with Client(secure(flow), ssl=former) as client:
            await client.subscribe("BTC-USD")
            for number in range(3):
                name = f"gateway {number}"
                await asyncio.to_thread(certify, name)
                await asyncio.to_thread(hang_up, name)
                with Secure(flow) as peer:
                    assert peer.certificate() == name
                count = len(client.trades)
                await client.until(lambda: len(client.trades) > count + 1000, "trades")
            certificate, key = certify("other", "other")
            os.replace(certificate, flow.tls["tls"]["certificate"])  # not that key's
            await asyncio.to_thread(hang_up, "the former certificate stays")
            with Secure(flow, context(flow, check_hostname=False, verify_mode=ssl.CERT_NONE)) as peer:
                assert peer.socket.getpeercert(True) and peer.socket.version()
            os.replace(key, flow.tls["tls"]["key"])
            await asyncio.to_thread(hang_up, "CN=other")
            with Secure(flow) as peer:
                assert peer.certificate() == "other"
            count = len(client.trades)
            await client.until(lambda: len(client.trades) > count + 1000, "trades")
            assert_once_and_in_order(client.trades)
            assert not client.closed
    asyncio.run(stay())
    assert "needs a restart" not in process.log()


def test_another_files_certificate_may_be_named(flow, certify):
    process = start(flow)
    flow.tls["tls"] = dict(zip(("certificate", "key"), certify("elsewhere", "elsewhere")))
    flow.trust = flow.tls["tls"]["certificate"]
    flow.write_config()
    process.popen.send_signal(signal.SIGHUP)
    process.wait_for_line("config: changed key=gatewayd.listen.1.tls.key")
    process.wait_for_line("tls: certificate .*CN=elsewhere")
    with Secure(flow) as peer:
        assert peer.certificate() == "elsewhere"


def test_browsers_are_told_to_come_over_tls_only_there_and_only_if_wished(flow):
    start(flow, hsts_seconds=86400)
    with Secure(flow) as peer, Peer(flow) as plain:
        for path in ("/", "/health", "/none", "/api/v1/none"):
            for one, line in ((peer, "max-age=86400"), (plain, None)):
                one.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                assert one.answer()[1].get("strict-transport-security") == line
    flow.processes["gateway0"].stop()
    start(flow, hsts_seconds=0)
    with Secure(flow) as peer:
        peer.send(HEALTH)
        assert "strict-transport-security" not in peer.answer()[1]


@pytest.mark.parametrize("mistake", ["another key", "key for others", "no file", "no key"])
def test_a_mistake_is_named_by_check_and_at_the_start(flow, certify, mistake):
    tls, files = flow.tls["tls"], {}
    if mistake == "another key":
        tls["key"], said = certify("other", "other")[1], "is not the key of the certificate"
    elif mistake == "key for others":
        os.chmod(tls["key"], 0o644)
        said = "others than its owner may use it: expected mode 0600 or 0400, found 0644"
    elif mistake == "no file":
        tls["certificate"], said = "/nowhere.pem", "/nowhere.pem: No such file"
    else:
        tls["key"], said = "", "gatewayd.listen.1.tls.key: must be given with a certificate"
    path = str(flow.write_config())
    for arguments in (["--check"], []):
        process = Process("gatewayd", ["--config", path, *arguments], flow.directory)
        process.wait_for_line(said)
        assert process.popen.wait(PATIENCE) == 1
