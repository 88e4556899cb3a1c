/* What a text has to be. */
#pragma once

#include "common/text.h"

#include <check.h>

static inline void check_text(text_t found, const char *wanted)
{
    ck_assert_msg(text_equal(found, text_of(wanted)), "expected \"%s\", found \"%.*s\"", wanted, TEXT_ARG(found));
}
