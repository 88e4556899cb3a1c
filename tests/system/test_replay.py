"""dataflow replay: a recording as an exchange."""

import pytest
from cli import dataflow, history
from pipeline import until

FRAME = ('{{"seqnum":{0},"event":"updated","channel":"trades","symbol":"BTC-USD","timestamp":"2025-11-10T17:23:{0:02}.971745Z",'
         '"side":"buy","qty":8.5E-5,"price":105433.60000,"trade_id":"{0}"}}')


def test_replay_brings_a_recording_into_a_pipeline_and_again_with_new_ids(pipeline, tmp_path):
    flow = pipeline(symbols=["BTC-USD"], breaker={"failures": 0})
    recording = tmp_path / "recording.ndjson"
    recording.write_text("".join(FRAME.format(number) + "\n" for number in range(1, 51)))
    flow.start_connectord()
    flow.start_cached()
    flow.start_gateway()
    play = ["replay", recording, "--listen", flow.address("simulator"), "--speed", 0]
    for more, trades in (([], 50), (["--new-ids"], 100)):
        ended = dataflow(*play, *more)
        assert (ended.returncode, ended.stdout) == (0, "")
        assert "played 50 trades" in ended.stderr and "50 were subscribed to" in ended.stderr
        until(lambda: len(history(flow, "BTC-USD")) == trades, f"{trades} trades in history")
    first = history(flow, "BTC-USD")[-1]
    assert (first["tradeId"], first["qty"], first["price"]) == ("1", "8.5E-5", "105433.60000")


@pytest.mark.parametrize("text, expected", [("", "expected trades, one JSON object a line, found none"),
                                            ("nonsense\n", ":1: expected an object with event, channel, symbol"),
                                            (FRAME.format(1).replace('"buy"', "[") + "\n", ":1: expected an object"),
                                            (FRAME.format(1).replace('"2025-11-10T17:23:01.971745Z"', '"soon"') + "\n", "soon")])
def test_replay_says_what_is_wrong_with_a_recording(tmp_path, text, expected):
    recording = tmp_path / "recording.ndjson"
    recording.write_text(text)
    ended = dataflow("replay", recording)
    assert ended.returncode == 1
    assert expected in ended.stderr and "Traceback" not in ended.stderr
