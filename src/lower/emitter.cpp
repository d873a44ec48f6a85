#include "lower/emitter.h"

#include <algorithm>
#include <cassert>

namespace pyston::lower {

namespace {

Cc negateFloat(Cc cc) {
    switch (cc) {
    case Cc::kEq:
        return Cc::kNe;
    case Cc::kNe:
        return Cc::kEq;
    case Cc::kLt:
        return Cc::kFNotLt;
    case Cc::kLe:
        return Cc::kFNotLe;
    case Cc::kGt:
        return Cc::kFNotGt;
    case Cc::kGe:
        return Cc::kFNotGe;
    case Cc::kFNotLt:
        return Cc::kLt;
    case Cc::kFNotLe:
        return Cc::kLe;
    case Cc::kFNotGt:
        return Cc::kGt;
    case Cc::kFNotGe:
        return Cc::kGe;
    default:
        assert(false && "unsigned condition on floats");
        return cc;
    }
}

} // namespace

Compare negate(const Compare& compare) {
    Compare result = compare;
    result.cc = compare.isFloat ? negateFloat(compare.cc) : lir::negate(compare.cc);
    return result;
}

lir::Block* Emitter::newColdBlock() {
    lir::Block* block = newBlock();
    block->cold = true;
    return block;
}

VReg Emitter::addParam(lir::Block* block, RegClass cls) {
    block->params.push_back(fn_.newReg(cls));
    return block->params.back();
}

void Emitter::start(lir::Block* block) {
    block->loopDepth = loopDepth_;
    block->cold = block->cold || cold_;
    block_ = block;
    order_.push_back(block);
}

void Emitter::setRegion(int loopDepth, bool cold) {
    loopDepth_ = loopDepth;
    cold_ = cold;
}

void Emitter::finish() {
    assert(order_.size() == fn_.blocks.size() && "every block is started once");
    std::ranges::stable_partition(order_, [](const lir::Block* block) { return !block->cold; });
    std::vector<std::unique_ptr<lir::Block>> owned(fn_.blocks.size());
    for (size_t i = 0; i < order_.size(); ++i) {
        const auto oldId = static_cast<size_t>(order_[i]->id);
        owned[i] = std::move(fn_.blocks[oldId]);
    }
    for (size_t i = 0; i < owned.size(); ++i)
        owned[i]->id = static_cast<int>(i);
    fn_.blocks = std::move(owned);
    fn_.computePreds();
}

lir::Instr& Emitter::append(lir::Opcode op) {
    assert(block_ && "no block was started");
    lir::Instr& instr = block_->instrs.emplace_back();
    instr.op = op;
    switch (lir::info(op).result) {
    case lir::ResultKind::kNone:
        break;
    case lir::ResultKind::kInt:
        instr.result = fn_.newReg(RegClass::kInt);
        break;
    case lir::ResultKind::kFloat:
        instr.result = fn_.newReg(RegClass::kFloat);
        break;
    }
    return instr;
}

VReg Emitter::emit(lir::Opcode op, std::span<const Operand> operands) {
    lir::Instr& instr = append(op);
    instr.operands.assign(operands.begin(), operands.end());
    return instr.result;
}

VReg Emitter::emit(lir::Opcode op, std::initializer_list<Operand> operands) {
    return emit(op, std::span(operands.begin(), operands.size()));
}

VReg Emitter::imm(int64_t value) {
    return emit(lir::Opcode::kLoadImm, {Operand::i(value)});
}

VReg Emitter::doubleBits(int64_t bits) {
    return emit(lir::Opcode::kFLoadImm, {Operand::i(bits)});
}

Operand Emitter::immOrReg(int64_t value) {
    return fitsImmediate(value) ? Operand::i(value) : Operand::r(imm(value));
}

VReg Emitter::load(lir::Opcode op, VReg base, int64_t disp) {
    assert(fitsImmediate(disp));
    lir::Instr& instr = append(op);
    instr.operands = {Operand::r(base)};
    instr.disp = static_cast<int32_t>(disp);
    return instr.result;
}

VReg Emitter::loadIndexed(VReg base, VReg index, int scale, int64_t disp) {
    assert(fitsImmediate(disp));
    lir::Instr& instr = append(lir::Opcode::kLoadIdx64);
    instr.operands = {Operand::r(base), Operand::r(index)};
    instr.scale = static_cast<uint8_t>(scale);
    instr.disp = static_cast<int32_t>(disp);
    return instr.result;
}

void Emitter::storeIndexed(VReg base, VReg index, int scale, int64_t disp, VReg value) {
    assert(fitsImmediate(disp));
    lir::Instr& instr = append(lir::Opcode::kStoreIdx64);
    instr.operands = {Operand::r(base), Operand::r(index), Operand::r(value)};
    instr.scale = static_cast<uint8_t>(scale);
    instr.disp = static_cast<int32_t>(disp);
}

void Emitter::store(lir::Opcode op, VReg base, int64_t disp, Operand value) {
    assert(fitsImmediate(disp));
    lir::Instr& instr = append(op);
    instr.operands = {Operand::r(base), value};
    instr.disp = static_cast<int32_t>(disp);
}

void Emitter::addMem(lir::Opcode op, VReg base, int64_t disp, int64_t amount) {
    store(op, base, disp, Operand::i(amount));
}

VReg Emitter::emitExit(lir::Opcode op, int exit, std::initializer_list<Operand> operands) {
    lir::Instr& instr = append(op);
    instr.exit = exit;
    instr.operands.assign(operands.begin(), operands.end());
    return instr.result;
}

void Emitter::exitIf(const Compare& compare, int exit) {
    lir::Instr& instr = append(compare.isFloat ? lir::Opcode::kFExitIf : lir::Opcode::kExitIf);
    instr.cc = compare.cc;
    instr.exit = exit;
    instr.operands = {Operand::r(compare.a), compare.b};
}

void Emitter::exitIfMem(lir::Opcode op, Cc cc, VReg base, int64_t disp, Operand value, int exit) {
    assert(fitsImmediate(disp));
    lir::Instr& instr = append(op);
    instr.cc = cc;
    instr.exit = exit;
    instr.operands = {Operand::r(base), value};
    instr.disp = static_cast<int32_t>(disp);
}

VReg Emitter::set(const Compare& compare) {
    lir::Instr& instr = append(compare.isFloat ? lir::Opcode::kFSetCmp : lir::Opcode::kSetCmp);
    instr.cc = compare.cc;
    instr.operands = {Operand::r(compare.a), compare.b};
    return instr.result;
}

VReg Emitter::select(Cc cc, VReg a, Operand b, VReg ifTrue, VReg ifFalse) {
    lir::Instr& instr = append(lir::Opcode::kSelect);
    instr.cc = cc;
    instr.operands = {Operand::r(a), b, Operand::r(ifTrue), Operand::r(ifFalse)};
    return instr.result;
}

VReg Emitter::call(uint64_t address, std::span<const Operand> args) {
    lir::Instr& instr = append(lir::Opcode::kCall);
    instr.operands = {Operand::i(static_cast<int64_t>(address))};
    instr.operands.insert(instr.operands.end(), args.begin(), args.end());
    return instr.result;
}

VReg Emitter::callMem(VReg base, int64_t disp, std::initializer_list<Operand> args) {
    assert(fitsImmediate(disp));
    lir::Instr& instr = append(lir::Opcode::kCallMem);
    instr.operands = {Operand::r(base)};
    instr.operands.insert(instr.operands.end(), args.begin(), args.end());
    instr.disp = static_cast<int32_t>(disp);
    return instr.result;
}

VReg Emitter::callDouble(uint64_t address, std::span<const Operand> args) {
    lir::Instr& instr = append(lir::Opcode::kFCall);
    instr.operands = {Operand::i(static_cast<int64_t>(address))};
    instr.operands.insert(instr.operands.end(), args.begin(), args.end());
    return instr.result;
}

VReg Emitter::coldCall(Cc cc, VReg value, uint64_t address, std::initializer_list<Operand> args) {
    lir::Instr& instr = append(lir::Opcode::kColdCall);
    instr.cc = cc;
    instr.operands = {Operand::r(value), Operand::i(static_cast<int64_t>(address))};
    instr.operands.insert(instr.operands.end(), args.begin(), args.end());
    return instr.result;
}

void Emitter::jump(lir::Block* target, std::span<const VReg> args) {
    lir::Instr& instr = append(lir::Opcode::kJump);
    instr.targets[0] = target;
    instr.args[0].assign(args.begin(), args.end());
}

void Emitter::branch(const Compare& compare, lir::Block* ifTrue, lir::Block* ifFalse) {
    lir::Instr& instr = append(compare.isFloat ? lir::Opcode::kFBranch : lir::Opcode::kBranch);
    instr.cc = compare.cc;
    instr.operands = {Operand::r(compare.a), compare.b};
    instr.targets[0] = ifTrue;
    instr.targets[1] = ifFalse;
}

void Emitter::needOutgoing(int bytes) {
    fn_.outgoingBytes = std::max(fn_.outgoingBytes, bytes);
}

} // namespace pyston::lower
