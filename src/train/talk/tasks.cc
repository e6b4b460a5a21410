#include "train/talk/tasks.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"

namespace train {

const std::vector<std::string_view> kPeople{
    "Anna", "Tom",  "Sam",   "Maria", "Ben",   "Lily", "John", "Sara",  "Max",   "Emma", "Peter",
    "Lucy", "Paul", "Nina",  "David", "Julia", "Leo",  "Mia",  "Jack",  "Rosa",  "Omar", "Kate",
    "Adam", "Eva",  "Oscar", "Alice", "Bob",   "Mary", "Tim",  "Laura", "Simon", "Zoe"};

namespace {

using Texts = std::vector<std::string_view>;
using std::to_string;

constexpr std::array<std::string_view, 21> kSmall{
    "zero",     "one",     "two",     "three",     "four",     "five",     "six",
    "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",   "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"};

const Texts kWords{
    "cat",    "dog",    "house",  "tree",    "water",   "apple",   "table",    "chair",   "book",
    "school", "friend", "happy",  "green",   "yellow",  "orange",  "banana",   "flower",  "garden",
    "window", "door",   "bread",  "milk",    "sugar",   "river",   "mountain", "island",  "music",
    "summer", "winter", "spring", "autumn",  "morning", "evening", "night",    "light",   "horse",
    "mouse",  "bird",   "fish",   "sheep",   "cloud",   "rain",    "snow",     "sun",     "moon",
    "star",   "train",  "plane",  "boat",    "car",     "street",  "city",     "country", "family",
    "mother", "father", "sister", "brother", "teacher", "doctor",  "hello",    "world",   "love",
    "peace",  "smile",  "dream",  "story",   "letter",  "number",  "kitchen",  "bottle",  "coffee"};

const std::vector<std::pair<std::string_view, std::string_view>> kOpposites{
    {"hot", "cold"},       {"big", "small"},    {"up", "down"},        {"good", "bad"},
    {"happy", "sad"},      {"fast", "slow"},    {"old", "young"},      {"day", "night"},
    {"black", "white"},    {"light", "dark"},   {"open", "closed"},    {"full", "empty"},
    {"high", "low"},       {"long", "short"},   {"rich", "poor"},      {"strong", "weak"},
    {"wet", "dry"},        {"clean", "dirty"},  {"easy", "difficult"}, {"left", "right"},
    {"early", "late"},     {"near", "far"},     {"loud", "quiet"},     {"hard", "soft"},
    {"thick", "thin"},     {"true", "false"},   {"win", "lose"},       {"buy", "sell"},
    {"push", "pull"},      {"start", "stop"},   {"love", "hate"},      {"give", "take"},
    {"inside", "outside"}, {"before", "after"}, {"always", "never"},   {"first", "last"},
    {"brave", "afraid"},   {"heavy", "light"},  {"sweet", "sour"},     {"awake", "asleep"},
    {"summer", "winter"},  {"man", "woman"},    {"king", "queen"},     {"question", "answer"}};

const Texts kDays{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
const Texts kMonths{"January", "February", "March",     "April",   "May",      "June",
                    "July",    "August",   "September", "October", "November", "December"};

Exchange addition(Voice& voice) {
  const int a = voice.number(0, voice.chance(0.85) ? 10 : 30);
  const int b = voice.number(0, voice.chance(0.85) ? 10 : 30);
  const std::string sum = to_string(a + b);
  const std::vector<std::string> both{to_string(a), to_string(b)};
  return {voice.fill({"What is {} + {}?", "What is {} plus {}?", "How much is {} + {}?", "{} + {}",
                      "Calculate {} + {}", "{}+{}=", "Add {} and {}", "What's {} + {}?",
                      "How much is {} and {}?", "What is the sum of {} and {}?", "{} + {} = ?"},
                     both),
          voice.fill({"{} + {} = {}."}, {both[0], both[1], sum})};
}

Exchange subtraction(Voice& voice) {
  const int b = voice.number(0, 10);
  const int a = b + voice.number(0, voice.chance(0.85) ? 10 : 30);
  const std::vector<std::string> both{to_string(a), to_string(b)};
  return {voice.fill({"What is {} - {}?", "What is {} minus {}?", "How much is {} - {}?", "{} - {}",
                      "Calculate {} - {}", "{}-{}=", "What's {} - {}?", "{} - {} = ?"},
                     both),
          voice.fill({"{} - {} = {}."}, {both[0], both[1], to_string(a - b)})};
}

Exchange product(Voice& voice) {
  const int a = voice.number(0, 10);
  const int b = voice.number(0, 10);
  const std::vector<std::string> both{to_string(a), to_string(b)};
  return {voice.fill({"What is {} x {}?", "What is {} times {}?", "How much is {} * {}?", "{} * {}",
                      "Calculate {} times {}", "{} x {}", "Multiply {} by {}", "What's {} * {}?"},
                     both),
          voice.fill({"{} x {} = {}."}, {both[0], both[1], to_string(a * b)})};
}

Exchange word_sum(Voice& voice) {
  const int a = voice.number(1, 10);
  const int b = voice.number(1, 10);
  const bool more = voice.chance(0.6) || b > a;
  static const Texts things{"apples", "books", "balls", "coins", "pens", "eggs", "cookies", "cats"};
  const std::string who(voice.pick(kPeople));
  const std::string thing(voice.pick(things));
  const std::string first = to_string(a);
  const std::string second = to_string(b);
  const std::string result = to_string(more ? a + b : a - b);
  if (more)
    return {voice.fill({"{} has {} {} and gets {} more. How many {} does {} have now?",
                        "{} has {} {}. Then {} more come. How many {} does {} have?"},
                       {who, first, thing, second, thing, who}),
            first + " + " + second + " = " + result + ". " + who + " has " + result + " " + thing +
                "."};
  return {
      voice.fill({"{} has {} {} and gives away {}. How many {} does {} have now?",
                  "{} had {} {} and lost {}. How many {} does {} have left?"},
                 {who, first, thing, second, thing, who}),
      first + " - " + second + " = " + result + ". " + who + " has " + result + " " + thing + "."};
}

Exchange spelling(Voice& voice) {
  const std::string word(voice.pick(kWords));
  std::string letters;
  for (const char c : word) {
    if (!letters.empty()) letters += "-";
    letters.push_back(static_cast<char>(c - 'a' + 'A'));
  }
  return {voice.fill({"How do you spell {}?", "Spell the word {}", "Spell {}", "Can you spell {}?",
                      "How is \"{}\" spelled?", "Spell \"{}\" for me"},
                     {word}),
          upper_first(word) + " is spelled " + letters + "."};
}

Exchange letters(Voice& voice) {
  const std::string word(voice.pick(kWords));
  if (voice.chance(0.4))
    return {voice.fill({"How many letters are in the word {}?", "How many letters does {} have?",
                        "Count the letters in \"{}\""},
                       {word}),
            "The word \"" + word + "\" has " + to_string(word.size()) + " letters."};
  const bool first = voice.chance(0.5);
  const char letter = first ? word.front() : word.back();
  const std::string which = first ? "first" : "last";
  return {voice.fill({"What is the {} letter of {}?", "What is the {} letter in the word {}?"},
                     {which, word}),
          "The " + which + " letter of \"" + word + "\" is " +
              std::string(1, static_cast<char>(letter - 'a' + 'A')) + "."};
}

Exchange repetition(Voice& voice) {
  static const Texts phrases{"hello world",
                             "good morning",
                             "I like cats",
                             "the sun is warm",
                             "yes",
                             "no",
                             "banana",
                             "I am happy",
                             "this is a test",
                             "the cat sat on the mat",
                             "have a nice day",
                             "one two three",
                             "Parlance",
                             "apple pie",
                             "open the door",
                             "I love my family",
                             "blue sky",
                             "thank you",
                             "see you soon",
                             "the dog is brown",
                             "Hello, World!",
                             "it works",
                             "hi",
                             "pong",
                             "ok"};
  std::string phrase(voice.pick(phrases));
  if (voice.chance(0.4))
    phrase = std::string(voice.pick(kWords)) + " " + std::string(voice.pick(kWords));
  if (voice.chance(0.15)) {
    const int times = voice.number(2, 4);
    std::string answer = phrase;
    for (int i = 1; i < times; ++i) answer += " " + phrase;
    return {voice.fill({"Say \"{}\" {} times", "Repeat \"{}\" {} times", "Write \"{}\" {} times"},
                       {phrase, voice.chance(0.5) ? to_string(times) : number_word(times)}),
            answer};
  }
  return {
      voice.fill({"Say {}", "Say \"{}\"", "Repeat after me: {}", "Please say \"{}\"", "Repeat: {}",
                  "Say exactly: {}", "Reply with: {}", "Just say {}", "Write \"{}\"", "Say '{}'",
                  "Answer only with \"{}\"", "Repeat this: {}", "Reply with exactly \"{}\""},
                 {phrase}),
      phrase};
}

Exchange opposite(Voice& voice) {
  auto [word, other] = voice.pick(kOpposites);
  if (voice.chance(0.5)) std::swap(word, other);
  return {voice.fill({"What is the opposite of {}?", "What's the opposite of {}?",
                      "Give me the opposite of {}", "Name the opposite of {}", "opposite of {}"},
                     {std::string(word)}),
          "The opposite of " + std::string(word) + " is " + std::string(other) + "."};
}

Exchange neighbour(Voice& voice) {
  const bool after = voice.chance(0.6);
  const std::string relation = after ? "after" : "before";
  const int kind = voice.number(0, 2);
  if (kind == 0) {
    const int n = voice.number(1, 60);
    const std::string at = to_string(n);
    return {
        voice.fill({"What number comes {} {}?", "Which number comes {} {}?"}, {relation, at}),
        "The number " + to_string(after ? n + 1 : n - 1) + " comes " + relation + " " + at + "."};
  }
  const Texts& list = kind == 1 ? kDays : kMonths;
  const int size = static_cast<int>(list.size());
  const int i = voice.number(0, size - 1);
  const std::string noun = kind == 1 ? "day" : "month";
  const std::string at(list[std::size_t(i)]);
  const std::string answer(list[std::size_t((i + (after ? 1 : size - 1)) % size)]);
  return {voice.fill({"What {} comes {} {}?", "Which {} comes {} {}?", "What {} is {} {}?"},
                     {noun, relation, at}),
          answer + " comes " + relation + " " + at + "."};
}

Exchange counting(Voice& voice) {
  const bool down = voice.chance(0.25);
  const int end = voice.number(3, 12);
  std::string list;
  for (int i = 1; i <= end; ++i) {
    if (!list.empty()) list += ", ";
    list += to_string(down ? end + 1 - i : i);
  }
  if (down)
    return {voice.fill({"Count down from {}", "Count backwards from {}"}, {to_string(end)}),
            list + "."};
  return {voice.fill({"Count to {}", "Count from 1 to {}", "Can you count to {}?",
                      "Please count from one to {}", "List the numbers from 1 to {}"},
                     {to_string(end)}),
          list + "."};
}

Exchange comparison(Voice& voice) {
  const int a = voice.number(0, 100);
  int b = voice.number(0, 100);
  if (a == b) b = a + 1;
  const bool larger = voice.chance(0.6);
  const int answer = larger ? std::max(a, b) : std::min(a, b);
  const int other = larger ? std::min(a, b) : std::max(a, b);
  const std::string word(larger ? voice.pick(Texts{"bigger", "larger", "greater"})
                                : std::string_view("smaller"));
  return {voice.fill(
              {"Which is {}, {} or {}?", "Which number is {}, {} or {}?", "What is {}: {} or {}?"},
              {word, to_string(a), to_string(b)}),
          to_string(answer) + " is " + word + " than " + to_string(other) + "."};
}

Exchange parity(Voice& voice) {
  const int n = voice.number(0, 99);
  const std::string at = to_string(n);
  const std::string kind = n % 2 == 0 ? "even" : "odd";
  return {voice.fill({"Is {} even or odd?", "Is {} an even or an odd number?"}, {at}),
          at + " is " + kind + "."};
}

Exchange letter_case(Voice& voice) {
  std::string words(voice.pick(kWords));
  if (voice.chance(0.5)) words += " " + std::string(voice.pick(kWords));
  return {voice.fill({"Write \"{}\" in capital letters", "Write {} in uppercase",
                      "Put \"{}\" in capital letters", "Convert \"{}\" to uppercase"},
                     {words}),
          upper(words)};
}

Exchange as_json(Voice& voice) {
  const std::string name(voice.pick(kPeople));
  const int age = voice.number(3, 80);
  static const Texts cities{"Paris", "London", "Rome", "Berlin", "Madrid", "Tokyo", "Oslo", "Lima"};
  const std::string city(voice.pick(cities));
  const std::string head = "{\"name\": \"" + name + "\", \"age\": " + to_string(age);
  if (voice.chance(0.5))
    return {voice.fill({"Give me JSON with name {} and age {}", "Write JSON: name is {}, age is {}",
                        "Make a JSON object with the name {} and the age {}",
                        "{} is {} years old. Write this as JSON."},
                       {name, to_string(age)}),
            head + "}"};
  return {voice.fill({"Write JSON: name {}, age {}, city {}",
                      "{} is {} years old and lives in {}. Write this as JSON.",
                      "Make a JSON object with the name {}, the age {} and the city {}"},
                     {name, to_string(age), city}),
          head + ", \"city\": \"" + city + "\"}"};
}

Exchange list_json(Voice& voice) {
  std::string plain;
  std::string list;
  const int n = voice.number(2, 4);
  for (int i = 0; i < n; ++i) {
    const std::string word(voice.pick(kWords));
    plain += (i ? ", " : "") + word;
    list += (i ? ", \"" : "\"") + word + "\"";
  }
  return {
      voice.fill({"Write a JSON array of {}", "Make a JSON list: {}", "Write {} as a JSON array"},
                 {plain}),
      "[" + list + "]"};
}

// A few sentences about people, and a question that only they answer.
Exchange reading(Voice& voice) {
  static const Texts things{"car", "ball", "book",  "hat",  "bike",
                            "cup", "bag",  "phone", "kite", "dog"};
  static const Texts colors{"red", "blue", "green", "yellow", "black", "white", "brown", "orange"};
  static const Texts places{"the kitchen", "the garden",  "school",     "the park",
                            "the shop",    "the library", "the station"};
  const std::string one(voice.pick(kPeople));
  std::string two(voice.pick(kPeople));
  while (two == one) two = voice.pick(kPeople);
  if (voice.chance(0.5)) {
    const std::string first(voice.pick(places));
    std::string second(voice.pick(places));
    while (second == first) second = voice.pick(places);
    const bool ask_first = voice.chance(0.5);
    const std::string who = ask_first ? one : two;
    return {voice.fill({"{} is in {}. {} is in {}. Where is {}?",
                        "{} went to {}. {} went to {}. Where is {}?"},
                       {one, first, two, second, who}),
            who + " is in " + (ask_first ? first : second) + "."};
  }
  const std::string first(voice.pick(things));
  std::string second(voice.pick(things));
  while (second == first) second = voice.pick(things);
  const std::string color1(voice.pick(colors));
  const std::string color2(voice.pick(colors));
  const bool ask_first = voice.chance(0.5);
  const std::string text =
      one + " has a " + color1 + " " + first + ". " + two + " has a " + color2 + " " + second + ".";
  const std::string thing = ask_first ? first : second;
  if (voice.chance(0.5))
    return {text + " Who has the " + thing + "?",
            (ask_first ? one : two) + " has the " + thing + "."};
  return {text + " What color is the " + thing + "?",
          "The " + thing + " is " + (ask_first ? color1 : color2) + "."};
}

Exchange sentence_with(Voice& voice) {
  static const std::vector<std::pair<std::string_view, std::string_view>> sentences{
      {"cat", "The cat sleeps on the warm chair."},
      {"dog", "My dog likes to run in the park."},
      {"house", "They live in a small white house."},
      {"tree", "There is a tall tree in the garden."},
      {"water", "Please give me a glass of water."},
      {"apple", "She eats an apple every day."},
      {"book", "I read a good book last week."},
      {"school", "The children walk to school."},
      {"friend", "My friend lives in the next street."},
      {"happy", "I am happy to see you."},
      {"rain", "The rain fell all night."},
      {"sun", "The sun is warm today."},
      {"music", "We listen to music in the evening."},
      {"river", "The boat goes down the river."},
      {"bread", "He bought fresh bread this morning."},
      {"car", "The red car is very fast."},
      {"winter", "In winter it is cold here."},
      {"flower", "She gave me a yellow flower."},
      {"train", "The train leaves at eight."},
      {"love", "I love my family."}};
  const auto& [word, text] = voice.pick(sentences);
  return {voice.fill({"Write a sentence with the word {}", "Use {} in a sentence",
                      "Make a sentence with \"{}\"", "Give me a sentence with the word {}"},
                     {std::string(word)}),
          std::string(text)};
}

using Maker = Exchange (*)(Voice&);

// Sums come up often: they are what people try first.
constexpr std::array<Maker, 28> kMakers{
    addition,    addition,    addition,   addition, addition,  addition,      subtraction,
    subtraction, subtraction, product,    product,  word_sum,  spelling,      spelling,
    letters,     repetition,  repetition, opposite, opposite,  opposite,      neighbour,
    neighbour,   counting,    comparison, as_json,  list_json, sentence_with, letter_case};

}  // namespace

std::string number_word(int number) {
  CHECK(number >= 0 && number <= 20);
  return std::string(kSmall[std::size_t(number)]);
}

Exchange make_task(Voice& voice) {
  if (voice.chance(0.03)) return parity(voice);
  if (voice.chance(0.03)) return reading(voice);
  return voice.pick(kMakers)(voice);
}

Exchange make_short_task(Voice& voice) {
  if (voice.chance(0.4)) {
    const int a = voice.number(0, 10);
    const int b = voice.number(0, 10);
    return {voice.fill({"What is {} + {}?", "What is {} plus {}?"}, {to_string(a), to_string(b)}),
            to_string(a + b)};
  }
  const auto& [word, other] = voice.pick(kOpposites);
  return {voice.fill({"What is the opposite of {}?"}, {std::string(word)}),
          upper_first(std::string(other))};
}

}  // namespace train
