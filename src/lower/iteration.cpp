// Iterators. The known classes are told apart in the HIR (passes/split_iteration.cpp).
#include "lower/lowering.h"

#include <cassert>

namespace pyston::lower {

using hir::ExactClass;
using lir::Opcode;
using runtime::Helper;

namespace {
constexpr int kPointerBytes = 8;
}

void Lowering::lowerIterNext(const hir::Instr& instr) {
    const VReg iterator = use(instr.operand(0));
    const VReg thread = e_.threadState();
    const auto callNext = [&] {
        return callHelper(instr, Helper::kIterNext,
                          std::array{Operand::r(thread), Operand::r(iterator)});
    };
    if (context_.generator == 0)
        return define(instr, callNext());
    lir::Block* slow = e_.newBlock();
    lir::Block* join = e_.newBlock();
    const VReg result = e_.addParam(join, RegClass::kInt);
    continueIf({false, Cc::kEq, objectType(iterator),
                e_.immOrReg(static_cast<int64_t>(context_.generator))},
               slow, false);
    resumeGenerator(instr, iterator, e_.immOrReg(static_cast<int64_t>(context_.none)),
                    Helper::kFinishNext, slow, join);
    e_.start(slow);
    e_.jump(join, {callNext()});
    e_.start(join);
    define(instr, result);
}

Lowering::SequenceIterator Lowering::sequenceIterator(const hir::Instr& instr) const {
    if (instr.immClass() == ExactClass::kListIterator)
        return {layout_.listIterIndex, layout_.listIterSequence};
    assert(instr.immClass() == ExactClass::kTupleIterator);
    return {layout_.tupleIterIndex, layout_.tupleIterSequence};
}

void Lowering::lowerIterLeft(const hir::Instr& instr) {
    const VReg iterator = use(instr.operand(0));
    define(instr, instr.immClass() == ExactClass::kRangeIterator
                      ? itemsLeftInRange(iterator)
                      : itemsLeftInSequence(iterator, sequenceIterator(instr)));
}

// Index and length are C longs, the index at most the length.
VReg Lowering::itemsLeftInRange(VReg iterator) {
    const VReg length = e_.load64(iterator, layout_.rangeLength);
    const VReg index = e_.load64(iterator, layout_.rangeIndex);
    return e_.emit(Opcode::kSub, {Operand::r(length), Operand::r(index)});
}

// Negative when a list has become shorter than the index. An iterator that has ended has let go of
// its sequence.
VReg Lowering::itemsLeftInSequence(VReg iterator, SequenceIterator offsets) {
    lir::Block* running = e_.newBlock();
    lir::Block* ended = e_.newColdBlock();
    lir::Block* join = e_.newBlock();
    const VReg left = e_.addParam(join, RegClass::kInt);
    const VReg sequence = e_.load64(iterator, offsets.sequence);
    e_.branch(Cc::kNe, sequence, Operand::i(0), running, ended);

    e_.start(running);
    const VReg size = e_.load64(sequence, layout_.varSize);
    const VReg index = e_.load64(iterator, offsets.index);
    e_.jump(join, {e_.emit(Opcode::kSub, {Operand::r(size), Operand::r(index)})});

    e_.start(ended);
    e_.jump(join, {e_.imm(0)});
    e_.start(join);
    return left;
}

void Lowering::lowerRangeIterNext(const hir::Instr& instr) {
    const VReg iterator = use(instr.operand(0));
    const VReg index = e_.load64(iterator, layout_.rangeIndex);
    const VReg step = e_.load64(iterator, layout_.rangeStep);
    const VReg start = e_.load64(iterator, layout_.rangeStart);
    const VReg offset = e_.emit(Opcode::kMul, {Operand::r(index), Operand::r(step)});
    e_.addMem(Opcode::kAddMem64, iterator, layout_.rangeIndex, 1);
    define(instr, e_.emit(Opcode::kAdd, {Operand::r(start), Operand::r(offset)}));
}

void Lowering::lowerSequenceIterNext(const hir::Instr& instr) {
    const SequenceIterator offsets = sequenceIterator(instr);
    const VReg iterator = use(instr.operand(0));
    const VReg sequence = e_.load64(iterator, offsets.sequence);
    const VReg index = e_.load64(iterator, offsets.index);
    const bool isList = instr.immClass() == ExactClass::kListIterator;
    const VReg items = isList ? e_.load64(sequence, layout_.listItems) : sequence;
    define(instr, e_.loadIndexed(items, index, kPointerBytes, isList ? 0 : layout_.tupleItems));
    e_.addMem(Opcode::kAddMem64, iterator, offsets.index, 1);
}

} // namespace pyston::lower
