// Calls of runtime helpers and of Python functions.
#include "lower/lowering.h"

#include <cassert>
#include <cstddef>

namespace pyston::lower {

using lir::Opcode;
using runtime::Helper;
using runtime::HelperResult;

namespace {

// Before element 0 of an argument array are two slots that the callee may write (for self, and for
// what PY_VECTORCALL_ARGUMENTS_OFFSET promises).
constexpr int kArrayPrefixBytes = 16;
constexpr int kSlotBytes = 8;
constexpr int kStackTopInNative = -2; // the interpreter layer's kInNative

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
    if (helper == Helper::kListAppend)
        return lowerListAppend(instr);
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
    const VReg result =
        helper == Helper::kIsTrue ? lowerIsTrue(instr, args) : callHelper(instr, helper, args);
    if (instr.type().rep != hir::Rep::kVoid)
        define(instr, result);
}

// The helper makes room for more items.
void Lowering::lowerListAppend(const hir::Instr& instr) {
    lir::Block* fits = e_.newBlock();
    lir::Block* full = e_.newColdBlock();
    lir::Block* join = e_.newBlock();
    const VReg list = use(instr.operand(0));
    const VReg item = use(instr.operand(1));
    const VReg size = e_.load64(list, layout_.varSize);
    const VReg allocated = e_.load64(list, layout_.listAllocated);
    e_.branch(Cc::kLt, size, Operand::r(allocated), fits, full);
    e_.start(fits);
    e_.storeIndexed(e_.load64(list, layout_.listItems), size, kSlotBytes, 0, item);
    e_.addMem(Opcode::kAddMem64, list, layout_.varSize, 1);
    e_.jump(join);
    e_.start(full);
    callHelper(instr, Helper::kListAppend, std::array{Operand::r(list), Operand::r(item)});
    e_.jump(join);
    e_.start(join);
}

// Most are True or False, which live on when they are released, and begin no tracing.
VReg Lowering::lowerIsTrue(const hir::Instr& instr, std::span<const Operand> args) {
    lir::Block* call = e_.newColdBlock();
    lir::Block* other = e_.newBlock();
    lir::Block* isTrue = e_.newBlock();
    lir::Block* isFalse = e_.newBlock();
    lir::Block* join = e_.newBlock();
    const VReg result = e_.addParam(join, lir::RegClass::kInt);
    const VReg object = use(instr.operand(0));
    const auto constant = [&](uint64_t address) {
        return e_.immOrReg(static_cast<int64_t>(address));
    };
    const TruthTest test = truthTestOf(instr);
    const auto answerWith = [&](int64_t answer) {
        if (test.release)
            e_.addMem(Opcode::kAddMem64, object, layout_.refcount, -1);
        e_.jump(join, {e_.imm(answer)});
    };
    e_.branch(Cc::kEq, object, constant(context_.trueObject), isTrue, other);
    e_.start(isTrue);
    answerWith(1);
    e_.start(other);
    e_.branch(Cc::kEq, object, constant(context_.falseObject), isFalse, call);
    e_.start(isFalse);
    answerWith(0);
    e_.start(call);
    const VReg answer = callHelper(instr, Helper::kIsTrue, args);
    if (test.release)
        release(*test.release);
    if (test.check) {
        define(instr, result);
        leaveIfTraced(leavingPointWith(*test.check, result, answer));
    }
    e_.jump(join, {answer});
    e_.start(join);
    return result;
}

// A release of the operand, and a check whether tracing has begun, right behind it, are made where
// code is run. A release alone stays one of its own: it is smaller.
Lowering::TruthTest Lowering::truthTestOf(const hir::Instr& isTrue) const {
    const auto& instrs = isTrue.block()->instrs();
    auto next = std::ranges::find(instrs, &isTrue) + 1;
    const auto take = [&](hir::Opcode opcode) {
        return next != instrs.end() && (*next)->opcode() == opcode ? *next++ : nullptr;
    };
    TruthTest test;
    test.release = take(hir::Opcode::kDecref);
    test.check = take(hir::Opcode::kCheckTracing);
    if (!test.check ||
        (test.release && canonical(test.release->operand(0)) != canonical(isTrue.operand(0))))
        return {};
    return test;
}

// Whether the truth test before it, if there is one, makes this release or check.
bool Lowering::isPartOfTruthTest(const hir::Instr& instr) const {
    const auto& instrs = instr.block()->instrs();
    auto at = std::ranges::find(instrs, &instr);
    if (at != instrs.begin() && (*(at - 1))->opcode() == hir::Opcode::kDecref)
        --at;
    if (at == instrs.begin() || (*(at - 1))->opcode() != hir::Opcode::kCallRuntime ||
        static_cast<Helper>((*(at - 1))->imm()) != Helper::kIsTrue)
        return false;
    const TruthTest test = truthTestOf(**(at - 1));
    return test.release == &instr || test.check == &instr;
}

// The callee's frame is made and cleared here if its compiled code can be entered; all else is the
// helper's.
void Lowering::lowerCallDirect(const hir::Instr& instr) {
    const auto* data = reinterpret_cast<const runtime::CodeData*>(instr.imm());
    const VReg thread = e_.threadState();
    const VReg callee = use(instr.operand(0));
    const auto countLevels = [&](int64_t by) {
        if (by != 0)
            e_.addMem(Opcode::kAddMem32, thread, layout_.threadRecursionRemaining, by);
    };
    const auto callHelperFor = [&] {
        const auto array = outgoingArray(instr, 1);
        const std::array args{Operand::r(thread), Operand::i(instr.imm()), Operand::r(callee),
                              array[0], array[1]};
        countLevels(-instr.imm2());
        const VReg returned = e_.call(runtime::address(Helper::kCallDirect), args);
        countLevels(instr.imm2());
        return returned;
    };
    if (data->frame.words == 0)
        return define(instr, checkHelperResult(instr, Helper::kCallDirect, callHelperFor()));

    lir::Block* slow = e_.newColdBlock();
    lir::Block* join = e_.newBlock();
    const VReg result = e_.addParam(join, lir::RegClass::kInt);
    const DirectFrame frame = pushDirectFrame(instr, *data, callee, slow);
    countLevels(-instr.imm2());
    const VReg entry = e_.load64(frame.data, offsetof(runtime::CodeData, nativeEntry));
    const VReg returned =
        e_.callMem(frame.data, offsetof(runtime::CodeData, nativeFunction),
                   {Operand::r(thread), Operand::r(frame.frame), Operand::r(entry)});
    popDirectFrame(frame.frame);
    countLevels(instr.imm2());
    e_.jump(join, {returned});

    e_.start(slow);
    e_.jump(join, {callHelperFor()});
    e_.start(join);
    define(instr, checkHelperResult(instr, Helper::kCallDirect, result));
}

// Leaves to `slow` before anything has happened: the function has other code by now, the code is
// not compiled, the thread is traced, or one of the stacks is full.
Lowering::DirectFrame Lowering::pushDirectFrame(const hir::Instr& instr,
                                                const runtime::CodeData& callee, VReg function,
                                                lir::Block* slow) {
    const VReg thread = e_.threadState();
    const auto codeAddress = reinterpret_cast<int64_t>(callee.code);
    const VReg code = e_.imm(codeAddress);
    continueIf({false, Cc::kEq, e_.load64(function, layout_.functionCode), Operand::r(code)}, slow,
               true);
    const VReg data = e_.imm(instr.imm());
    const VReg native = e_.load64(data, offsetof(runtime::CodeData, nativeFunction));
    continueIf({false, Cc::kNe, native, Operand::i(0)}, slow, true);
    const VReg limit = e_.emit(Opcode::kLoadThreadLocal, {Operand::i(layout_.stackLimit)});
    const VReg stackPointer = e_.emit(Opcode::kLoadStackPointer);
    continueIf({false, Cc::kUGe, stackPointer, Operand::r(limit)}, slow, true);
    const VReg cframe = e_.load64(thread, layout_.threadCframe);
    const VReg tracing = e_.load(Opcode::kLoad8U, cframe, layout_.cframeUseTracing);
    continueIf({false, Cc::kEq, tracing, Operand::i(0)}, slow, true);
    const VReg frame = e_.load64(thread, layout_.threadDataStackTop);
    const VReg end = e_.load(Opcode::kLea, frame, kSlotBytes * int64_t{callee.frame.words});
    const VReg dataLimit = e_.load64(thread, layout_.threadDataStackLimit);
    continueIf({false, Cc::kULt, end, Operand::r(dataLimit)}, slow, true);

    e_.store64(thread, layout_.threadDataStackTop, Operand::r(end));
    e_.emit(Opcode::kIncref, {Operand::r(function)});
    e_.emit(Opcode::kIncref, {Operand::r(code)});
    const auto set = [&](int field, Operand value) { e_.store64(frame, field, value); };
    set(layout_.frameFunction, Operand::r(function));
    set(layout_.frameCode, Operand::r(code));
    set(layout_.frameGlobals, Operand::r(e_.load64(function, layout_.functionGlobals)));
    set(layout_.frameBuiltins, Operand::r(e_.load64(function, layout_.functionBuiltins)));
    set(layout_.frameLocalsDict, Operand::i(0));
    set(layout_.frameObject, Operand::i(0));
    set(layout_.framePrevious, Operand::r(e_.frame()));
    set(layout_.framePrevInstr,
        e_.immOrReg(codeAddress + layout_.codeInstructions - runtime::kCodeUnitBytes));
    e_.store(Opcode::kStore32, frame, layout_.frameStackTop, Operand::i(kStackTopInNative));
    e_.store(Opcode::kStore8, frame, layout_.frameIsEntry, Operand::i(1));
    e_.store(Opcode::kStore8, frame, layout_.frameOwner, Operand::i(0));
    for (int slot = 0; slot < callee.frame.slots; ++slot) {
        const auto operand = static_cast<size_t>(slot) + 1;
        const bool isArgument = operand < instr.numOperands();
        set(layout_.frameSlots + kSlotBytes * slot,
            isArgument ? Operand::r(use(instr.operand(operand))) : Operand::i(0));
    }
    e_.store64(cframe, layout_.cframeCurrentFrame, Operand::r(frame));
    return {data, frame};
}

// Nearly always a frame that returned holds nothing but its function and code.
void Lowering::popDirectFrame(VReg frame) {
    const VReg thread = e_.threadState();
    const VReg holds = e_.emit(
        Opcode::kOr,
        {Operand::r(e_.emit(Opcode::kOr, {Operand::r(e_.load64(frame, layout_.frameObject)),
                                          Operand::r(e_.load64(frame, layout_.frameLocalsDict))})),
         Operand::r(e_.load(Opcode::kLoad32U, frame, layout_.frameStackTop))});
    lir::Block* plain = e_.newBlock();
    lir::Block* other = e_.newColdBlock();
    lir::Block* popped = e_.newBlock();
    e_.branch(Cc::kEq, holds, Operand::i(0), plain, other);

    e_.start(plain);
    const VReg function = e_.load64(frame, layout_.frameFunction);
    const VReg code = e_.load64(frame, layout_.frameCode);
    e_.store64(thread, layout_.threadDataStackTop, Operand::r(frame));
    e_.emit(Opcode::kDecref, {Operand::r(function)});
    e_.emit(Opcode::kDecref, {Operand::r(code)});
    e_.jump(popped);

    e_.start(other);
    e_.call(runtime::address(Helper::kClearFrame), {Operand::r(thread), Operand::r(frame)});
    e_.jump(popped);
    e_.start(popped);
}

} // namespace pyston::lower
