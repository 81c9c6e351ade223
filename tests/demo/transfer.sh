#!/usr/bin/env bash
# The second example retries, gives a result, and moves the money once however often it is run.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
fresh_folder "$1"
definition=$2

first=$("$SKALD_BIN/transfer" "$definition" bank.db) || fail "the transfer failed: $first"
id=$(sed -n 's/^started saga //p' <<<"$first")
[[ -n $id ]] || fail "no saga was started: $first"
[[ $first == *"the other bank is busy"*"deposit 25 to \"bob\""*'completed: {"receipt":"R-transfer-7"}'* ]] ||
  fail "the first run tells another story: $first"

expect_output "found saga $id
completed: {\"receipt\":\"R-transfer-7\"}" "$SKALD_BIN/transfer" "$definition" bank.db
