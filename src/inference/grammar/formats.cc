#include "inference/grammar/formats.h"

#include <string>
#include <unordered_map>

namespace inference::grammar {
namespace {

using Patterns = std::unordered_map<std::string, std::string>;

// RFC 3339, with the days of each month and leap years.
std::string date() {
  return R"((?:\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30))"
         R"(|02-(?:0[1-9]|1\d|2[0-8]))|(?:\d\d(?:0[48]|[2468][048]|[13579][26]))"
         R"(|(?:[02468][048]|[13579][26])00)-02-29))";
}

std::string time() {
  return R"((?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,18})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d))"
         R"(|23:59:60(?:\.\d{1,18})?(?:[Zz]|[+-]00:00)))";
}

// RFC 3339, appendix A.
std::string duration() {
  const std::string day = R"(\d{1,9}D)", month = R"(\d{1,9}M(?:)" + day + ")?";
  const std::string year = R"(\d{1,9}Y(?:)" + month + ")?";
  const std::string second = R"(\d{1,9}S)", minute = R"(\d{1,9}M(?:)" + second + ")?";
  const std::string hour = R"(\d{1,9}H(?:)" + minute + ")?";
  const std::string time = "T(?:" + hour + "|" + minute + "|" + second + ")";
  return R"(P(?:\d{1,9}W|(?:)" + year + "|" + month + "|" + day + ")(?:" + time + ")?|" + time +
         ")";
}

constexpr const char* kHostname =
    R"([a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?){0,126})";

std::string ipv4() {
  const std::string octet = R"((?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d))";
  return octet + R"((?:\.)" + octet + "){3}";
}

// RFC 4291, section 2.2, all places for the double colon.
std::string ipv6() {
  const std::string h = "[0-9a-fA-F]{1,4}", end = "(?:" + h + ":" + h + "|" + ipv4() + ")";
  const auto times = [&](int n) { return "(?:" + h + ":){" + std::to_string(n) + "}"; };
  const auto up_to = [&](int n) {
    return n == 0 ? "(?:" + h + ")?" : "(?:(?:" + h + ":){0," + std::to_string(n) + "}" + h + ")?";
  };
  std::string pattern = "(?:" + times(6) + end;
  for (int after = 5; after >= 0; --after) {
    pattern += "|";
    if (after < 5) pattern += up_to(4 - after);
    pattern += "::" + times(after) + end;
  }
  return pattern + "|" + up_to(5) + "::" + h + "|" + up_to(6) + "::)";
}

// RFC 3986. `wide` adds the characters of RFC 3987.
struct Uri {
  explicit Uri(bool wide)
      : u(wide ? R"(\u00A0-\uD7FF\uF900-\uFDCF\uFDF0-\uFFEF\u{10000}-\u{EFFFD})" : "") {
    const std::string escaped = "%[0-9A-Fa-f]{2}";
    const std::string common = "A-Za-z0-9._~!$&'()*+,;=" + u + "-";
    pchar = "(?:[:@" + common + "]|" + escaped + ")";
    const std::string user = "(?:(?:[:" + common + "]|" + escaped + ")*@)?";
    const std::string name = "(?:[" + common + "]|" + escaped + ")*";
    const std::string literal =
        R"(\[(?:)" + ipv6() + R"(|[vV][0-9a-fA-F]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\])";
    authority = "//" + user + "(?:" + literal + "|" + name + ")(?::\\d*)?";
    path = "(?:/" + pchar + "*)*";
    tail = "(?:\\?(?:" + pchar + "|[/?])*)?(?:#(?:" + pchar + "|[/?])*)?";
  }
  std::string absolute() const {
    return "[A-Za-z][A-Za-z0-9+.-]*:(?:" + authority + path + "|/(?:" + pchar + "+" + path + ")?|" +
           pchar + "+" + path + ")?" + tail;
  }
  std::string reference() const {
    const std::string segment = "(?:[@A-Za-z0-9._~!$&'()*+,;=" + u + "-]|%[0-9A-Fa-f]{2})+";
    return "(?:" + absolute() + "|(?:" + authority + path + "|/(?:" + pchar + "+" + path + ")?|" +
           segment + path + ")?" + tail + ")";
  }
  std::string u, pchar, authority, path, tail;
};

std::string email(const std::string& letters, const std::string& host) {
  const std::string atom = "[" + letters + "0-9!#$%&'*+/=?^_`{|}~-]+";
  const std::string quoted = R"("(?:[ !#-\[\]-~]|\\[ -~])*")";
  return "(?:" + atom + "(?:\\." + atom + ")*|" + quoted + ")@(?:" + host + R"(|\[(?:)" + ipv4() +
         "|IPv6:" + ipv6() + R"()\]))";
}

// Regular expressions are no regular language; those with at most three levels of groups are, and
// nobody writes more into a document.
std::string regex() {
  const std::string quantifier = R"((?:(?:[*+?]|\{\d{1,4}(?:,\d{0,4})?\})\??)?)";
  const std::string escape =
      R"((?:\\(?:[dDwWsSbBnrtfv0^$\\.*+?()\[\]{}|/-]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|p\{[A-Za-z_=]+\})))";
  const std::string set = R"((?:\[\^?(?:[^\\\[\]]|)" + escape + R"()+\]))";
  std::string level;
  for (int depth = 0; depth < 4; ++depth) {
    std::string atom = R"((?:[^\\\[\]()*+?{}|^$]|)" + escape + "|" + set;
    if (depth > 0) atom += R"(|\((?:\?(?:[:=!]|<[A-Za-z]\w{0,20}>))?)" + level + R"(\))";
    level = "(?:[|^$]|" + atom + ")" + quantifier + ")*";
  }
  return level;
}

Patterns patterns() {
  const std::string wide = R"(\u0080-\uD7FF\uE000-\u{10FFFF})";
  const std::string pointer = "(?:/(?:[^~/]|~[01])*)*";
  const std::string label =
      "[a-zA-Z0-9" + wide + "](?:[a-zA-Z0-9" + wide + "-]{0,61}[a-zA-Z0-9" + wide + "])?";
  const std::string idn = label + "(?:\\." + label + ")*";
  const std::string letter = "(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})";
  const std::string variable = letter + "(?:\\.?" + letter + R"()*(?:\*|:[1-9]\d{0,3})?)";
  return {
      {"date", date()},
      {"time", time()},
      {"date-time", date() + "[Tt]" + time()},
      {"duration", duration()},
      {"email", email("A-Za-z", kHostname)},
      {"idn-email", email("A-Za-z" + wide, idn)},
      {"hostname", kHostname},
      {"idn-hostname", idn},
      {"ipv4", ipv4()},
      {"ip-address", ipv4()},
      {"ipv6", ipv6()},
      {"uuid", "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"},
      {"uri", Uri(false).absolute()},
      {"uri-reference", Uri(false).reference()},
      {"iri", Uri(true).absolute()},
      {"iri-reference", Uri(true).reference()},
      {"uri-template", R"((?:[^\x00-\x20"<>\\^`{|}]|\{[+#./;?&=,!@|]?)" + variable + "(?:," +
                           variable + R"()*\})*)"},
      {"regex", regex()},
      {"json-pointer", pointer},
      {"relative-json-pointer", "(?:0|[1-9]\\d{0,9})(?:#|" + pointer + ")"},
  };
}

}  // namespace

std::optional<std::string_view> format_pattern(std::string_view format) {
  static const Patterns known = patterns();
  const auto found = known.find(std::string(format));
  if (found == known.end()) return std::nullopt;
  return found->second;
}

}  // namespace inference::grammar
