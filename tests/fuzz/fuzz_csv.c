/* A table, whatever it is: a row is a JSON object of as many members as there are columns, a fault says why, and all of it is
 * read. */
#include "common/json/json.h"
#include "connectord/mapping/csv.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    csv_t csv;
    char error[CSV_ERROR_MAX] = "";
    text_t row;
    csv_result_t result = CSV_END;
    bool opened = csv_open(&csv, (text_t){(const char *)data, size}, error);
    require(opened || error[0] != '\0');
    for (uint64_t line = 0; opened && (result = csv_next(&csv, &row, error)) != CSV_END; line = csv.line) {
        size_t members = 0;
        require(csv.line > line && csv.next > csv.line - (csv.rest.length == 0));
        require(result == CSV_ROW ? json_valid(row) : error[0] != '\0');
        for (json_walk_t walk = json_walk(row); result == CSV_ROW && json_next(&walk);)
            members++;
        require(result == CSV_FAULT || members == csv.columns);
    }
    require(!opened || csv.rest.length == 0);
    csv_release(&csv);
    return 0;
}
