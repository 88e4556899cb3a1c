/* JSON objects of which nobody can say two things at once: signed ones, and keys. */
#pragma once

#include "common/text.h"

enum { MEMBERS_MAX = 64 };

/* Is it a valid JSON object, of at most MEMBERS_MAX members, no name of which is there twice? Its escapes have been resolved (json_plain.h). */
bool members_unique(text_t object);

/* The content of a member that is a string without escapes; one that is absent is an empty text. False when it is anything else. */
bool members_text(text_t object, const char *name, text_t *content);
