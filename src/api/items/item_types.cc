#include "api/items/item_types.h"

#include <algorithm>
#include <array>

namespace api::items {
namespace {

using enum Shape;

constexpr Member kStatus{"status", Text, false, true, kStatuses};
constexpr Member kAnyStatus{"status", Text, false, true};
constexpr Member kCaller{"caller", Object, false, true};
constexpr Member kNamespace{"namespace", Text, false, true};
constexpr Member kCallId{"call_id", Text, true};
constexpr Member kMaybeCallId{"call_id", Text, false, true};
constexpr Member kAgent{"agent", Any, false, true};

// `message` is read by parse.cc itself, because its content depends on its role.
constexpr Member kFunctionCall[]{
    {"arguments", Text, true}, kCallId, {"name", Text, true}, kNamespace, kCaller, kStatus, kAgent,
    {"parsed_arguments"}};
constexpr Member kFunctionOutput[]{kCallId,
                                   {"output", TextOrParts, true},
                                   {"name", Text, false, true},
                                   kNamespace,
                                   kCaller,
                                   kStatus,
                                   kAgent};
constexpr Member kCustomCall[]{
    kCallId, {"name", Text, true}, {"input", Text, true}, kNamespace, kCaller, kStatus, kAgent};
constexpr Member kCustomOutput[]{kCallId, {"output", TextOrParts, true}, kCaller, kStatus,
                                 kAgent,  {"name", Text, false, true}};
constexpr Member kReasoning[]{{"summary", SummaryParts, true},
                              {"content", ThoughtParts, false, true},
                              {"encrypted_content", Text, false, true},
                              kStatus,
                              kAgent};
constexpr Member kReference[]{kAnyStatus};
constexpr Member kCompaction[]{{"encrypted_content", Text, true}, kAgent};
constexpr Member kCompactionTrigger[]{kAgent};
constexpr Member kFileSearch[]{
    {"queries", Array, true}, {"results", Array, false, true}, kAnyStatus, kAgent};
constexpr Member kWebSearch[]{{"action", Object, false, true}, kAnyStatus, kAgent};
constexpr Member kCodeInterpreter[]{{"code", Text, true, true},
                                    {"container_id", Text, true},
                                    {"outputs", Array, true, true},
                                    kAnyStatus,
                                    kAgent};
constexpr Member kImageGeneration[]{{"result", Text, true, true},
                                    {"revised_prompt", Text, false, true},
                                    {"background"},
                                    {"output_format"},
                                    {"quality"},
                                    {"size"},
                                    {"action"},
                                    kAnyStatus,
                                    kAgent};
constexpr Member kComputerCall[]{kCallId,
                                 {"action", Object, false, true},
                                 {"actions", Array, false, true},
                                 {"pending_safety_checks", Array},
                                 kAnyStatus,
                                 kAgent};
constexpr Member kComputerOutput[]{kCallId,
                                   {"output", Object, true},
                                   {"acknowledged_safety_checks", Array, false, true},
                                   kAnyStatus,
                                   kAgent};
constexpr Member kLocalShellCall[]{kCallId, {"action", Object, true}, kAnyStatus, kAgent};
constexpr Member kLocalShellOutput[]{{"output", Text, true}, kMaybeCallId, kAnyStatus, kAgent};
constexpr Member kShellCall[]{
    kCallId, {"action", Object, true}, {"environment", Object, false, true}, kCaller, kAnyStatus,
    kAgent};
constexpr Member kShellOutput[]{kCallId,
                                {"output", Array, true},
                                {"max_output_length", Number, false, true},
                                kCaller,
                                kAnyStatus,
                                kAgent};
constexpr Member kPatchCall[]{kCallId, {"operation", Object, true}, kCaller, kAnyStatus, kAgent};
constexpr Member kPatchOutput[]{
    kCallId, {"output", Text, false, true}, kCaller, kAnyStatus, kAgent};
constexpr Member kMcpCall[]{{"arguments", Text, true},
                            {"name", Text, true},
                            {"server_label", Text, true},
                            {"output", Text, false, true},
                            {"error", Any, false, true},
                            {"approval_request_id", Text, false, true},
                            kAnyStatus,
                            kAgent};
constexpr Member kMcpTools[]{{"server_label", Text, true},
                             {"tools", Array, true},
                             {"error", Any, false, true},
                             kAnyStatus,
                             kAgent};
constexpr Member kMcpRequest[]{
    {"arguments", Text, true}, {"name", Text, true}, {"server_label", Text, true}, kAgent};
constexpr Member kMcpResponse[]{{"approval_request_id", Text, true},
                                {"approve", Flag, true},
                                {"request_id", Text, false, true},
                                {"reason", Text, false, true},
                                kAgent};
constexpr Member kToolSearchCall[]{
    kMaybeCallId, {"arguments", Any, true}, {"execution", Text}, kAnyStatus, kAgent};
constexpr Member kToolSearchOutput[]{
    kMaybeCallId, {"tools", Array, true}, {"execution", Text}, kAnyStatus, kAgent};
constexpr Member kAdditionalTools[]{{"role", Text, true}, {"tools", Array, true}, kAgent};
constexpr Member kProgram[]{
    kMaybeCallId, {"code", Text, true}, {"fingerprint", Text, false, true}, kAnyStatus, kAgent};
constexpr Member kProgramOutput[]{kMaybeCallId, {"result", Any, true}, kAnyStatus, kAgent};
// Of the multi-agent beta; kept as they are.
constexpr Member kAgentMessage[]{{"author"}, {"recipient"}, {"content"}, kAnyStatus, kAgent};
constexpr Member kMultiAgentCall[]{kMaybeCallId, {"arguments"}, {"action"},
                                   {"name"},     kAnyStatus,    kAgent};
constexpr Member kMultiAgentOutput[]{kMaybeCallId, {"output"}, {"action"}, kAnyStatus, kAgent};

constexpr std::array<ItemType, 33> kTypes{{
    {"additional_tools", "at", "", false, kAdditionalTools},
    {"agent_message", "amsg", "", false, kAgentMessage},
    {"apply_patch_call", "apc", "apc", true, kPatchCall},
    {"apply_patch_call_output", "apco", "apc", true, kPatchOutput},
    {"code_interpreter_call", "ci", "ci", true, kCodeInterpreter},
    {"compaction", "cmp", "cmp", false, kCompaction},
    {"compaction_trigger", "cmpt", "", false, kCompactionTrigger},
    {"computer_call", "cu", "cu", true, kComputerCall},
    {"computer_call_output", "cuo", "cu", true, kComputerOutput},
    {"custom_tool_call", "ctc", "ct", true, kCustomCall},
    {"custom_tool_call_output", "ctco", "ct", true, kCustomOutput},
    {"file_search_call", "fs", "fs", true, kFileSearch},
    {"function_call", "fc", "fc", true, kFunctionCall},
    {"function_call_output", "fco", "fc", true, kFunctionOutput},
    {"image_generation_call", "ig", "ig", true, kImageGeneration},
    {"item_reference", "", "", false, kReference},
    {"local_shell_call", "lsh", "lsh", true, kLocalShellCall},
    {"local_shell_call_output", "lsho", "lsh", true, kLocalShellOutput},
    {"mcp_approval_request", "mcpr", "mcpr", false, kMcpRequest},
    {"mcp_approval_response", "mcprr", "mcp", false, kMcpResponse},
    {"mcp_call", "mcp", "mcp", true, kMcpCall},
    {"mcp_list_tools", "mcpl", "mcpl", false, kMcpTools},
    {"message", "msg", "msg", true, {}},
    {"multi_agent_call", "mac", "", true, kMultiAgentCall},
    {"multi_agent_call_output", "maco", "", true, kMultiAgentOutput},
    {"program", "cm", "cm", false, kProgram},
    {"program_output", "cmo", "cm", true, kProgramOutput},
    {"reasoning", "rs", "rs", false, kReasoning},
    {"shell_call", "sh", "sh", true, kShellCall},
    {"shell_call_output", "sho", "sh", true, kShellOutput},
    {"tool_search_call", "tsc", "ts", true, kToolSearchCall},
    {"tool_search_output", "tso", "ts", true, kToolSearchOutput},
    {"web_search_call", "ws", "ws", true, kWebSearch},
}};

constexpr auto kNames = [] {
  std::array<std::string_view, kTypes.size()> names;
  for (std::size_t i = 0; i < kTypes.size(); ++i) names[i] = kTypes[i].name;
  return names;
}();

constexpr CallPair kPairs[]{
    {"function_call", "function_call_output", "function call"},
    {"custom_tool_call", "custom_tool_call_output", "custom tool call"},
    {"shell_call", "shell_call_output", "shell call"},
    {"apply_patch_call", "apply_patch_call_output", "apply patch call"},
    {"computer_call", "computer_call_output", "computer call"},
};

}  // namespace

const ItemType* find_type(std::string_view name) {
  const auto found = std::ranges::find(kTypes, name, &ItemType::name);
  return found == kTypes.end() ? nullptr : &*found;
}

std::span<const std::string_view> type_names() {
  return kNames;
}

std::span<const CallPair> call_pairs() {
  return kPairs;
}

}  // namespace api::items
