/* Moments as text, read. writer.h writes them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* 2019-08-13T11:30:06.10014Z, or with a space for the T, or without Z: nanoseconds since 1970; 0 for what is no such time. */
int64_t moment_read(const char *text, size_t length);
