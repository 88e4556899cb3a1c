#include "gatewayd/auth/members.h"

#include "common/json/json.h"

bool members_unique(text_t object)
{
    text_t names[MEMBERS_MAX];
    size_t count = 0;
    if (json_kind(object) != JSON_OBJECT || !json_valid(object))
        return false;
    json_walk_t walk = json_walk(object);
    while (json_next(&walk)) {
        if (count == MEMBERS_MAX)
            return false;
        for (size_t i = 0; i < count; i++)
            if (text_equal(names[i], walk.key))
                return false;
        names[count++] = walk.key;
    }
    return true;
}

bool members_text(text_t object, const char *name, text_t *content)
{
    text_t value = json_member(object, name);
    *content = (text_t){"", 0};
    return value.length == 0 || json_plain_string(value, content);
}
