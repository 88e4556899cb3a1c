/* Over 400 lines, but one idea: the table of keys, and how it is looked up. */
#include "common/config/schema.h"

#include <math.h>

#define KIB 1024.0
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define TIB (1024 * GIB)

enum {
    LIST_BUS_MAX = 16,
    LIST_HOSTS_MAX = 64 /* HOSTS_MAX */,
    LISTENERS_MAX = 16 /* HTTP_LISTENERS_MAX */,
    LATEST_MAX = 64,
    LIST_PROXIES_MAX = 64 /* PROXIES_MAX */
};

static const char default_sources[] =
    "[{\"name\": \"blockchain\", \"connector\": \"blockchain\", \"url\": \"ws://127.0.0.1:5000/ws\", "
    "\"symbols\": [\"BTC-USD\", \"ETH-USD\"]}]";

#define SOURCE    SCHEMA_SOURCE
#define RETENTION "cached.retention."
#define AUTH      "gatewayd.auth."
#define LIMITS    "gatewayd.limits."
#define ROLE      "gatewayd.roles[]."
/* gatewayd's methods.c; a test compares them. */
#define METHODS                                                                                                                \
    "*|subscribe|unsubscribe|getRecentTrades|getTradesSince|getTradesRange|getRecent|getSince|getRange|getCandles|"            \
    "getCoverage|getStats|clearHistory|getSymbols|getChannels|getStatus|ping"

