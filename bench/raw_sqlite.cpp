#include "raw_sqlite.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "skald/error.hpp"

namespace skald::bench {
namespace {

constexpr int transitions = 7;
constexpr std::size_t row_bytes = 350;

class Database {
 public:
  explicit Database(const std::string& path) {
    sqlite3* handle = nullptr;
    const int code = sqlite3_open(path.c_str(), &handle);
    handle_.reset(handle);
    if (code != SQLITE_OK) throw Error("cannot open " + path);
    run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;"
        "CREATE TABLE sagas (n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, status INTEGER);"
        "CREATE TABLE journal (position INTEGER PRIMARY KEY, saga INTEGER NOT NULL,"
        " version INTEGER NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL);"
        "CREATE UNIQUE INDEX journal_by_saga ON journal (saga, version)");
  }
  void run(const char* sql) {
    if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
      throw Error(fmt::format("{}: {}", sql, sqlite3_errmsg(handle_.get())));
    }
  }
  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

class Insert {
 public:
  Insert(const Database& database, const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database.handle(), sql, -1, &statement, nullptr) != SQLITE_OK) {
      throw Error(sql);
    }
    statement_.reset(statement);
  }
  Insert& number(int place, std::int64_t value) {
    sqlite3_bind_int64(statement_.get(), place, value);
    return *this;
  }
  Insert& bytes(int place, std::string_view value) {
    sqlite3_bind_blob(statement_.get(), place, value.data(), static_cast<int>(value.size()),
                      SQLITE_STATIC);
    return *this;
  }
  void run() {
    if (sqlite3_step(statement_.get()) != SQLITE_DONE) throw Error("a raw write failed");
    sqlite3_reset(statement_.get());
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// `batch` sagas go through their transitions side by side, one transition of each per transaction.
class Writer {
 public:
  Writer(const std::string& path, int batch)
      : database_(path),
        begin_saga_(database_, "INSERT INTO sagas VALUES (?, ?, 0)"),
        end_saga_(database_, "UPDATE sagas SET status = 4 WHERE n = ?"),
        append_(database_, "INSERT INTO journal VALUES (NULL, ?, ?, 0, ?)"),
        batch_(batch),
        body_(row_bytes, 'x') {}

  /// Takes a batch of sagas from start to end; answers how many they were.
  int write_round() {
    for (int version = 1; version <= transitions; ++version) {
      database_.run("BEGIN IMMEDIATE");
      for (int i = 0; i < batch_; ++i) write(first_ + i, version);
      database_.run("COMMIT");
    }
    first_ += batch_;
    return batch_;
  }

 private:
  void write(std::int64_t saga, int version) {
    if (version == 1) begin_saga_.number(1, saga).bytes(2, fmt::format("{:016x}", saga)).run();
    append_.number(1, saga).number(2, version).bytes(3, body_).run();
    if (version == transitions) end_saga_.number(1, saga).run();
  }

  Database database_;
  Insert begin_saga_;
  Insert end_saga_;
  Insert append_;
  int batch_;
  std::string body_;
  std::int64_t first_ = 1;
};

Sample measure(const Setting& setting, int batch) {
  using Clock = std::chrono::steady_clock;
  using Milliseconds = std::chrono::duration<double, std::milli>;
  Writer writer(setting.fresh_store(), batch);
  (void)writer.write_round();
  const auto began = Clock::now();
  std::int64_t sagas = 0;
  std::chrono::duration<double> elapsed{0};
  std::vector<double> rounds;
  while (elapsed.count() < setting.seconds) {
    const auto round_began = Clock::now();
    sagas += writer.write_round();
    rounds.push_back(Milliseconds(Clock::now() - round_began).count());
    elapsed = Clock::now() - began;
  }
  const double rate = static_cast<double>(sagas) / elapsed.count();
  // Alone, a round is one saga, so that its times can be held against a lone saga of the engine.
  return {rate, batch == 1 ? std::optional{latency_of(rounds)} : std::nullopt};
}

}  // namespace

std::string raw_sqlite_name(int batch) {
  return fmt::format("raw SQLite, six steps, {} row{} a commit", batch, batch == 1 ? "" : "s");
}

Row raw_sqlite(const Setting& setting, int batch) {
  return make_row(raw_sqlite_name(batch), "sagas", transitions,
                  setting.repeat([&] { return measure(setting, batch); }));
}

}  // namespace skald::bench
