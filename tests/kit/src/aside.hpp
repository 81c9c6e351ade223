// A committer in virtual time: the batch is written some time after it was handed over, unless
// somebody waits for it before.
#pragma once

#include <exception>
#include <functional>
#include <utility>

#include "coordinator/committer.hpp"
#include "skald/error.hpp"

namespace skald::testing {

class Aside final : public Committer {
 public:
  using Wish = std::function<bool(const Batch&)>;
  /// `begun` is called when a batch was handed over, and sees to it that work() is called.
  Aside(Store& store, Wish is_worth, std::function<void()> begun)
      : store_(store), is_worth_(std::move(is_worth)), begun_(std::move(begun)) {}

  [[nodiscard]] bool is_worth(const Batch& batch) override { return is_worth_(batch); }
  void begin(const Batch& batch) override {
    batch_ = &batch;
    done_ = false;
    refused_ = false;
    begun_();
  }
  [[nodiscard]] bool done() const override { return done_; }
  Position finish() override {
    work();
    done_ = false;
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    return first_;
  }

  /// Writes the batch, if there is one that was not written. What the store throws, finish() does.
  void work() {
    if (batch_ == nullptr) return;
    try {
      first_ = store_.commit(*std::exchange(batch_, nullptr));
    } catch (const StoreError&) {
      refused_ = true;
      error_ = std::current_exception();
    } catch (...) {
      error_ = std::current_exception();  // The engine dies of it, when it hears of it.
    }
    done_ = true;
  }

  /// Whether the store took the last batch not.
  [[nodiscard]] bool refused() const { return refused_; }

 private:
  Store& store_;
  Wish is_worth_;
  std::function<void()> begun_;
  const Batch* batch_ = nullptr;  // Not written yet.
  bool done_ = false;
  bool refused_ = false;
  Position first_ = 0;
  std::exception_ptr error_;
};

}  // namespace skald::testing