static const schema_key_t keys[] = {
    {"log.level", KEY_TEXT, FORMAT_CHOICE, "error|warn|info|debug", .initial = "info",
     .help = "What is logged: this level and more severe ones"},
    {"log.format", KEY_TEXT, FORMAT_CHOICE, "human|logfmt|json", .initial = "human", .help = "Form of the log on stderr"},

    {"connectord.sources", KEY_OBJECTS, .minimum = 0, .maximum = 256, .initial = default_sources,
     .help = "Where trades come from; all run at the same time"},
    {SOURCE "name", KEY_TEXT, FORMAT_SOURCE, .help = "Unique name; the last part of the topics of the source's trades"},
    {SOURCE "connector", KEY_TEXT, .initial = "blockchain", .help = "The protocol of the source"},
    {SOURCE "url", KEY_TEXT, FORMAT_URL, .optional = true, .initial = "",
     .help = "The exchange's WebSocket; with connector http what is asked"},
    {SOURCE "token", KEY_TEXT, .optional = true, .secret = true, .initial = "",
     .help = "Sent with subscriptions, or what who posts has to bring (connector push, 16 bytes or more); empty: no token"},
    {SOURCE "ca", KEY_TEXT, FORMAT_PATH, .optional = true, .initial = "",
     .help = "File of CA certificates for wss:// and https://; empty: the system's"},
/* What one connector alone knows: the rows of settings[] in each connector's file (Makefile). */
#include "build/connector_settings.h"
    {SOURCE "symbols", KEY_TEXTS, FORMAT_SYMBOL, .minimum = 0, .maximum = 10000, .initial = "",
     .help = "The symbols that the source offers; of other channels <channel>.<key>, or <channel>.* for every key that comes"},
    {SOURCE "latest", KEY_TEXTS, FORMAT_CHANNEL, .minimum = 0, .maximum = LATEST_MAX, .initial = "",
     .help = "Channels of which only the newest record of each key matters to a client that is behind"},
    {SOURCE "subscribe", KEY_TEXT, FORMAT_CHOICE, "always|demand", .initial = "always",
     .help = "Subscribe to all symbols at the start, or only to those in demand"},
    {SOURCE "grace_ms", KEY_INTEGER, .minimum = 0, .maximum = 3600000, .initial = "5000",
     .help = "On demand: how long a symbol stays subscribed after the last subscriber left, in ms"},
    {SOURCE "confirm_ms", KEY_INTEGER, .minimum = 1, .maximum = 3600000, .initial = "15000",
     .help = "A subscription not answered within this many ms has failed; it is retried with backoff"},
    {SOURCE "silence_ms", KEY_INTEGER, .minimum = 100, .maximum = 600000, .initial = "15000",
     .help = "A link without any message for this many ms is dead"},
    {SOURCE "messages_per_minute", KEY_INTEGER, .minimum = 1, .maximum = 1000000, .initial = "1200",
     .help = "Limit on messages sent to the exchange"},
    {SOURCE "dedup_window", KEY_INTEGER, .minimum = 0, .maximum = 1000000, .initial = "10000",
     .help = "Trades remembered per stream to drop duplicates; more while one of several lines lags"},
    {SOURCE "future_ms", KEY_INTEGER, .minimum = 1000, .maximum = 31536000000, .initial = "86400000",
     .help = "Trades made more than this many ms ahead of connectord's clock are counted and logged"},
    {SOURCE "lines", KEY_INTEGER, .minimum = 1, .maximum = 4, .initial = "1",
     .help = "Simultaneous connections to the exchange; the first copy of a trade counts"},
    {SOURCE "rotate_ms", KEY_INTEGER, .minimum = 0, .maximum = 604800000, .initial = "0",
     .help = "Each line is reconnected this often, in ms, one at a time, if others carry on meanwhile or what is missed can be "
             "asked for; 0: shortly before the "
             "exchange would end its connection, where that is known"},
    {SOURCE "settle_ms", KEY_INTEGER, .minimum = 0, .maximum = 3600000, .initial = "5000",
     .help = "A line is reconnected only when every other has been connected for this many ms"},
    {SOURCE "group", KEY_TEXT, FORMAT_SOURCE, .optional = true, .initial = "",
     .help = "Sources of a group stand in for one another, the first is preferred; empty: no group"},
    {SOURCE "record", KEY_TEXT, FORMAT_PATH, .optional = true, .initial = "",
     .help = "File to record all received messages to, for connector replay and dataflow try; empty: none"},
    {SOURCE "record_bytes", KEY_INTEGER, .minimum = 64 * KIB, .maximum = TIB, .initial = "1073741824",
     .help = "Size at which a recording goes on in another file, and the one before becomes PATH.1"},
    {SOURCE "record_files", KEY_INTEGER, .minimum = 1, .maximum = 1000, .initial = "4",
     .help = "Files of a recording; the oldest is removed"},
    {SOURCE "backfill.enabled", KEY_FLAG, .initial = "true",
     .help = "Ask the exchange for trades that were missed, where it can be asked (connectors binance, coinbase, kraken)"},
    {SOURCE "backfill.url", KEY_TEXT, FORMAT_URL, .optional = true, .initial = "",
     .help = "Scheme and host that are asked instead of the exchange's own, https://…"},
    {SOURCE "backfill.hold_ms", KEY_INTEGER, .minimum = 0, .maximum = 600000, .initial = "5000",
     .help = "How long a symbol's later trades wait for missed ones, in ms; what comes after that comes late"},
    {SOURCE "backfill.patience_ms", KEY_INTEGER, .minimum = 1000, .maximum = 86400000, .initial = "600000",
     .help = "An exchange that does not answer for this many ms is not asked again for what is missing"},
    {SOURCE "backfill.age_ms", KEY_INTEGER, .minimum = 0, .maximum = 2592000000, .initial = "86400000",
     .help = "What was missed longer ago than this many ms is not asked for"},
    {SOURCE "backfill.requests_per_minute", KEY_INTEGER, .minimum = 0, .maximum = 100000, .initial = "0",
     .help = "Limit on requests; 0: what the exchange allows"},
    {SOURCE "witness.enabled", KEY_FLAG, .initial = "true",
     .help = "Compare the trades with the exchange's own candles, where it has some (connectors binance, coinbase, kraken)"},
    {SOURCE "witness.every_ms", KEY_INTEGER, .minimum = 100, .maximum = 86400000, .initial = "900000",
     .help = "Each symbol's minutes are compared this often, in ms"},
    {SOURCE "witness.delay_ms", KEY_INTEGER, .minimum = 0, .maximum = 86400000, .initial = "90000",
     .help = "… and not before they have been over for this many ms"},
    {SOURCE "backoff.initial_ms", KEY_INTEGER, .minimum = 1, .maximum = 600000, .initial = "1000",
     .help = "Wait before the first reconnect, in ms"},
    {SOURCE "backoff.multiplier", KEY_REAL, .minimum = 1, .maximum = 10, .initial = "2",
     .help = "Each further wait is this many times longer"},
    {SOURCE "backoff.maximum_ms", KEY_INTEGER, .minimum = 1, .maximum = 3600000, .initial = "30000",
     .help = "The longest wait, in ms, apart from an open circuit breaker and the exchange's Retry-After (an hour at most); "
             "used from the start if the exchange refuses with 401, 403 or 451"},
    {SOURCE "backoff.jitter", KEY_REAL, .minimum = 0, .maximum = 1, .initial = "0.2",
     .help = "Shortens each wait by a random part of up to this much"},
    {SOURCE "breaker.failures", KEY_INTEGER, .minimum = 0, .maximum = 1000000, .initial = "5",
     .help = "This many failed connections in a row open the circuit breaker; 0: never. A name that can't be resolved does not "
             "count"},
    {SOURCE "breaker.healthy_ms", KEY_INTEGER, .minimum = 0, .maximum = 3600000, .initial = "1000",
     .help = "A connection lost within this time counts as failed; one that holds this long closes the breaker, in ms"},
    {SOURCE "breaker.open_ms", KEY_INTEGER, .minimum = 1, .maximum = 86400000, .initial = "60000",
     .help = "How long an open breaker stops all attempts before it allows one connection, in ms"},
    {SOURCE "starvation.enabled", KEY_FLAG, .initial = "true",
     .help = "Mark symbols stale that have no trade for an unlikely time"},
    {SOURCE "starvation.probability", KEY_REAL, .minimum = 1e-100, .maximum = 0.5, .initial = "0.000001",
     .help = "A silence is unlikely if its probability, at the learned rate, is below this"},
    {SOURCE "starvation.minimum_ms", KEY_INTEGER, .minimum = 1, .maximum = 86400000, .initial = "30000",
     .help = "The shortest silence that can be stale, in ms"},
    {SOURCE "starvation.reconnect_ms", KEY_INTEGER, .minimum = 0, .maximum = 86400000, .initial = "300000",
     .help =
         "A stale symbol is subscribed again; if that does not help, a connection older than this is renewed, in ms; 0: never"},
    {"connectord.failover.after_ms", KEY_INTEGER, .minimum = 0, .maximum = 3600000, .initial = "1000",
     .help = "A group's active source is replaced after this many ms of being unfit"},
    {"connectord.failover.health", KEY_INTEGER, .minimum = 0, .maximum = 100, .initial = "65",
     .help = "A source of a group is unfit below this health, or without a connection"},
    {"connectord.failover.hysteresis_ms", KEY_INTEGER, .minimum = 0, .maximum = 86400000, .initial = "10000",
     .help = "A preferred source of a group becomes active again after this many ms of being fit"},
    {"connectord.publish", KEY_TEXT, FORMAT_BIND, .initial = "tcp://127.0.0.1:5556", .help = "The bus: live trades (XPUB)"},
    {"connectord.publish_queue", KEY_INTEGER, .minimum = 1000, .maximum = 10000000, .initial = "100000",
     .help = "Messages that a slow subscriber may lag behind before it loses any"},
    {"connectord.replay", KEY_TEXT, FORMAT_BIND, .initial = "tcp://127.0.0.1:5557",
     .help = "Answers requests for missed trades (ROUTER)"},
    {"connectord.peers", KEY_TEXTS, FORMAT_NETWORK, .minimum = 1, .maximum = 64, .initial = "local",
     .help = "Who may connect to the bus and to replay: local is this machine, any is everybody, otherwise addresses and "
             "networks (192.0.2.0/24)"},
    {"connectord.curve.keys", KEY_TEXT, FORMAT_PATH, .optional = true, .initial = "",
     .help = "Folder of keys (dataflow keys) for CURVE: bus and replay let in only who is known there, and encrypt; empty: "
             "without"},
    {"connectord.curve.key", KEY_TEXT, FORMAT_PATH, .optional = true, .initial = "",
     .help = "File of connectord's own secret key; empty: connectord.key in that folder"},
    {"connectord.insecure", KEY_FLAG, .initial = "false",
     .help = "Bus and replay may listen on a network without CURVE, where everybody on the way can read and forge"},
    {"connectord.connections", KEY_INTEGER, .minimum = 16, .maximum = 100000, .initial = "1024",
     .help = "Simultaneous connections to the bus, and as many to replay"},
    {"connectord.memory_bytes", KEY_INTEGER, .minimum = 64 * MIB, .maximum = TIB, .initial = "536870912",
     .help = "Bytes that may wait for peers of the bus and of replay, half for each; above it the peer with the most is "
             "disconnected"},
    {"connectord.journal.path", KEY_TEXT, FORMAT_PATH, .initial = "state/journal", .help = "Directory of the journal"},
    {"connectord.journal.bytes", KEY_INTEGER, .minimum = MIB, .maximum = TIB, .initial = "1073741824",
     .help = "Size of the journal; the oldest trades are dropped"},
    {"connectord.journal.hold_ms", KEY_INTEGER, .minimum = 0, .maximum = 600000, .initial = "30000",
     .help = "With no room in the journal, exchanges are held back for this many ms before links are closed and trades lost"},
    {"connectord.token", KEY_TEXT, .optional = true, .secret = true, .minimum = 16, .initial = "",
     .help = "Required to add and remove symbols of sources while it runs; empty: nobody may"},
    {"connectord.http", KEY_TEXT, FORMAT_ADDRESS, .initial = "127.0.0.1:9101",
     .help = "HTTP address of /health, /ready and /metrics, and of /push/SOURCE (connector push)"},
    {"connectord.hosts", KEY_TEXTS, FORMAT_HOST, .minimum = 0, .maximum = LIST_HOSTS_MAX, .initial = "",
     .help =
         "Other names accepted as Host there, besides addresses, localhost, this machine's name and that of http; * for any"},

    {"cached.bus", KEY_TEXTS, FORMAT_ENDPOINT, .minimum = 1, .maximum = LIST_BUS_MAX, .initial = "tcp://127.0.0.1:5556",
     .help = "The buses to follow"},
    {"cached.replay", KEY_TEXTS, FORMAT_ENDPOINT, .minimum = 1, .maximum = LIST_BUS_MAX, .initial = "tcp://127.0.0.1:5557",
     .help = "The replay socket of each bus, in the same order"},
    {"cached.history", KEY_TEXT, FORMAT_BIND, .initial = "tcp://127.0.0.1:5558", .help = "Answers history queries (ROUTER)"},
    {"cached.peers", KEY_TEXTS, FORMAT_NETWORK, .minimum = 1, .maximum = 64, .initial = "local",
     .help = "Who may connect to history: local is this machine, any is everybody, otherwise addresses and networks "
             "(192.0.2.0/24)"},
    {"cached.curve.keys", KEY_TEXT, FORMAT_PATH, .optional = true, .initial = "",
     .help = "Folder of keys (dataflow keys) for CURVE: history lets in only who is known there, and connections are "
             "encrypted; empty: without"},
    {"cached.curve.key", KEY_TEXT, FORMAT_PATH, .optional = true, .initial = "",
     .help = "File of cached's own secret key; empty: cached.key in that folder"},
    {"cached.insecure", KEY_FLAG, .initial = "false",
     .help = "History may listen on a network without CURVE, where everybody on the way can read and forge"},
    {"cached.connections", KEY_INTEGER, .minimum = 16, .maximum = 100000, .initial = "1024",
     .help = "Simultaneous connections to history"},
    {"cached.memory_bytes", KEY_INTEGER, .minimum = 64 * MIB, .maximum = TIB, .initial = "536870912",
     .help = "Bytes that may wait for peers of history; above it the peer with the most is disconnected"},
    {"cached.store", KEY_TEXT, FORMAT_STORE, .initial = "sqlite:///state/trades.db",
     .help = "Where trades are kept beyond memory; memory: nowhere"},
    {"cached.trades", KEY_INTEGER, .minimum = 1, .maximum = 100000000, .initial = "10000",
     .help = "Trades of each stream kept in memory, unless a retention rule says otherwise"},
    {RETENTION "memory", KEY_MAP, FORMAT_PATTERN, .maximum = 1000, .initial = "{}",
     .help = "What is kept in memory, by symbol: its own name applies, else the pattern with the most characters besides *"},
    {RETENTION "memory[].trades", KEY_INTEGER, .maximum = 100000000, .initial = "0",
     .help = "Number of trades of each stream; 0: cached.trades"},
    {RETENTION "memory[].hours", KEY_REAL, .maximum = 1000000, .initial = "0", .help = "Maximum age in hours; 0: any age"},
    {RETENTION "store", KEY_MAP, FORMAT_PATTERN, .maximum = 1000, .initial = "{}", .help = "The same, in the store"},
    {RETENTION "store[].trades", KEY_INTEGER, .maximum = 1e12, .initial = "0",
     .help = "Number of trades of each stream; 0: all"},
    {RETENTION "store[].hours", KEY_REAL, .maximum = 1000000, .initial = "0", .help = "Maximum age in hours; 0: any age"},
    {"cached.future_ms", KEY_INTEGER, .minimum = 1000, .maximum = 31536000000, .initial = "86400000",
     .help = "Candles leave out trades made more than this many ms after connectord received them"},
    {"cached.token", KEY_TEXT, .optional = true, .secret = true, .minimum = 16, .initial = "",
     .help = "Required to clear the history; empty: nobody may"},
    {"cached.http", KEY_TEXT, FORMAT_ADDRESS, .initial = "127.0.0.1:9102",
     .help = "HTTP address of /health, /ready and /metrics"},
    {"cached.hosts", KEY_TEXTS, FORMAT_HOST, .minimum = 0, .maximum = LIST_HOSTS_MAX, .initial = "",
     .help =
         "Other names accepted as Host there, besides addresses, localhost, this machine's name and that of http; * for any"},

    {"gatewayd.bus", KEY_TEXTS, FORMAT_ENDPOINT, .minimum = 1, .maximum = LIST_BUS_MAX, .initial = "tcp://127.0.0.1:5556",
     .help = "The buses to follow"},
    {"gatewayd.replay", KEY_TEXTS, FORMAT_ENDPOINT, .minimum = 1, .maximum = LIST_BUS_MAX, .initial = "tcp://127.0.0.1:5557",
     .help = "The replay socket of each bus, in the same order"},
    {"gatewayd.history", KEY_TEXTS, FORMAT_ENDPOINT, .minimum = 1, .maximum = LIST_BUS_MAX, .initial = "tcp://127.0.0.1:5558",
     .help = "Where to ask for history: queries are spread over all that answer, and go to another if one does not"},
    {"gatewayd.curve.keys", KEY_TEXT, FORMAT_PATH, .optional = true, .initial = "",
     .help = "Folder of keys (dataflow keys) for CURVE: connections to the buses and to history are encrypted, with servers "
             "that are known there; empty: without"},
    {"gatewayd.curve.key", KEY_TEXT, FORMAT_PATH, .optional = true, .initial = "",
     .help = "File of gatewayd's own secret key; empty: gatewayd.key in that folder"},
    {"gatewayd.listen", KEY_OBJECTS, .plain = "gatewayd.listen[].address", .minimum = 1, .maximum = LISTENERS_MAX,
     .initial = "127.0.0.1:8080", .help = "Where clients connect"},
    {"gatewayd.listen[].address", KEY_TEXT, FORMAT_ADDRESS, .help = "The same, of an object"},
    {"gatewayd.listen[].tls.certificate", KEY_TEXT, FORMAT_PATH, .optional = true, .initial = "",
     .help = "PEM file of the certificate and those between it and its root; empty: HTTP and WebSocket without TLS"},
    {"gatewayd.listen[].tls.key", KEY_TEXT, FORMAT_PATH, .optional = true, .initial = "",
     .help = "PEM file of its private key, which nobody but its owner may read"},
    {"gatewayd.listen[].share", KEY_FLAG, .initial = "false",
     .help = "Other gateways listen there too, and the system spreads connections over all"},
    {"gatewayd.listen[].proxy_protocol", KEY_FLAG, .initial = "false",
     .help = "Only those of proxies may connect, and each connection begins with a PROXY header, version 2"},
    {"gatewayd.proxies", KEY_TEXTS, FORMAT_RANGE, .minimum = 0, .maximum = LIST_PROXIES_MAX, .initial = "",
     .help = "Addresses and networks of proxies in front, which are believed about whom they ask for"},
    {"gatewayd.forwarded_header", KEY_TEXT, FORMAT_CHOICE, "x-forwarded-for|forwarded", .initial = "x-forwarded-for",
     .help = "Where proxies that speak HTTP say it: in X-Forwarded-For, -Proto and -Host, or in Forwarded (RFC 7239)"},
    {"gatewayd.hsts_seconds", KEY_INTEGER, .minimum = 0, .maximum = 63072000, .initial = "0",
     .help = "For how many seconds browsers that came over TLS are told to use nothing else (HSTS); 0: they are told nothing"},
    {"gatewayd.hosts", KEY_TEXTS, FORMAT_HOST, .minimum = 0, .maximum = LIST_HOSTS_MAX, .initial = "",
     .help = "Other names accepted as Host, besides addresses, localhost, this machine's name and that of listen; * for any"},
    {"gatewayd.ring_bytes", KEY_INTEGER, .power_of_two = true, .minimum = 64 * KIB, .maximum = GIB, .initial = "1048576",
     .help = "Bytes of recent trades kept per topic for clients that lag or come back"},
    {"gatewayd.clients", KEY_INTEGER, .minimum = 1, .maximum = 1000000, .initial = "10000",
     .help = "Limit of simultaneous clients"},
    {"gatewayd.clients_per_address", KEY_INTEGER, .minimum = 1, .maximum = 1000000, .initial = "10000",
     .help = "Simultaneous clients from one IP address"},
    {"gatewayd.subscriptions", KEY_INTEGER, .minimum = 1, .maximum = 1000000, .initial = "1000",
     .help = "Subscriptions per client"},
    {"gatewayd.silence_ms", KEY_INTEGER, .minimum = 1000, .maximum = 3600000, .initial = "60000",
     .help = "A client that sends nothing for this many ms, not even a pong, is disconnected"},
    {"gatewayd.message_bytes", KEY_INTEGER, .minimum = KIB, .maximum = 16 * MIB, .initial = "65536",
     .help = "Longest message from a client"},
    {"gatewayd.pending_bytes", KEY_INTEGER, .minimum = 64 * KIB, .maximum = GIB, .initial = "1048576",
     .help = "Bytes of replies that may wait for one client"},
    {"gatewayd.memory_bytes", KEY_INTEGER, .minimum = 0, .maximum = TIB, .initial = "0",
     .help = "Bytes that may wait for all clients together; 0: a quarter of the machine's memory or its control group's, at "
             "most 1 GiB"},
    {"gatewayd.slow", KEY_TEXT, FORMAT_CHOICE, "catchup|conflate|disconnect", .initial = "catchup",
     .help = "A client that falls behind the ring reads on in history, skips what it missed, or is disconnected"},
    {"gatewayd.deflate", KEY_FLAG, .initial = "false",
     .help = "Compress trades for WebSocket clients that offer permessage-deflate"},
    {"gatewayd.history_timeout_ms", KEY_INTEGER, .minimum = 10, .maximum = 60000, .initial = "250",
     .help = "How long to wait for one history server before asking another, in ms; longer if its answers usually take longer"},
    {"gatewayd.origins", KEY_TEXTS, FORMAT_ORIGIN, .minimum = 0, .maximum = 1000, .initial = "",
     .help = "Origins of web pages that may connect, besides the gateway's own page; * for any"},
    {"gatewayd.cors", KEY_TEXTS, FORMAT_ORIGIN, .minimum = 0, .maximum = 1000, .initial = "",
     .help = "Origins of web pages that may read HTTP responses, * for any; empty: only the gateway's own page"},
    {LIMITS "address.connects_per_second", KEY_INTEGER, .maximum = 1000000, .initial = "0",
     .help = "Connections from one IP address; 0: no limit, as for those below"},
    {LIMITS "address.connects_burst", KEY_INTEGER, .maximum = 10000000, .initial = "0",
     .help = "So many may come at once; 0: those of a second, as for those below"},
    {LIMITS "address.requests_per_second", KEY_INTEGER, .maximum = 1000000, .initial = "0",
     .help = "Requests from one IP address, over HTTP and WebSocket together"},
    {LIMITS "address.requests_burst", KEY_INTEGER, .maximum = 10000000, .initial = "0", .help = "So many may come at once"},
    {LIMITS "address.bytes_per_second", KEY_INTEGER, .maximum = 1e12, .initial = "0",
     .help = "Bytes of answers to one IP address; never of live updates"},
    {LIMITS "address.bytes_burst", KEY_INTEGER, .maximum = 1e12, .initial = "0", .help = "So many may go out at once"},
    {LIMITS "client.requests_per_second", KEY_INTEGER, .maximum = 1000000, .initial = "0",
     .help = "Requests of one client over WebSocket; a role's messages_per_second hold, too"},
    {LIMITS "client.requests_burst", KEY_INTEGER, .maximum = 10000000, .initial = "0", .help = "So many may come at once"},
    {LIMITS "client.bytes_per_second", KEY_INTEGER, .maximum = 1e12, .initial = "0",
     .help = "Bytes of answers to one client over WebSocket; never of live updates"},
    {LIMITS "client.bytes_burst", KEY_INTEGER, .maximum = 1e12, .initial = "0", .help = "So many may go out at once"},
    {AUTH "mode", KEY_TEXT, FORMAT_CHOICE, "none|jwt", .initial = "none",
     .help = "Who may connect: everybody, or whoever brings a JSON Web Token that gives it a role of gatewayd.roles "
             "(proto/auth.md)"},
    {AUTH "keys", KEY_TEXT, FORMAT_KEYS, .optional = true, .initial = "",
     .help = "The keys that tokens are signed with: a JWKS or PEM file, or where a JWKS is asked for"},
    {AUTH "secret_file", KEY_TEXT, FORMAT_PATH, .optional = true, .initial = "",
     .help = "File with a secret of 32 bytes or more, which only its owner can read, for tokens signed by HS256"},
    {AUTH "ca", KEY_TEXT, FORMAT_PATH, .optional = true, .initial = "",
     .help = "File of CA certificates for the URL of keys; empty: the system's"},
    {AUTH "refresh_ms", KEY_INTEGER, .minimum = 30000, .maximum = 86400000, .initial = "600000",
     .help = "How often the URL of keys is asked, in ms; a token with an unknown key makes that sooner, at most every 30 s"},
    {AUTH "issuer", KEY_TEXT, FORMAT_ANY, .optional = true, .initial = "", .help = "The iss that tokens must have; empty: any"},
    {AUTH "audience", KEY_TEXT, FORMAT_ANY, .optional = true, .initial = "",
     .help = "The aud that tokens must have, alone or among others; empty: none, and tokens that have one are refused"},
    {AUTH "leeway_ms", KEY_INTEGER, .minimum = 0, .maximum = 600000, .initial = "10000",
     .help = "By how much clocks may differ: tokens are good for so many ms before and after their time"},
    {AUTH "claim", KEY_TEXT, FORMAT_POINTER, .initial = "/role",
     .help = "Where a token has its role, as a JSON Pointer: a text, words as in scope, or a list, of which the first that is "
             "in gatewayd.roles counts"},
    {AUTH "first_message_ms", KEY_INTEGER, .minimum = 100, .maximum = 600000, .initial = "10000",
     .help = "How long a WebSocket that was opened without a token may take for its first message, authenticate, in ms"},
    {AUTH "warn_ms", KEY_INTEGER, .minimum = 0, .maximum = 86400000, .initial = "60000",
     .help = "How long before a token expires its client is told, in ms"},
    {"gatewayd.roles", KEY_MAP, FORMAT_SOURCE, .maximum = 64, .initial = "{}",
     .help = "What those with a role may do, by its name"},
    {ROLE "symbols", KEY_TEXTS, FORMAT_PATTERN, .maximum = 1000, .initial = "*",
     .help = "The symbols, and the keys of other channels, that it may see"},
    {ROLE "channels", KEY_TEXTS, FORMAT_CHANNELS, .maximum = 64, .initial = "*",
     .help = "The channels that it may see, trades among them"},
    {ROLE "methods", KEY_TEXTS, FORMAT_CHOICE, METHODS, .maximum = 64, .initial = "*",
     .help = "The methods that it may call; * for all but, unless it is an operator's, clearHistory"},
    {ROLE "history_hours", KEY_REAL, .maximum = 1000000, .initial = "0",
     .help = "How far back it may read, in hours; 0: to the beginning"},
    {ROLE "delay_ms", KEY_INTEGER, .maximum = 86400000, .initial = "0", .help = "Everything comes so many ms late"},
    {ROLE "subscriptions", KEY_INTEGER, .maximum = 1000000, .initial = "0",
     .help = "Subscriptions per client; 0: gatewayd.subscriptions"},
    {ROLE "messages_per_second", KEY_INTEGER, .maximum = 1000000, .initial = "0",
     .help = "Requests of one client; 0: no limit"},
    {ROLE "connections", KEY_INTEGER, .maximum = 1000000, .initial = "0",
     .help = "Simultaneous connections of one subject (sub); 0: no limit of its own"},
    {ROLE "bytes_per_second", KEY_INTEGER, .maximum = 1e12, .initial = "0",
     .help = "Bytes of answers to one client, live updates not among them; 0: no limit"},
    {ROLE "operator", KEY_FLAG, .initial = "false", .help = "May it do what operators do?"},
};

