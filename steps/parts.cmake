set(PARTS_SOURCES
  src/in_process_channel.cpp
  src/in_process_pool.cpp
  src/participant_call.cpp)
set(PARTS_HEADERS
  include/skald/in_process_channel.hpp
  include/skald/participant_call.hpp)
