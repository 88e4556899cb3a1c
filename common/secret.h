/* Secrets: comparing one with what somebody says that it is. */
#pragma once

#include "common/text.h"

/* Takes the same time wherever the texts differ, so that nobody finds a token letter by letter. An empty secret is nobody's. */
bool secret_equal(text_t given, text_t secret);