enum { KEY_COUNT = sizeof keys / sizeof *keys };

/* What follows "section." in path, or NULL when path is not below the section. */
static const char *below(const char *path, const char *section)
{
    size_t length = strlen(section);
    if (length == 0)
        return path;
    return strncmp(path, section, length) == 0 && path[length] == '.' ? path + length + 1 : NULL;
}

static bool same_but_case(char a, char b)
{
    return (a | 0x20) == (b | 0x20);
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein's distance, row by row; letters of another case are equal. Both are at most SCHEMA_PATH_MAX long. */
static size_t edit_distance(text_t a, text_t b)
{
    size_t row[SCHEMA_PATH_MAX + 1];
    for (size_t j = 0; j <= b.length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.length; j++) {
            size_t above = row[j];
            row[j] = least(above + 1, row[j - 1] + 1, diagonal + !same_but_case(a.at[i - 1], b.at[j - 1]));
            diagonal = above;
        }
    }
    return row[b.length];
}

const schema_key_t *schema_key(size_t number)
{
    return number < KEY_COUNT ? &keys[number] : NULL;
}

const schema_key_t *schema_find(const char *path)
{
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (strcmp(keys[i].path, path) == 0)
            return &keys[i];
    return NULL;
}

bool schema_is_section(const char *path)
{
    schema_walk_t walk = schema_walk(path);
    return schema_next(&walk);
}

