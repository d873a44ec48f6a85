// Send, and generators resumed by loops and delegation.
#include "lower/lowering.h"

#include <cstddef>

namespace pyston::lower {

using lir::Opcode;
using runtime::Helper;
using runtime::NativeEntry;

namespace {
constexpr int kFrameSuspended = 0xff; // CPython's FRAME_SUSPENDED as an unsigned byte
}

void Lowering::lowerSend(const hir::Instr& instr) {
    const VReg receiver = use(instr.operand(0));
    const VReg value = use(instr.operand(1));
    lir::Block* slow = e_.newBlock();
    lir::Block* join = e_.newBlock();
    const VReg result = e_.addParam(join, RegClass::kInt);
    if (context_.generator != 0 && context_.coroutine != 0) {
        const VReg type = objectType(receiver);
        lir::Block* match = e_.newBlock();
        for (const uint64_t address : {context_.generator, context_.coroutine}) {
            lir::Block* same = e_.newBlock();
            lir::Block* other = e_.newBlock();
            e_.branch(Cc::kEq, type, e_.immOrReg(static_cast<int64_t>(address)), same, other);
            e_.start(same);
            e_.jump(match);
            e_.start(other);
        }
        e_.jump(slow);
        e_.start(match);
        resumeGenerator(instr, receiver, Operand::r(value), Helper::kFinishSend, slow, join);
    } else {
        e_.jump(slow);
    }

    e_.start(slow);
    const VReg thread = e_.threadState();
    e_.jump(join,
            {callHelper(instr, instr.imm2() != 0 ? Helper::kSendToNext : Helper::kSendValue,
                        std::array{Operand::r(thread), Operand::r(receiver), Operand::r(value)})});
    e_.start(join);
    define(instr, result);
}

// gen_send_ex2() in genobject.c; what comes before the frame runs, and what comes after it when the
// frame is not suspended, are helpers'. The native code is called from here, not by a helper, so
// that a chain of generators takes one return address per generator: the CPU predicts only so many.
void Lowering::resumeGenerator(const hir::Instr& instr, VReg generator, Operand value,
                               Helper finish, lir::Block* slow, lir::Block* join) {
    const VReg thread = e_.threadState();
    const VReg prepared = e_.call(runtime::address(Helper::kPrepareResume),
                                  {Operand::r(thread), Operand::r(generator), value});
    continueIf({false, Cc::kNe, prepared, Operand::i(0)}, slow, true);
    const VReg frame = e_.load(Opcode::kLea, generator, layout_.generatorFrame);
    const VReg entry = e_.load64(prepared, offsetof(NativeEntry, entry));
    const VReg result = e_.callMem(prepared, offsetof(NativeEntry, function),
                                   {Operand::r(thread), Operand::r(frame), Operand::r(entry)});
    const VReg excInfo = e_.load64(generator, layout_.generatorPreviousExcInfo);
    e_.store64(thread, layout_.threadExcInfo, Operand::r(excInfo));
    e_.store64(generator, layout_.generatorPreviousExcInfo, Operand::i(0));
    e_.store64(generator, layout_.generatorFrame + layout_.framePrevious, Operand::i(0));
    lir::Block* over = e_.newColdBlock();
    continueIf({false, Cc::kNe, result, Operand::i(0)}, over, true);
    const VReg state =
        e_.load(Opcode::kLoad8U, generator, layout_.generatorFrame + layout_.generatorFrameState);
    continueIf({false, Cc::kEq, state, Operand::i(kFrameSuspended)}, over, true);
    e_.jump(join, {result});

    e_.start(over);
    e_.jump(join, {callHelper(
                      instr, finish,
                      std::array{Operand::r(thread), Operand::r(generator), Operand::r(result)})});
}

} // namespace pyston::lower
