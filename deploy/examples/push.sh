#!/bin/sh
# Posts a file of records, one JSON object a line, to a source with connector push, and prints an answer for each 5,000 of them. What was not answered
# is posted again, for as long as it takes: what is there already is known by its ids. Ends with 1 where that would not help.
#
#     push.sh http://127.0.0.1:9101/push/shop /etc/dataflow/shop.token trades.ndjson
set -eu

[ $# = 3 ] || { echo "usage: $0 URL TOKEN_FILE RECORDS" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
split -a 6 -l 5000 -- "$3" "$folder/part."

# The token is no argument, which others could see. Prints the status; 000 where there is no answer.
post() {
    printf 'Authorization: Bearer %s\n' "$(cat "$2")" |
        curl -sS --max-time 60 -H @- -H 'Content-Type: application/x-ndjson' --data-binary "@$3" -o "$folder/answer" -w '%{http_code}' "$1" || true
}

for part in "$folder"/part.*; do
    [ -e "$part" ] || exit 0 # no records
    while :; do
        status=$(post "$1" "$2" "$part")
        case $status in
        200) cat "$folder/answer"; break ;;
        000 | 408 | 429 | 5??) sleep 1 ;;
        *) cat "$folder/answer" >&2; exit 1 ;;
        esac
    done
done