schema_walk_t schema_walk(const char *section)
{
    return (schema_walk_t){.section = section};
}

bool schema_next(schema_walk_t *walk)
{
    while (walk->row < KEY_COUNT) {
        const char *rest = below(keys[walk->row++].path, walk->section);
        if (!rest)
            continue;
        text_t name = {rest, strcspn(rest, ".[")};
        if (walk->name.at && text_equal(name, walk->name)) /* another key of the same section */
            continue;
        walk->name = name;
        return true;
    }
    return false;
}

text_t schema_nearest(const char *section, text_t name)
{
    text_t nearest = {NULL, 0};
    if (name.length > SCHEMA_PATH_MAX)
        return nearest;
    size_t closest = SIZE_MAX;
    schema_walk_t walk = schema_walk(section);
    while (schema_next(&walk)) {
        size_t distance = edit_distance(name, walk.name);
        size_t close = 1 + walk.name.length / 4;
        if (distance <= close && distance < walk.name.length && distance < closest) {
            closest = distance;
            nearest = walk.name;
        }
    }
    return nearest;
}

bool schema_takes_text(const schema_key_t *key, text_t text)
{
    if (text.length == 0)
        return key->optional;
    return (double)text.length >= key->minimum && text_format_matches(key->format, key->choices, text);
}

bool schema_takes_number(const schema_key_t *key, double number)
{
    if (!(number >= key->minimum && number <= key->maximum))
        return false;
    if (key->type != KEY_INTEGER)
        return true;
    if (number != floor(number))
        return false;
    uint64_t whole = (uint64_t)number;
    return !key->power_of_two || (whole & (whole - 1)) == 0;
}

bool schema_takes_count(const schema_key_t *key, size_t count)
{
    return (double)count >= key->minimum && (double)count <= key->maximum;
}
