#include "tests/simulator/sensors.h"

#include <stdio.h>
#include <string.h>

#include "tests/simulator/clock.h"
#include "tests/simulator/writer.h"

#define TOPIC "sensors/"

enum { MESSAGE_BYTES = 512, TOPIC_BYTES = 64, STEP = 15 /* hundredths, at most */ };

static const struct {
    const char *name;
    int64_t celsius, bar; /* to which it tends */
} sensors[SENSORS] = {{"boiler-1", 7100, 205}, {"boiler-2", 6850, 198},   {"pump-1", 4120, 610},
                      {"pump-2", 3980, 595},   {"hall-north", 2130, 101}, {"hall-south", 2240, 101}};

sensors_t sensors_new(uint64_t seed)
{
    sensors_t self = {.random.state = seed ^ UINT64_C(0x5e2504)};
    for (unsigned i = 0; i < SENSORS; i++) {
        self.celsius[i] = sensors[i].celsius;
        self.bar[i] = sensors[i].bar;
    }
    return self;
}

static void answer(sim_connection_t *connection, const char *type, const char *topic, const char *reason)
{
    char buffer[MESSAGE_BYTES];
    text_writer_t out = writer_on(buffer, sizeof buffer);
    writer_text(&out, "{\"type\":\"");
    writer_text(&out, type);
    writer_text(&out, "\",\"topic\":");
    writer_quoted(&out, topic, TOPIC_BYTES);
    if (reason) {
        writer_text(&out, ",\"reason\":");
        writer_quoted(&out, reason, TOPIC_BYTES);
    }
    writer_text(&out, "}");
    connection_send(connection, FRAME_TEXT, out.start, writer_length(&out));
}

void sensors_subscribe(sim_connection_t *connection, const char *topic)
{
    bool known = strncmp(topic, TOPIC, strlen(TOPIC)) == 0;
    const char *name = topic + (known ? strlen(TOPIC) : 0);
    unsigned wanted = 0;
    for (unsigned i = 0; known && i < SENSORS; i++)
        if (strcmp(name, "+") == 0 || strcmp(name, sensors[i].name) == 0)
            wanted |= 1U << i;
    connection_want_sensors(connection, wanted);
    answer(connection, wanted ? "subscribed" : "refused", topic, wanted ? NULL : "there is no such sensor");
}

/* A step of a random walk that tends to `to`. */
static void walk(random_t *random, int64_t *value, int64_t to)
{
    *value += (int64_t)random_below(random, 2 * STEP + 1) - STEP + (to - *value) / 20;
}

static void write_reading(const sensors_t *self, unsigned i, text_writer_t *out)
{
    writer_text(out, "{\"type\":\"publish\",\"topic\":\"" TOPIC);
    writer_text(out, sensors[i].name);
    writer_text(out, "\",\"ts\":");
    writer_unsigned(out, (uint64_t)(clock_real_ns() / NS_PER_MS));
    writer_text(out, ",\"payload\":{\"sensor\":\"");
    writer_text(out, sensors[i].name);
    writer_text(out, "\",\"celsius\":");
    writer_fixed(out, (uint64_t)self->celsius[i], 2);
    writer_text(out, ",\"bar\":");
    writer_fixed(out, (uint64_t)self->bar[i], 2);
    writer_text(out, self->celsius[i] > sensors[i].celsius + INT64_C(2) * STEP ? ",\"ok\":false}}" : ",\"ok\":true}}");
}

void sensors_turn(sensors_t *self, int64_t now_ns, sim_connection_t *const *connections, size_t count)
{
    char buffer[MESSAGE_BYTES];
    text_writer_t out = writer_on(buffer, sizeof buffer);
    if (now_ns < self->due_ns)
        return;
    self->due_ns = now_ns + SENSORS_TURN_MS * NS_PER_MS;
    unsigned i = self->next;
    self->next = (i + 1) % SENSORS;
    walk(&self->random, &self->celsius[i], sensors[i].celsius);
    walk(&self->random, &self->bar[i], sensors[i].bar);
    write_reading(self, i, &out);
    for (size_t n = 0; n < count; n++)
        if (connection_wants_sensors(connections[n]) & 1U << i)
            connection_send(connections[n], FRAME_TEXT, out.start, writer_length(&out));
}
