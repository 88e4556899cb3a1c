/* Segments that are found at the opening. The bytes are read as steps, so that records with valid checksums are tried and not only damage:
 *
 *     R <kind> <stream> <seq> <length> <payload …>    a record
 *     N                                               another segment begins
 *     D <offset, 2> <length> <bytes …>                bytes over the last segment's, from there on
 *
 * Whatever was found, the journal opens or is refused; every seq that it says it has can be read or is a hole; and what is appended then is there when
 * it is opened again. */
#include "common/log.h"
#include "connectord/journal/journal.h"
#include "connectord/journal/segment.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/temporary_folder.h"

#include <fcntl.h>

enum { CAPACITY = 1 << 20, STEPS_MAX = 64, SEGMENTS_MAX = 4, STREAMS_MAX = 16, SEQS_MAX = 1000 };

typedef struct {
    folder_t folder;
    int fd;
    uint64_t number, position;
    segment_t *segment;
} segment_writer_t;

static unsigned take_byte(text_t *rest)
{
    if (rest->length == 0)
        return 0;
    unsigned byte = (unsigned char)*rest->at;
    *rest = (text_t){rest->at + 1, rest->length - 1};
    return byte;
}

static text_t take_bytes(text_t *rest, size_t length)
{
    text_t part = {rest->at, length < rest->length ? length : rest->length};
    *rest = (text_t){rest->at + part.length, rest->length - part.length};
    return part;
}

static void next_segment(segment_writer_t *self)
{
    if (self->segment)
        self->position += segment_used(self->segment);
    segment_close(&self->segment);
    self->segment = segment_create(self->fd, ++self->number, 1, self->position, SEGMENT_BYTES_MIN);
    require(self->segment && segment_commit(self->segment, self->fd));
}

static void write_record(segment_writer_t *self, text_t *rest)
{
    unsigned kind = take_byte(rest), stream = take_byte(rest), seq = take_byte(rest);
    text_t payload = take_bytes(rest, take_byte(rest));
    if (payload.length > 0 && segment_has_room(self->segment, payload.length))
        segment_append(self->segment, (segment_kind_t)kind, stream, seq, payload);
}

static void damage(const segment_writer_t *self, text_t *rest)
{
    char name[SEGMENT_NAME_MAX];
    off_t offset = take_byte(rest) << 8 | take_byte(rest);
    text_t bytes = take_bytes(rest, take_byte(rest));
    segment_name(name, self->number);
    int fd = openat(self->fd, name, O_WRONLY);
    require(fd != -1 && pwrite(fd, bytes.at, bytes.length, offset) == (ssize_t)bytes.length);
    close(fd);
}

static void write_segments(segment_writer_t *self, text_t rest)
{
    next_segment(self);
    for (unsigned step = 0; rest.length > 0 && step < STEPS_MAX; step++) {
        unsigned what = take_byte(&rest);
        if (what == 'R')
            write_record(self, &rest);
        else if (what == 'N' && self->number < SEGMENTS_MAX)
            next_segment(self);
        else if (what == 'D')
            damage(self, &rest);
    }
    segment_close(&self->segment);
}

static void check_streams(journal_t *journal)
{
    const journal_stream_t *stream;
    for (size_t i = 0; i < STREAMS_MAX && (stream = journal_stream_at(journal, i)); i++) {
        uint64_t first = journal_first(stream), last = journal_last(stream);
        require(journal_find(journal, journal_topic(stream)) == stream);
        require(journal_read(journal, stream, last + 1).length == 0);
        for (uint64_t seq = first; seq <= last && seq - first < SEQS_MAX; seq++)
            require(journal_read(journal, stream, seq).length <= SEGMENT_PAYLOAD_MAX);
    }
}

/* Appends one, and returns its seq. */
static uint64_t go_on(journal_t *journal, text_t topic)
{
    journal_stream_t *stream = journal_stream(journal, topic);
    require(stream && journal_append(journal, stream, TEXT("{\"more\":1}")));
    journal_flush(journal);
    require(text_equal(journal_read(journal, stream, journal_last(stream)), TEXT("{\"more\":1}")));
    return journal_last(stream);
}

static void check_folder(const char *path)
{
    static const text_t topic = TEXT_CONST("trade.BTC-USD.a");
    journal_t *journal = journal_open(path, CAPACITY, 2);
    if (!journal)
        return;
    check_streams(journal);
    while (journal_read_on(journal))
        ;
    check_streams(journal);
    uint64_t epoch = journal_epoch(journal), seq = go_on(journal, topic);
    journal_close(&journal);
    journal = journal_open(path, CAPACITY, 3);
    require(journal && journal_epoch(journal) == epoch);
    const journal_stream_t *stream = journal_find(journal, topic);
    require(stream && journal_last(stream) == seq);
    require(text_equal(journal_read(journal, stream, seq), TEXT("{\"more\":1}")));
    journal_close(&journal);
}

/* In memory, where there is such a place: a journal waits for the disk. */
static folder_t make_folder(void)
{
    folder_t folder = {"/dev/shm/dataflow-test-XXXXXX"};
    return mkdtemp(folder.path) ? folder : folder_new();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    log_set_level(LOG_LEVEL_ERROR);
    segment_writer_t writer = {.folder = make_folder()};
    writer.fd = open(writer.folder.path, O_RDONLY | O_DIRECTORY);
    require(writer.fd != -1);
    write_segments(&writer, (text_t){(const char *)data, size});
    close(writer.fd);
    check_folder(writer.folder.path);
    folder_remove(&writer.folder);
    return 0;
}
