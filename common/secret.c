#include "common/secret.h"

bool secret_equal(text_t given, text_t secret)
{
    unsigned difference = given.length != secret.length || secret.length == 0;
    for (size_t i = 0; i < given.length && secret.length > 0; i++)
        difference |= (unsigned char)(given.at[i] ^ secret.at[i % secret.length]);
    return difference == 0;
}
