// Calls of runtime helpers and of Python functions.
#include "lower/lowering.h"

#include <cassert>

namespace pyston::lower {

using lir::Opcode;
using runtime::Helper;
using runtime::HelperResult;

namespace {

// Before element 0 of an argument array are two slots that the callee may write (for self, and for
// what PY_VECTORCALL_ARGUMENTS_OFFSET promises).
constexpr int kArrayPrefixBytes = 16;
constexpr int kSlotBytes = 8;

} // namespace

VReg Lowering::callHelper(const hir::Instr& instr, Helper helper, std::span<const Operand> args) {
    const uint64_t address = runtime::address(helper);
    if (runtime::info(helper).result == HelperResult::kDouble)
        return e_.callDouble(address, args);
    return checkHelperResult(instr, helper, e_.call(address, args));
}

VReg Lowering::checkHelperResult(const hir::Instr& instr, Helper helper, VReg result) {
    const runtime::HelperInfo& row = runtime::info(helper);
    if ((row.effects & hir::kRaise) == 0)
        return result;
    switch (row.result) {
    case HelperResult::kObject:
        e_.exitIf(Cc::kEq, result, Operand::i(0), errorExit(instr));
        break;
    case HelperResult::kNullable:
        e_.exitIf(Cc::kEq, result, Operand::i(runtime::kErrorSentinel), errorExit(instr));
        break;
    case HelperResult::kStatus:
    case HelperResult::kTruth:
        e_.exitIf(Cc::kLt, result, Operand::i(0), errorExit(instr));
        break;
    default:
        assert(false && "this kind of result cannot tell of an error");
    }
    return result;
}

std::array<Operand, 2> Lowering::outgoingArray(const hir::Instr& instr, size_t first) {
    const auto count = static_cast<int64_t>(instr.numOperands() - first);
    e_.needOutgoing(kArrayPrefixBytes + kSlotBytes * static_cast<int>(count));
    for (int64_t i = 0; i < count; ++i) {
        const VReg value = use(instr.operand(first + static_cast<size_t>(i)));
        e_.emit(Opcode::kStackStore,
                {Operand::i(kArrayPrefixBytes + kSlotBytes * i), Operand::r(value)});
    }
    return {Operand::r(e_.emit(Opcode::kStackAddr, {Operand::i(kArrayPrefixBytes)})),
            Operand::i(count)};
}

void Lowering::lowerCallRuntime(const hir::Instr& instr) {
    const auto helper = static_cast<Helper>(instr.imm());
    const runtime::HelperInfo& row = runtime::info(helper);
    std::vector<Operand> args;
    size_t next = 0;
    for (const char kind : row.args) {
        switch (kind) {
        case 'T':
            args.push_back(Operand::r(e_.threadState()));
            break;
        case 'F':
            args.push_back(Operand::r(e_.frame()));
            break;
        case '$':
            args.push_back(Operand::i(instr.imm2()));
            break;
        case '*':
        case 'P':
            for (const Operand& operand : outgoingArray(instr, next))
                args.push_back(operand);
            next = instr.numOperands();
            break;
        default:
            args.push_back(useX(instr.operand(next++)));
            break;
        }
    }
    assert(next == instr.numOperands());
    const VReg result = callHelper(instr, helper, args);
    if (instr.type().rep != hir::Rep::kVoid)
        define(instr, result);
}

void Lowering::lowerCallDirect(const hir::Instr& instr) {
    const VReg thread = e_.threadState();
    const VReg callee = use(instr.operand(0));
    const auto array = outgoingArray(instr, 1);
    const std::array args{Operand::r(thread), Operand::i(instr.imm()), Operand::r(callee), array[0],
                          array[1]};
    define(instr, callHelper(instr, Helper::kCallDirect, args));
}

} // namespace pyston::lower
