// IterNext: the iterators of range, list and tuple inline, chosen by the iterator's class at run
// time; everything else, and the end of a list or tuple, through the helper.
#include "lower/lowering.h"

namespace pyston::lower {

using lir::Opcode;
using runtime::Helper;

namespace {
constexpr int kPointerBytes = 8;
}

// Continues in a new block if the comparison holds, else in `otherwise` (by a block of its own, as
// `otherwise` has several predecessors).
void Lowering::continueIf(const Compare& compare, lir::Block* otherwise, bool otherwiseCold) {
    lir::Block* next = e_.newBlock();
    lir::Block* middle = otherwiseCold ? e_.newColdBlock() : e_.newBlock();
    e_.branch(compare, next, middle);
    e_.start(middle);
    e_.jump(otherwise);
    e_.start(next);
}

void Lowering::lowerIterNext(const hir::Instr& instr) {
    const VReg iterator = use(instr.operand(0));
    lir::Block* slow = e_.newBlock();
    lir::Block* join = e_.newBlock();
    const VReg result = e_.addParam(join, RegClass::kInt);
    const VReg type = objectType(iterator);
    const auto inlineClass = [&](uint64_t address, auto&& body) {
        if (address == 0)
            return;
        lir::Block* match = e_.newBlock();
        lir::Block* other = e_.newBlock();
        e_.branch(Cc::kEq, type, e_.immOrReg(static_cast<int64_t>(address)), match, other);
        e_.start(match);
        body();
        e_.start(other);
    };
    inlineClass(context_.rangeIterator, [&] { iterateRange(instr, iterator, join); });
    inlineClass(context_.listIterator, [&] { iterateList(iterator, slow, join); });
    inlineClass(context_.tupleIterator, [&] { iterateTuple(iterator, slow, join); });
    e_.jump(slow);

    e_.start(slow);
    const VReg thread = e_.threadState();
    e_.jump(join, {callHelper(instr, Helper::kIterNext,
                              std::array{Operand::r(thread), Operand::r(iterator)})});
    e_.start(join);
    define(instr, result);
}

void Lowering::iterateRange(const hir::Instr& instr, VReg iterator, lir::Block* join) {
    lir::Block* more = e_.newBlock();
    lir::Block* end = e_.newBlock();
    const VReg index = e_.load64(iterator, layout_.rangeIndex);
    const VReg length = e_.load64(iterator, layout_.rangeLength);
    e_.branch(Cc::kLt, index, Operand::r(length), more, end);

    e_.start(end);
    e_.jump(join, {e_.imm(0)});

    e_.start(more);
    const VReg step = e_.load64(iterator, layout_.rangeStep);
    const VReg start = e_.load64(iterator, layout_.rangeStart);
    const VReg offset = e_.emit(Opcode::kMul, {Operand::r(index), Operand::r(step)});
    const VReg value = e_.emit(Opcode::kAdd, {Operand::r(start), Operand::r(offset)});
    e_.addMem(Opcode::kAddMem64, iterator, layout_.rangeIndex, 1);
    e_.jump(join, {callHelper(instr, Helper::kNewInt, std::array{Operand::r(value)})});
}

void Lowering::iterateList(VReg iterator, lir::Block* slow, lir::Block* join) {
    const VReg list = e_.load64(iterator, layout_.listIterSequence);
    continueIf({false, Cc::kNe, list, Operand::i(0)}, slow, true);
    const VReg index = e_.load64(iterator, layout_.listIterIndex);
    const VReg size = e_.load64(list, layout_.varSize);
    continueIf({false, Cc::kLt, index, Operand::r(size)}, slow, false);
    const VReg items = e_.load64(list, layout_.listItems);
    const VReg item = e_.loadIndexed(items, index, kPointerBytes, 0);
    e_.emit(Opcode::kIncref, {Operand::r(item)});
    e_.addMem(Opcode::kAddMem64, iterator, layout_.listIterIndex, 1);
    e_.jump(join, {item});
}

void Lowering::iterateTuple(VReg iterator, lir::Block* slow, lir::Block* join) {
    const VReg tuple = e_.load64(iterator, layout_.tupleIterSequence);
    continueIf({false, Cc::kNe, tuple, Operand::i(0)}, slow, true);
    const VReg index = e_.load64(iterator, layout_.tupleIterIndex);
    const VReg size = e_.load64(tuple, layout_.varSize);
    continueIf({false, Cc::kLt, index, Operand::r(size)}, slow, false);
    const VReg item = e_.loadIndexed(tuple, index, kPointerBytes, layout_.tupleItems);
    e_.emit(Opcode::kIncref, {Operand::r(item)});
    e_.addMem(Opcode::kAddMem64, iterator, layout_.tupleIterIndex, 1);
    e_.jump(join, {item});
}

} // namespace pyston::lower
