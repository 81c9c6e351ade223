#include "quarantine_table.hpp"

namespace skald {

QuarantineWriter::QuarantineWriter(sqlite::Connection& connection)
    : connection_(connection),
      insert_(connection,
              "INSERT INTO quarantine (at, channel, reason, detail, saga, headers, body) "
              "VALUES (?, ?, ?, ?, ?, ?, ?)") {}

void QuarantineWriter::write(const QuarantinedMessage& message) {
  if (!totals_) totals_ = count();
  switch (keep(*totals_, message)) {
    case Keep::whole: insert(message); return count_in_totals(message);
    case Keep::without_body: {
      const QuarantinedMessage shorter = without_body(message);
      insert(shorter);
      return count_in_totals(shorter);
    }
    case Keep::counted: {
      sqlite::Statement remove(connection_, "DELETE FROM quarantine WHERE reason = ?");
      remove.bind_text(1, quarantine_full);
      remove.run();
      insert(counting_message(++totals_->not_kept, message));
    }
  }
}

void QuarantineWriter::count_in_totals(const QuarantinedMessage& message) {
  ++totals_->messages;
  totals_->bytes += bytes_of(message);
}

QuarantineTotals QuarantineWriter::count() {
  QuarantineTotals totals;
  sqlite::Statement all(connection_,
                        "SELECT reason, headers, length(channel) + length(reason) + "
                        "length(detail) + length(saga) + length(headers) + length(body) "
                        "FROM quarantine");
  auto rows = all.rows();
  while (rows.next()) {
    if (rows.bytes(0) == quarantine_full) {
      totals.not_kept = count_in(std::string(rows.bytes(1)));
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
