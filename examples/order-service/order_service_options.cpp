#include "order_service_options.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>

namespace order_service {
namespace {

std::string beside_program(const char* file) {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? file : (program.parent_path() / file).string();
}

std::string check_duration(const std::string& text) {
  return skald::parse_duration(text) ? "" : "must be a duration such as 250ms, 30s or 5m";
}

void describe(CLI::App& app, Options& options, std::string& wait) {
  app.add_option("--store", options.store, "Where the sagas are kept")->required();
  app.add_option("--data", options.data, "Folder of the participants' databases");
  app.add_option("--definition", options.definition, "Saga definition")->check(CLI::ExistingFile);
  app.add_flag(
      "--rabbitmq", options.rabbitmq,
      "Send commands over RabbitMQ ($SKALD_AMQP_URL) to participants that run by themselves");
  app.add_option("--order", options.orders, "An order in JSON; may be given again");
  app.add_option("--orders", options.orders_file,
                 "A file with an order on every line; - reads stdin");
  app.add_option("--wait", wait, "How long to wait for each order")
      ->default_str("30s")
      ->check(CLI::Validator(check_duration, "DURATION"));
  app.add_flag("--serve", options.serve, "Keep running until SIGTERM");
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv, int& exit_code) {
  Options options;
  options.definition = beside_program("place-order.json");
  std::string wait;
  CLI::App app{"Takes orders and sees each of them through, or undoes what was done."};
  describe(app, options, wait);
  try {
    app.parse(argc, argv);
    if (!options.rabbitmq && options.data.empty()) {
      throw CLI::ValidationError("--data", "is needed unless --rabbitmq is given");
    }
    if (!options.serve && options.orders.empty() && options.orders_file.empty()) {
      throw CLI::ValidationError("--order", "is missing: give --order, --orders or --serve");
    }
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : 2;
    return std::nullopt;
  }
  if (!wait.empty()) {
    options.wait = *skald::parse_duration(wait);
  }
  return options;
}

}  // namespace order_service
