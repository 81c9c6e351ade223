#include "quarantine_table.hpp"

namespace skald {

QuarantineWriter::QuarantineWriter(sqlite::Connection& connection)
    : connection_(connection),
      insert_(connection,
              "INSERT INTO quarantine (at, channel, reason, detail, saga, headers, body) "
              "VALUES (?, ?, ?, ?, ?, ?, ?)"),
      update_count_(connection,
                    "UPDATE quarantine SET at = ?, detail = ?, headers = ? WHERE number = ?") {}

void QuarantineWriter::write(const QuarantinedMessage& message) {
  if (!totals_) totals_ = count();
  switch (keep(*totals_, message)) {
    case Keep::whole: insert(message); return count_in_totals(message);
    case Keep::without_body: {
      const QuarantinedMessage shorter = without_body(message);
      insert(shorter);
      return count_in_totals(shorter);
    }
    case Keep::counted: return write_count(message);
  }
}

// By its number: whoever can fill the quarantine sends more of the same.
void QuarantineWriter::write_count(const QuarantinedMessage& last) {
  const QuarantinedMessage counting = counting_message(++totals_->not_kept, last);
  if (counting_row_ == 0) {
    insert(counting);
    counting_row_ = connection_.last_row();
    return;
  }
  update_count_.bind(1, counting.at.time_since_epoch().count());
  update_count_.bind_text(2, counting.detail);
  update_count_.bind_text(3, counting.headers);
  update_count_.bind(4, counting_row_);
  update_count_.run();
}

void QuarantineWriter::count_in_totals(const QuarantinedMessage& message) {
  ++totals_->messages;
  totals_->bytes += bytes_of(message);
}

QuarantineTotals QuarantineWriter::count() {
  QuarantineTotals totals;
  counting_row_ = 0;
  sqlite::Statement all(connection_,
                        "SELECT reason, headers, length(channel) + length(reason) + "
                        "length(detail) + length(saga) + length(headers) + length(body), number "
                        "FROM quarantine");
  auto rows = all.rows();
  while (rows.next()) {
    if (rows.bytes(0) == quarantine_full) {
      totals.not_kept = count_in(std::string(rows.bytes(1)));
      counting_row_ = rows.int64(3);
      continue;
    }
    ++totals.messages;
    totals.bytes += static_cast<std::uint64_t>(rows.int64(2));
  }
  return totals;
}

void QuarantineWriter::insert(const QuarantinedMessage& message) {
  insert_.bind(1, message.at.time_since_epoch().count());
  insert_.bind_text(2, message.channel);
  insert_.bind_text(3, message.reason);
  insert_.bind_text(4, message.detail);
  insert_.bind_text(5, message.saga);
  insert_.bind_text(6, message.headers);
  insert_.bind_blob(7, message.body);
  insert_.run();
}

}  // namespace skald
