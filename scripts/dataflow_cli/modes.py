"""The ways to lose a connection, in the order in which they are tried."""

MODES = {
    "graceful": "a WebSocket close, then back at once",
    "abrupt": "a TCP reset without warning, then back at once",
    "temporary-drop": "a TCP reset, then away for some seconds",
}
