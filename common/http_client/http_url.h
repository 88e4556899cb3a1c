/* URLs of http:// and https://, as pages of an answer name the next one. */
#pragma once

#include "common/buffer.h"

enum { HTTP_URL_HOST_MAX = 280 /* HOST:PORT */ };

/* Is it one, with a host, and without a user? False with `wrong`: what was expected. */
bool http_url_valid(const char *url, const char **wrong);

/* "HOST:PORT", for messages: never what may be secret. "?" for what is no URL. */
void http_url_print_host(const char *url, char out[static HTTP_URL_HOST_MAX]);

/* Does its scheme protect what is sent? */
bool http_url_is_https(const char *url);

/* Are scheme, host and port the same? */
bool http_url_same_origin(const char *one, const char *other);

/* Appends the URL that a reference found at `base` means, "/trades?page=2" or another URL, with a NUL behind it that is not
 * counted. False: it is not one of http:// or https://, or memory runs out. */
bool http_url_resolve(const char *base, text_t reference, buffer_t *out);

/* Appends the URL with that parameter of its query set to the value, which is escaped. One that is there already goes. A
 * fragment goes, too. */
void http_url_set_parameter(text_t url, text_t name, text_t value, buffer_t *out);

/* Appends the text so that it stands for itself anywhere in a URL (RFC 3986, 2.3). */
void http_url_append_escaped(text_t text, buffer_t *out);
