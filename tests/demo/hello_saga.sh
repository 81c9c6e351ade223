#!/usr/bin/env bash
# The first example books a trip whole, and undoes the second one in reverse.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/check.sh"
fresh_folder "$1"

expect_output "a driver of 40 books a trip:
  book-flight
  book-hotel
  book-car
  completed
a driver of 18 books a trip:
  book-flight
  book-hotel
  cancel-hotel
  cancel-flight
  compensated" "$SKALD_BIN/hello-saga"
