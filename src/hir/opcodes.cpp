// The operation table in memory, and the names of everything that is printed.
#include "hir/hir.h"

#include <array>
#include <bit>

namespace pyston::hir {
namespace {

// The words of the effects column.
constexpr uint16_t ReadHeap = kReadHeap;
constexpr uint16_t WriteHeap = kWriteHeap;
constexpr uint16_t RunPython = kRunPython | kReadHeap | kWriteHeap;
constexpr uint16_t Exit = kExit;
constexpr uint16_t ResultExit = kExit | kResultExit;
constexpr uint16_t Raise = hir::kRaise;
constexpr uint16_t Terminator = kTerminator;
constexpr uint16_t Pinned = kPinned;
constexpr uint16_t Allocate = kAllocate;

// A custom result is an object unless the builder says otherwise.
constexpr Type kCustom = kObject;

constexpr std::array<OpcodeInfo, kNumOpcodes> kTable = {{
#define HIR_OP(name, operands, result, ownership, effects, imm, doc)                               \
    OpcodeInfo{#name,                                                                              \
               operands,                                                                           \
               k##result,                                                                          \
               std::string_view(#result) == "Custom",                                              \
               Ownership::k##ownership,                                                            \
               static_cast<uint16_t>(effects),                                                     \
               Imm::k##imm,                                                                        \
               doc},
#include "hir/opcodes.def"
#undef HIR_OP
}};

constexpr std::array<std::string_view, 6> kConditionNames = {"lt", "le", "eq", "ne", "gt", "ge"};

} // namespace

constinit const std::array<OpcodeInfo, kNumOpcodes> kOpcodes = kTable;

bool parseOpcode(std::string_view name, Opcode* out) {
    for (size_t i = 0; i < kOpcodes.size(); i++) {
        if (kOpcodes[i].name == name) {
            *out = static_cast<Opcode>(i);
            return true;
        }
    }
    return false;
}

std::string_view name(Condition cc) {
    return kConditionNames[static_cast<size_t>(cc)];
}

Condition negate(Condition cc) {
    switch (cc) {
    case Condition::kLess:
        return Condition::kGreaterEqual;
    case Condition::kLessEqual:
        return Condition::kGreater;
    case Condition::kEqual:
        return Condition::kNotEqual;
    case Condition::kNotEqual:
        return Condition::kEqual;
    case Condition::kGreater:
        return Condition::kLessEqual;
    case Condition::kGreaterEqual:
        return Condition::kLess;
    }
    return cc;
}

Condition swapOperands(Condition cc) {
    switch (cc) {
    case Condition::kLess:
        return Condition::kGreater;
    case Condition::kLessEqual:
        return Condition::kGreaterEqual;
    case Condition::kGreater:
        return Condition::kLess;
    case Condition::kGreaterEqual:
        return Condition::kLessEqual;
    case Condition::kEqual:
    case Condition::kNotEqual:
        break;
    }
    return cc;
}

double Instr::immDouble() const {
    return std::bit_cast<double>(imm_);
}

} // namespace pyston::hir
