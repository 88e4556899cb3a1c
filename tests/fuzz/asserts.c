/* What Check's assertions in the fixtures call, for where no runner of Check's is there to be told: with libFuzzer. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

void _mark_point(const char *file, int line)
{
    (void)file, (void)line;
}

void _ck_assert_failed(const char *file, int line, const char *expression, const char *message, ...)
{
    fprintf(stderr, "%s:%d: %s %s\n", file, line, expression, message ? message : "");
    abort();
}
