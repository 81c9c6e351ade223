#include "ack_book.hpp"

#include <doctest/doctest.h>

using skald::Ack;
using skald::AckBook;

namespace {

AckBook book_with(std::uint64_t deliveries) {
  AckBook book;
  for (std::uint64_t tag = 1; tag <= deliveries; ++tag) book.delivered(tag);
  return book;
}

}  // namespace

TEST_CASE("deliveries settled in order need one acknowledgement") {
  AckBook book = book_with(5);
  for (const std::uint64_t tag : {1, 2, 3}) book.settle(tag);
  CHECK(book.take_due() == std::vector<Ack>{{3, true}});
  CHECK(book.take_due().empty());
  book.settle(4);
  CHECK(book.take_due() == std::vector<Ack>{{4, false}});
}

TEST_CASE("deliveries settled out of order are acknowledged one by one, and never twice") {
  AckBook book = book_with(4);
  book.settle(3);
  CHECK(book.take_due() == std::vector<Ack>{{3, false}});
  book.settle(3);
  book.settle(1);
  book.settle(2);
  // A range that ended at 3 would name a tag that the broker knows no more.
  CHECK(book.take_due() == std::vector<Ack>{{2, true}});
  CHECK(book.open() == 1);
}

TEST_CASE("tags that were never delivered change nothing") {
  AckBook book = book_with(1);
  book.settle(0);
  book.settle(2);
  CHECK(book.take_due().empty());
  book.settle(1);
  CHECK(book.take_due() == std::vector<Ack>{{1, false}});
  book.settle(1);
  CHECK(book.take_due().empty());
}

TEST_CASE("a delivery that was rejected is never acknowledged, nor the end of a range") {
  AckBook book = book_with(5);
  book.rejected(3);
  book.rejected(9);
  for (const std::uint64_t tag : {1, 2}) book.settle(tag);
  CHECK(book.take_due() == std::vector<Ack>{{2, true}});
  book.settle(3);
  CHECK(book.take_due().empty());
  book.rejected(4);
  book.settle(5);
  CHECK(book.take_due() == std::vector<Ack>{{5, false}});
  CHECK(book.open() == 0);
}
