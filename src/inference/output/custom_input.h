// The text inside {"input": "..."}: what a custom tool takes, while a model that only knows JSON
// arguments writes it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace inference::output {

class CustomInput {
 public:
  // Takes more of the JSON; the text that is certain by now.
  std::string feed(std::string_view json);
  // The arguments are over. What was not told yet: everything, where they are written otherwise.
  std::string finish();

 private:
  enum class Place { Object, Key, Colon, Quote, Text, Over, Otherwise };

  void take(char c, std::string& out);
  void take_text(char c, std::string& out);
  void add_point(std::uint32_t point, std::string& out);
  void end_pair(std::string& out);

  Place place_ = Place::Object;
  std::string json_;          // so far, until the text has begun
  std::size_t key_size_ = 0;  // of the key, with its quotes
  bool escaped_ = false;
  int hex_digits_ = 0;      // still to come of a \u escape
  std::uint32_t hex_ = 0;   // their value so far
  std::uint32_t high_ = 0;  // the first half of a pair that waits for its second; 0: none
};

}  // namespace inference::output
