"""The ways to lose a connection, in the order in which they are tried."""

MODES = {
    "graceful": "a WebSocket close, and back at once",
    "abrupt": "a TCP reset without a word, and back at once",
    "temporary-drop": "a TCP reset, and away for some seconds",
}
