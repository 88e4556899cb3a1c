/* What the Coinbase Exchange's REST API says about the past (docs.cdp.coinbase.com/exchange): GET /products/<id>/trades and …/candles. */
#pragma once

#include "connectord/connectors/past.h"

extern const past_t coinbase_past;
