#include "holder.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <iostream>
#include <vector>

#include "skald/error.hpp"

namespace skald::faults {
namespace {

constexpr std::chrono::seconds patience{20};

std::vector<std::string> words(const std::string& store, bool to_write) {
  std::vector<std::string> words{"--hold", store};
  if (to_write) words.emplace_back("--to-write");
  return words;
}

}  // namespace

int hold_until_told(const std::string& store, bool to_write) {
  sqlite3* connection = nullptr;
  const int flags = to_write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  const char* begin = to_write ? "BEGIN IMMEDIATE" : "BEGIN; SELECT count(*) FROM journal";
  const bool holds = sqlite3_open_v2(store.c_str(), &connection, flags, nullptr) == SQLITE_OK &&
                     sqlite3_busy_timeout(connection, 10'000) == SQLITE_OK &&
                     sqlite3_exec(connection, begin, nullptr, nullptr, nullptr) == SQLITE_OK;
  std::cout << (holds ? "holding" : sqlite3_errmsg(connection)) << std::endl;
  char nothing = 0;
  while (::read(STDIN_FILENO, &nothing, 1) > 0) {
  }
  if (holds) sqlite3_exec(connection, "ROLLBACK", nullptr, nullptr, nullptr);
  // It owns nothing, so it must not checkpoint either.
  sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_close(connection);
  return holds ? 0 : 1;
}

Holder::Holder(const std::string& store, bool to_write, const std::string& log)
    : process_(words(store, to_write), log) {
  const auto said = process_.line(std::chrono::steady_clock::now() + patience);
  if (said != "holding") throw Error("cannot hold the store: " + said.value_or("no answer"));
}

void Holder::let_go() {
  if (process_.finish() != 0) throw Error("the program that held the store did not end well");
}

}  // namespace skald::faults
