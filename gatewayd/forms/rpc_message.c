#include "gatewayd/forms/rpc_message.h"

#include "common/json/json.h"

static bool can_be_id(text_t id)
{
    json_kind_t kind = json_kind(id);
    return kind == JSON_NONE || kind == JSON_STRING || kind == JSON_NUMBER || kind == JSON_NULL;
}

static bool can_be_params(text_t params)
{
    json_kind_t kind = json_kind(params);
    return kind == JSON_NONE || kind == JSON_OBJECT || kind == JSON_ARRAY;
}

const char *rpc_message_read(rpc_message_t *self, text_t json)
{
    text_t version = {"", 0};
    *self = (rpc_message_t){.id = {0}};
    if (json_kind(json) != JSON_OBJECT)
        return "Invalid Request: expected an object";
    for (json_walk_t walk = json_walk(json); json_next(&walk);) {
        if (text_equal(walk.key, TEXT("id")))
            self->id = walk.value;
        else if (text_equal(walk.key, TEXT("jsonrpc")))
            version = walk.value;
        else if (text_equal(walk.key, TEXT("method")))
            self->method = walk.value;
        else if (text_equal(walk.key, TEXT("params")) && json_kind(walk.value) != JSON_NULL)
            self->params = walk.value;
    }
    if (!can_be_id(self->id)) {
        self->id = (text_t){"", 0};
        return "Invalid Request: id: expected a string, a number or null";
    }
    if (!text_equal(version, TEXT("\"2.0\"")))
        return "Invalid Request: jsonrpc: expected \"2.0\"";
    if (json_kind(self->method) != JSON_STRING)
        return "Invalid Request: method: expected a string";
    return can_be_params(self->params) ? NULL : "Invalid Request: params: expected an object";
}
