#include "train/talk/conversations.h"

#include <algorithm>

#include "train/talk/tasks.h"

namespace train {

namespace {

using Texts = std::vector<std::string_view>;

const Texts kUsualInstructions{
    "You are a helpful assistant.",
    "You are a helpful assistant.",
    "You are a helpful, friendly assistant.",
    "You are a friendly chatbot.",
    "You are a helpful AI assistant. Answer the user's questions.",
    "You are an assistant. Be brief and kind.",
    "You are a polite assistant.",
    "Answer the questions of the user.",
    "Be helpful.",
    "You are Parlance, a helpful assistant.",
    "Answer in simple English.",
    "You are a concise assistant.",
};

Exchange from_topic(const std::vector<Topic>& topics, Voice& voice) {
  const Topic& topic = voice.pick(topics);
  return {voice.typed(voice.pick(topic.asks)), voice.pick(topic.answers)};
}

const Country& some_country(const Knowledge& knowledge, Voice& voice) {
  // Most questions are about the countries most people ask about.
  const bool well_known = voice.chance(0.85);
  while (true) {
    const Country& country = voice.pick(knowledge.countries);
    if (!well_known || country.well_known) return country;
  }
}

Exchange geography(const Knowledge& knowledge, Voice& voice) {
  const Country& country = some_country(knowledge, voice);
  const int kind = voice.number(0, 9);
  if (kind < 6)
    return {voice.typed(
                voice.fill({"What is the capital of {}?", "What's the capital of {}?",
                            "Which city is the capital of {}?", "Name the capital of {}",
                            "capital of {}", "Tell me the capital of {}",
                            "What is the capital city of {}?", "Do you know the capital of {}?"},
                           {country.name})),
            "The capital of " + country.name + " is " + country.capital + "."};
  if (kind < 8)
    return {voice.typed(voice.fill(
                {"{} is the capital of which country?", "Which country has the capital {}?",
                 "What country is {} the capital of?", "In which country is {}?", "Where is {}?"},
                {country.capital})),
            country.capital + " is the capital of " + country.name + "."};
  return {voice.typed(
              voice.fill({"Where is {}?", "On which continent is {}?", "Which continent is {} in?"},
                         {country.name})),
          country.name + " is in " + country.continent + "."};
}

Exchange any_exchange(const Knowledge& knowledge, Voice& voice) {
  const int kind = voice.number(0, 99);
  if (kind < 28) return from_topic(knowledge.small_talk, voice);
  if (kind < 49) return from_topic(knowledge.facts, voice);
  if (kind < 58) return from_topic(knowledge.advice, voice);
  if (kind < 69) return geography(knowledge, voice);
  Exchange task = make_task(voice);
  // What is to be repeated must stay as it was written.
  if (task.ask.find('"') == std::string::npos && task.ask.find(':') == std::string::npos &&
      task.answer.ends_with('.'))
    task.ask = voice.typed(task.ask);
  return task;
}

void say(Document& document, std::string ask, std::string answer) {
  document.messages.push_back({"user", std::move(ask)});
  document.messages.push_back({"assistant", std::move(answer)});
}

Document plain_talk(const Knowledge& knowledge, Voice& voice) {
  Document document;
  maybe_instruct(document, voice);
  const int turns = voice.chance(0.6) ? 1 : voice.number(2, 4);
  for (int i = 0; i < turns; ++i) {
    const Exchange exchange = any_exchange(knowledge, voice);
    say(document, exchange.ask, exchange.answer);
  }
  return document;
}

// Something the user says about themselves, and the question about it later.
struct Memory {
  Exchange tell;
  Exchange recall;
};

Memory some_memory(Voice& voice) {
  const std::string name(voice.pick(kPeople));
  const int kind = voice.number(0, 7);
  if (kind < 4)
    return {{voice.fill({"My name is {}.", "I am {}.", "Hi, I'm {}.", "Hello, my name is {}.",
                         "Hi! My name is {}", "Call me {}.", "I'm {}, nice to meet you."},
                        {name}),
             voice.fill({"Nice to meet you, {}! How can I help you?",
                         "Hello, {}! How can I help you today?"},
                        {name})},
            {voice.fill({"What is my name?", "Do you remember my name?", "What's my name?",
                         "Who am I?", "Do you know my name?"},
                        {}),
             "Your name is " + name + "."}};
  if (kind == 4) {
    static const Texts colors{"red",    "blue",  "green", "yellow", "purple",
                              "orange", "black", "white", "pink"};
    const std::string color(voice.pick(colors));
    return {{voice.fill({"My favorite color is {}.", "I like the color {} best.",
                         "{} is my favorite color."},
                        {color}),
             upper_first(color) + " is a lovely color!"},
            {voice.fill({"What is my favorite color?", "Which color do I like?"}, {}),
             "Your favorite color is " + color + "."}};
  }
  if (kind == 5) {
    static const Texts cities{"Paris", "London", "Rome",   "Berlin", "Madrid",
                              "Tokyo", "Oslo",   "Boston", "Cairo",  "Lima"};
    const std::string city(voice.pick(cities));
    return {{voice.fill({"I live in {}.", "I am from {}.", "I come from {}."}, {city}),
             city + " is a beautiful city! How can I help you?"},
            {voice.fill({"Where do I live?", "Where am I from?", "Which city do I live in?"}, {}),
             "You told me that you live in " + city + "."}};
  }
  if (kind == 6) {
    static const Texts pets{"dog", "cat", "bird", "horse", "rabbit"};
    const std::string pet(voice.pick(pets));
    return {
        {voice.fill({"I have a {} called {}.", "I have a {} named {}.", "My {} is called {}."},
                    {pet, name}),
         name + " is a nice name for a " + pet + "!"},
        {voice.fill({"What is the name of my {}?", "What is my {} called?", "What's my {}'s name?"},
                    {pet}),
         "Your " + pet + " is called " + name + "."}};
  }
  const int age = voice.number(7, 80);
  return {{voice.fill({"I am {} years old.", "I'm {} years old."}, {std::to_string(age)}),
           "Thank you for telling me. How can I help you?"},
          {voice.fill({"How old am I?", "What is my age?"}, {}),
           "You are " + std::to_string(age) + " years old."}};
}

Document remembering(const Knowledge& knowledge, Voice& voice) {
  Document document;
  maybe_instruct(document, voice);
  const Memory memory = some_memory(voice);
  say(document, memory.tell.ask, memory.tell.answer);
  const int between = voice.number(0, 2);
  for (int i = 0; i < between; ++i) {
    const Exchange exchange = any_exchange(knowledge, voice);
    say(document, exchange.ask, exchange.answer);
  }
  say(document, memory.recall.ask, memory.recall.answer);
  return document;
}

// A name and a part to play.
Document in_a_part(const Knowledge& knowledge, Voice& voice) {
  static const Texts parts{"robot",          "teacher",      "cook",  "pirate", "farmer",
                           "doctor",         "librarian",    "guide", "wizard", "cat",
                           "shop assistant", "travel guide", "king",  "friend"};
  static const Texts manners{"friendly", "kind", "funny", "wise", "old", "cheerful", "helpful"};
  const std::string name(voice.pick(kPeople));
  const std::string part = std::string(voice.pick(manners)) + " " + std::string(voice.pick(parts));
  const std::string article = std::string("aeiou").find(part[0]) != std::string::npos ? "an" : "a";
  Document document;
  document.messages.push_back(
      {"system",
       voice.fill({"You are {}, {} {}.", "Your name is {}. You are {} {}.", "You play {}, {} {}."},
                  {name, article, part})});
  const int turns = voice.number(1, 3);
  for (int i = 0; i < turns; ++i) {
    const int kind = voice.number(0, 3);
    if (kind == 0)
      say(document,
          voice.typed(voice.fill(
              {"Who are you?", "What are you?", "Tell me about yourself", "Introduce yourself"},
              {})),
          "I am " + name + ", " + article + " " + part + ". How can I help you?");
    else if (kind == 1)
      say(document,
          voice.typed(voice.fill(
              {"What is your name?", "What's your name?", "What should I call you?"}, {})),
          "My name is " + name + ".");
    else if (kind == 2)
      say(document,
          voice.typed(voice.fill({"Hello", "Hi", "Hello!", "Good morning", "Hi there"}, {})),
          "Hello! I am " + name + ", " + article + " " + part + ". How can I help you?");
    else {
      const Exchange exchange = any_exchange(knowledge, voice);
      say(document, exchange.ask, exchange.answer);
    }
  }
  return document;
}

// An instruction about the form of all answers.
Document in_a_form(const Knowledge& knowledge, Voice& voice) {
  Document document;
  const int form = voice.number(0, 4);
  const int turns = voice.number(1, 3);
  static const std::vector<Texts> instructions{
      {"Answer in one word.", "Answer with one word only.", "Reply with a single word.",
       "You answer every question with one word."},
      {"Always answer in capital letters.", "Write everything in uppercase.",
       "Use only capital letters."},
      {"Answer only in JSON with the key \"answer\".",
       "Reply with a JSON object {\"answer\": ...}.",
       "Always answer in JSON: {\"answer\": \"...\"}"},
      {"The user's name is {}.", "You are talking to {}.",
       "The name of the user is {}. Greet them by name."},
      {"End every answer with \"{}\".", "Always finish your answers with \"{}\"."}};
  static const Texts endings{"Have a nice day!", "Cheers!", "Over and out.", "Meow!",
                             "Thank you!",       "Beep!"};
  const std::string name(voice.pick(kPeople));
  const std::string ending(voice.pick(endings));
  document.messages.push_back(
      {"system", voice.fill(instructions[std::size_t(form)], {form == 3 ? name : ending})});
  for (int i = 0; i < turns; ++i) {
    if (form == 0 || form == 2) {
      Exchange task = make_short_task(voice);
      if (voice.chance(0.4)) {
        const Country& country = some_country(knowledge, voice);
        task = {"What is the capital of " + country.name + "?", country.capital};
      }
      say(document, voice.typed(task.ask),
          form == 0 ? task.answer : "{\"answer\": \"" + task.answer + "\"}");
    } else if (form == 3) {
      if (voice.chance(0.5))
        say(document, voice.typed(voice.fill({"Hello", "Hi", "Good morning", "Hey"}, {})),
            "Hello, " + name + "! How can I help you today?");
      else
        say(document,
            voice.typed(voice.fill({"What is my name?", "Who am I?", "Do you know my name?"}, {})),
            "Your name is " + name + ".");
    } else {
      const Exchange exchange = voice.chance(0.5) ? from_topic(knowledge.small_talk, voice)
                                                  : from_topic(knowledge.facts, voice);
      say(document, exchange.ask,
          form == 1 ? upper(exchange.answer) : exchange.answer + " " + ending);
    }
  }
  return document;
}

}  // namespace

void maybe_instruct(Document& document, Voice& voice) {
  if (voice.chance(0.25))
    document.messages.insert(document.messages.begin(),
                             {"system", std::string(voice.pick(kUsualInstructions))});
}

Document make_conversation(const Knowledge& knowledge, Voice& voice) {
  const int kind = voice.number(0, 99);
  if (kind < 78) return plain_talk(knowledge, voice);
  if (kind < 88) return remembering(knowledge, voice);
  if (kind < 94) return in_a_part(knowledge, voice);
  return in_a_form(knowledge, voice);
}

}  // namespace train
