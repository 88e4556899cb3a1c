"""Who judges an attack must be judged (tests/attack)."""

import asyncio
import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import websockets
from pipeline import ROOT, free_ports, until

SYMBOL, TOKEN = "BTC-USD", "a.b.c"


def update(seq, trade_id, late_s=0.0):
    at = (datetime.now(timezone.utc) - timedelta(seconds=late_s)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return ('{"jsonrpc":"2.0","method":"trades.update","params":{"epoch":7,"seq":%d,"seqnum":1,"event":"updated","channel":"trades","symbol":"%s",'
            '"timestamp":"%s","side":"buy","qty":1,"price":1,"tradeId":"%s","source":"a","received":"%s"}}' % (seq, SYMBOL, at, trade_id, at))


def ledger(path):
    """The exchange sent 0 to 5."""
    path.write_text("".join(json.dumps({"event": "trade", "symbol": SYMBOL, "trade_id": str(i)}) + "\n" for i in range(6)))
    return path


class Bystander:
    def __init__(self, port):
        self.popen = subprocess.Popen([sys.executable, ROOT / "tests/attack/bystanders.py", "--gateway", f"127.0.0.1:{port}", "--symbols", SYMBOL,
                                       "--clients", "1", "--token", TOKEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, command):
        self.popen.stdin.write(command + "\n")
        self.popen.stdin.flush()
        return json.loads(self.popen.stdout.readline())

    def stop(self):
        self.popen.stdin.close()
        self.popen.wait()
        self.popen.stdout.close()


def test_bystanders_of_an_attack_see_what_is_wrong(tmp_path):
    """A false gateway is late, loses, doubles, tells a gap and hangs up: each is counted, and what never came is found in the exchange's ledger."""
    subscribes, tokens = [], {}

    async def gateway(socket, _path=None):
        request = json.loads(await socket.recv())
        tokens[request["method"]] = socket.request_headers["Authorization"]
        if request["method"] == "ping":
            await socket.send('{"jsonrpc":"2.0","result":{"pong":true},"id":1}')
        else:
            subscribes.append(request["params"].get("since"))
            await serve(socket, len(subscribes))
        await socket.wait_closed()

    async def serve(socket, number):
        await socket.send('{"jsonrpc":"2.0","result":{"event":"subscribed","cursor":"7-0","recovered":%s},"id":0}' % ("true" if number == 1 else "false"))
        gap = '{"jsonrpc":"2.0","method":"trades.gap","params":{"channel":"trades","symbol":"BTC-USD","missing":1}}'
        for frame in [update(1, 1, late_s=2), update(1, 1), update(3, 3)] if number == 1 else [gap, update(5, 5)]:
            await socket.send(frame)
        if number == 1:
            await socket.close()

    async def run():
        port, = free_ports(1)
        async with websockets.serve(gateway, "127.0.0.1", port):
            return await asyncio.get_running_loop().run_in_executor(None, watch, port)

    def watch(port):
        bystander = Bystander(port)
        try:
            until(lambda: bystander.tell("places")[SYMBOL] == [7, 5], "the last trade")
            return bystander.tell("window"), bystander.tell(f"judge {ledger(tmp_path / 'ledger')}")
        finally:
            bystander.stop()

    seen, lost = asyncio.run(run())
    counts = {key: seen[key] for key in ("gaps", "holes", "doubles", "epochs", "closed", "unrecovered", "lost")}
    assert counts == {"gaps": 1, "holes": 2, "doubles": 1, "epochs": 0, "closed": 1, "unrecovered": 1, "lost": 0}
    assert seen["trades"]["count"] == 4 and 2000 <= seen["trades"]["max_ms"]
    assert subscribes == [None, "7-3"]
    assert tokens == dict.fromkeys(("ping", "subscribe"), f"Bearer {TOKEN}")
    assert lost == {SYMBOL: 2}  # 2 and 4; 0 was before its first one
