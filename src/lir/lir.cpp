#include "lir/lir.h"

#include <algorithm>
#include <array>

namespace pyston::lir {

namespace {

// What the words of the table mean.
namespace table {
constexpr uint16_t Exit = Flag::kExit;
constexpr uint16_t Terminator = Flag::kTerminator;
constexpr uint16_t Call = Flag::kCall;
constexpr uint16_t ColdCall = Flag::kColdCall;
constexpr uint16_t Compare = Flag::kCompare;
constexpr uint16_t Commutes = Flag::kCommutes;
constexpr ResultKind result_0 = ResultKind::kNone;
constexpr ResultKind result_G = ResultKind::kInt;
constexpr ResultKind result_F = ResultKind::kFloat;

constexpr std::array<OpcodeInfo, kNumOpcodes> kRows = {{
#define LIR_OP(name, operands, result, flags, doc) {#name, operands, result_##result, flags, doc},
#include "lir/opcodes.def"
#undef LIR_OP
}};
} // namespace table

constexpr std::string_view kCcNames[] = {"eq",  "ne",  "lt",  "le",   "gt",   "ge",   "ult",
                                         "ule", "ugt", "uge", "fnlt", "fnle", "fngt", "fnge"};

} // namespace

constinit const std::array<OpcodeInfo, kNumOpcodes> kOpcodes = table::kRows;

bool parseOpcode(std::string_view name, Opcode* out) {
    auto it = std::find_if(kOpcodes.begin(), kOpcodes.end(),
                           [&](const OpcodeInfo& row) { return row.name == name; });
    if (it == kOpcodes.end())
        return false;
    *out = static_cast<Opcode>(it - kOpcodes.begin());
    return true;
}

Cc negate(Cc cc) {
    switch (cc) {
    case Cc::kEq:
        return Cc::kNe;
    case Cc::kNe:
        return Cc::kEq;
    case Cc::kLt:
        return Cc::kGe;
    case Cc::kLe:
        return Cc::kGt;
    case Cc::kGt:
        return Cc::kLe;
    case Cc::kGe:
        return Cc::kLt;
    case Cc::kULt:
        return Cc::kUGe;
    case Cc::kULe:
        return Cc::kUGt;
    case Cc::kUGt:
        return Cc::kULe;
    case Cc::kUGe:
        return Cc::kULt;
    case Cc::kFNotLt:
        return Cc::kLt;
    case Cc::kFNotLe:
        return Cc::kLe;
    case Cc::kFNotGt:
        return Cc::kGt;
    case Cc::kFNotGe:
        return Cc::kGe;
    }
    return cc;
}

std::string_view name(Cc cc) {
    return kCcNames[static_cast<size_t>(cc)];
}

void Function::computePreds() {
    for (auto& block : blocks)
        block->preds.clear();
    for (auto& block : blocks) {
        if (block->instrs.empty())
            continue;
        for (Block* target : block->instrs.back().targets) {
            if (target)
                target->preds.push_back(block.get());
        }
    }
}

} // namespace pyston::lir
