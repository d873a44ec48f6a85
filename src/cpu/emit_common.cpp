#include "cpu/emit_common.h"

#include <algorithm>
#include <cassert>
#include <new>

namespace pyston::cpu {

using lir::Block;
using lir::Instr;
using lir::Opcode;
using regalloc::InstrPlaces;
using regalloc::Move;
using regalloc::Place;

namespace {

// Block ids are unique but need not be dense.
size_t idLimit(const lir::Function& fn) {
    int highest = -1;
    for (const auto& block : fn.blocks)
        highest = std::max(highest, block->id);
    return static_cast<size_t>(highest + 1);
}

} // namespace

// --- ExitTable

exits::Location ExitTable::locate(const lir::ExitOperand& operand, const Place& place) {
    exits::Location location;
    location.repr = operand.repr;
    location.incref = operand.incref;
    switch (operand.kind) {
    case lir::ExitOperand::kReg:
        assert(place.kind != Place::kNone);
        location.index = place.index;
        if (place.kind == Place::kSpill)
            location.kind = exits::Location::kSpill;
        else if (fn_.classes[operand.reg] == lir::RegClass::kFloat)
            location.kind = exits::Location::kFpRegister;
        else
            location.kind = exits::Location::kGpRegister;
        break;
    case lir::ExitOperand::kConst: {
        auto [it, isNew] = constantIndex_.try_emplace(static_cast<uint64_t>(operand.bits),
                                                      static_cast<int32_t>(constants_.size()));
        if (isNew)
            constants_.push_back(static_cast<uint64_t>(operand.bits));
        location.kind = exits::Location::kConst;
        location.index = it->second;
        break;
    }
    case lir::ExitOperand::kInFrame:
        location.kind = exits::Location::kInFrame;
        break;
    case lir::ExitOperand::kNull:
        location.kind = exits::Location::kNull;
        break;
    }
    return location;
}

uint32_t ExitTable::add(const Instr& instr, const InstrPlaces& places) {
    const lir::ExitPoint& point = fn_.exits[instr.exit];
    const auto first = static_cast<uint32_t>(locations_.size());
    auto append = [&](const std::vector<lir::ExitOperand>& operands, std::span<const Place> at) {
        for (size_t i = 0; i < operands.size(); ++i)
            locations_.push_back(locate(operands[i], i < at.size() ? at[i] : Place{}));
    };
    append(point.slots, places.exitSlots);
    append(point.stack, places.exitStack);
    append(point.releases, places.exitReleases);
    const size_t count = locations_.size() - first;

    auto same = [](const exits::Location& a, const exits::Location& b) {
        return a.kind == b.kind && a.repr == b.repr && a.incref == b.incref && a.index == b.index;
    };
    auto [begin, end] = recordsOfExit_.equal_range(instr.exit);
    for (auto it = begin; it != end; ++it) {
        auto other = locations_.begin() + records_[it->second].firstLocation;
        if (std::equal(other, other + count, locations_.begin() + first, same)) {
            locations_.resize(first);
            return it->second;
        }
    }
    exits::Record record{};
    record.reason = point.reason;
    record.hirOpcode = point.hirOpcode;
    record.stackDepth = static_cast<uint16_t>(point.stack.size());
    record.resumeOffset = point.resumeOffset;
    record.instrOffset = point.instrOffset;
    record.firstLocation = first;
    record.firstInlined = static_cast<uint32_t>(inlined_.size());
    record.numInlined = static_cast<uint32_t>(point.inlined.size());
    inlined_.insert(inlined_.end(), point.inlined.begin(), point.inlined.end());
    record.numReleases = static_cast<uint32_t>(point.releases.size());
    records_.push_back(record);
    const auto index = static_cast<uint32_t>(records_.size() - 1);
    recordsOfExit_.emplace(instr.exit, index);
    return index;
}

uint64_t ExitTable::registersRead(lir::RegClass cls) const {
    const auto kind =
        cls == lir::RegClass::kInt ? exits::Location::kGpRegister : exits::Location::kFpRegister;
    uint64_t mask = 0;
    for (const exits::Location& location : locations_)
        if (location.kind == kind)
            mask |= uint64_t{1} << location.index;
    return mask;
}

void ExitTable::moveTo(EmittedCode& out) {
    out.exits = std::move(records_);
    out.inlined = std::move(inlined_);
    out.locations = std::move(locations_);
    out.constants = std::move(constants_);
}

// --- BlockLayout

BlockLayout::BlockLayout(const lir::Function& fn, const regalloc::Allocation& allocation) {
    auto onlyJumps = [&](const Block& block) {
        if (block.entryOffset >= 0 || block.instrs.size() != 1 ||
            block.instrs[0].op != Opcode::kJump)
            return false;
        const regalloc::BlockPlaces& places = allocation.blocks[block.id];
        return places.atEnd.empty() && places.instrs[0].before.empty();
    };
    target_.resize(idLimit(fn));
    for (const auto& block : fn.blocks) {
        const Block* at = block.get();
        // Bounded: blocks that only jump may form an endless loop.
        for (size_t steps = 0; steps < fn.blocks.size() && onlyJumps(*at); ++steps)
            at = at->instrs[0].targets[0];
        target_[block->id] = at;
    }
    std::vector<bool> emitted(idLimit(fn));
    for (const auto& block : fn.blocks) {
        // Also what such an endless loop resolves to.
        emitted[target_[block->id]->id] = true;
        if (!onlyJumps(*block))
            emitted[block->id] = true;
    }
    for (bool cold : {false, true})
        for (const auto& block : fn.blocks)
            if (block->cold == cold && emitted[block->id])
                order_.push_back(block.get());
}

// --- Emitter

Emitter::Emitter(const Target& target, const lir::Function& fn,
                 const regalloc::Allocation& allocation, const RuntimeAddresses& runtime,
                 uint64_t base, const void* blob, bool wantListing)
    : target_(target), fn_(fn), allocation_(allocation), runtime_(runtime), base_(base),
      blob_(blob), layout_(fn, allocation), exits_(fn), wantListing_(wantListing) {
    findUsedRegisters();
}

void Emitter::attach(asmjit::Arch arch, asmjit::BaseAssembler& assembler) {
    asm_ = &assembler;
    check(code_.init(asmjit::Environment(arch), base_));
    code_.setErrorHandler(this);
    if (wantListing_) {
        logger_.setIndentation(asmjit::FormatIndentationGroup::kCode, 4);
        code_.setLogger(&logger_);
    }
    check(code_.attach(&assembler));
}

void Emitter::check(asmjit::Error error) {
    if (error != asmjit::kErrorOk)
        handleError(error, asmjit::DebugUtils::errorAsString(error), asm_);
}

// (asmjit is prepared for its error handler to throw. It must not go on with a label, say, that it
// had no memory for.)
void Emitter::handleError(asmjit::Error error, const char* message, asmjit::BaseEmitter*) {
    if (error == asmjit::kErrorOutOfMemory)
        throw std::bad_alloc();
    if (failure_.empty())
        failure_ = message;
}

EmittedCode Emitter::run() {
    labels_.resize(idLimit(fn_));
    for (const auto& block : fn_.blocks)
        labels_[block->id] = asm_->newLabel();
    emitPrologue();
    const auto order = layout_.order();
    for (size_t i = 0; i < order.size(); ++i) {
        next_ = i + 1 < order.size() ? order[i + 1] : nullptr;
        emitBlock(*order[i]);
    }
    if (wantListing_)
        asm_->comment("; out of line\n");
    for (size_t i = 0; i < outOfLine_.size(); ++i)
        outOfLine_[i]();
    if (exits_.size() > 0) {
        if (wantListing_)
            asm_->comment("; exits\n");
        for (bool withFloats : {false, true})
            if (observeTails_[withFloats].isValid())
                emitObserveTail(observeTails_[withFloats], withFloats);
        if (plainTail_.isValid())
            emitPlainTail(plainTail_);
        asmjit::Label tail = asm_->newLabel();
        emitExitTail(tail);
        std::vector<ExitStub> stubs;
        for (uint32_t i = 0; i < stubs_.size(); ++i)
            if (stubs_[i].isValid())
                stubs.push_back({i, stubs_[i]});
        emitExitStubs(stubs, tail);
    }

    EmittedCode out;
    check(code_.flatten());
    check(code_.resolveUnresolvedLinks());
    check(code_.relocateToBase(base_));
    if (failure_.empty()) {
        out.bytes.resize(code_.codeSize());
        code_.copyFlattenedData(out.bytes.data(), out.bytes.size());
    }
    for (const auto& block : fn_.blocks)
        if (block->entryOffset >= 0)
            out.entries.emplace_back(block->entryOffset,
                                     static_cast<uint32_t>(code_.labelOffset(labels_[block->id])));
    std::sort(out.entries.begin(), out.entries.end());
    exits_.moveTo(out);
    finish(out);
    if (wantListing_)
        out.listing.assign(logger_.data(), logger_.dataSize());
    if (!failure_.empty())
        out.listing += "; failed: " + failure_ + "\n";
    return out;
}

void Emitter::emitBlock(const Block& block) {
    asm_->bind(labels_[block.id]);
    if (wantListing_)
        comment(block);
    current_ = &allocation_.blocks[block.id];
    for (size_t i = 0; i < block.instrs.size(); ++i) {
        const Instr& instr = block.instrs[i];
        const InstrPlaces& places = current_->instrs[i];
        if (wantListing_)
            comment(instr);
        performMoves(places.before);
        if (instr.op == Opcode::kJump) {
            performMoves(current_->atEnd);
            emitJumpUnlessNext(instr.targets[0]);
        } else {
            emitInstr(instr, places);
        }
    }
}

asmjit::Label Emitter::labelOf(const Block* block) const {
    return labels_[layout_.resolve(block)->id];
}

asmjit::Label Emitter::exitLabel(const Instr& instr, const InstrPlaces& places) {
    return exitLabel(exitRecord(instr, places));
}

asmjit::Label Emitter::exitLabel(uint32_t record) {
    if (record >= stubs_.size())
        stubs_.resize(record + 1);
    if (!stubs_[record].isValid())
        stubs_[record] = asm_->newLabel();
    return stubs_[record];
}

bool Emitter::mayLeave(const Instr& release) const {
    return fn_.exits[release.exit].reason == exits::Reason::kTracing;
}

asmjit::Label Emitter::plainTail() {
    if (!plainTail_.isValid())
        plainTail_ = asm_->newLabel();
    return plainTail_;
}

asmjit::Label Emitter::observeTail(const Instr& instr, const InstrPlaces& places) {
    bool withFloats = places.liveFpAcross != 0;
    const lir::ExitPoint& point = fn_.exits[instr.exit];
    for (const auto* values : {&point.slots, &point.stack, &point.releases}) {
        for (const lir::ExitOperand& value : *values)
            withFloats |= value.kind == lir::ExitOperand::kReg &&
                          fn_.classes[value.reg] == lir::RegClass::kFloat;
    }
    asmjit::Label& tail = observeTails_[withFloats];
    if (!tail.isValid())
        tail = asm_->newLabel();
    return tail;
}

std::optional<std::vector<Emitter::FrameStore>>
Emitter::storesThatShow(const Instr& instr, const InstrPlaces& places) const {
    constexpr size_t kMostStores = 8;
    const lir::ExitPoint& point = fn_.exits[instr.exit];
    if (point.instrAddress == 0 || !point.inlined.empty())
        return {};
    std::vector<FrameStore> stores{
        {.disp = runtime_.framePrevInstrOffset, .value = {}, .imm = point.instrAddress}};
    for (size_t i = 0; i < point.slots.size(); ++i) {
        const lir::ExitOperand& slot = point.slots[i];
        if (slot.kind == lir::ExitOperand::kInFrame)
            continue;
        if (slot.repr != exits::Repr::kObject || stores.size() == kMostStores)
            return {};
        FrameStore store{.disp = runtime_.frameSlotsOffset + 8 * static_cast<int32_t>(i),
                         .value = {}};
        if (slot.kind == lir::ExitOperand::kReg)
            store.value = places.exitSlots[i];
        else if (slot.kind == lir::ExitOperand::kConst)
            store.imm = slot.bits;
        stores.push_back(store);
    }
    return stores;
}

void Emitter::emitJumpUnlessNext(const Block* block) {
    if (!isNext(block))
        emitJump(labelOf(block));
}

void Emitter::performMoves(const std::vector<Move>& parallel) {
    if (parallel.empty())
        return;
    if (parallel.size() == 1) {
        emitMove(parallel.front());
        return;
    }
    const Place gpScratch{Place::kRegister, static_cast<int16_t>(target_.gpScratch)};
    const Place fpScratch{Place::kRegister, static_cast<int16_t>(target_.fpScratch)};
    for (const Move& move : regalloc::sequentialize(parallel, gpScratch, fpScratch))
        emitMove(move);
}

void Emitter::moveArguments(const Instr& instr, const InstrPlaces& places, size_t first,
                            Place pointer, int pointerTo) {
    std::vector<Move> moves;
    std::vector<std::pair<int, uint64_t>> immediates;
    size_t gp = 0, fp = 0;
    auto inRegister = [](int reg) { return Place{Place::kRegister, static_cast<int16_t>(reg)}; };
    for (size_t i = first; i < instr.operands.size(); ++i) {
        const lir::Operand& operand = instr.operands[i];
        if (!operand.isImm && fn_.classes[operand.reg] == lir::RegClass::kFloat) {
            assert(fp < target_.fpArguments.size());
            moves.push_back(
                {lir::RegClass::kFloat, places.operands[i], inRegister(target_.fpArguments[fp++])});
            continue;
        }
        assert(gp < target_.gpArguments.size());
        const int to = target_.gpArguments[gp++];
        if (operand.isImm)
            immediates.emplace_back(to, static_cast<uint64_t>(operand.imm));
        else
            moves.push_back({lir::RegClass::kInt, places.operands[i], inRegister(to)});
    }
    if (pointerTo >= 0)
        moves.push_back({lir::RegClass::kInt, pointer, inRegister(pointerTo)});
    std::erase_if(moves, [](const Move& move) { return move.from == move.to; });
    performMoves(moves);
    for (auto [reg, value] : immediates)
        emitLoadImm(reg, value);
}

void Emitter::findUsedRegisters() {
    auto note = [&](lir::RegClass cls, const Place& place) {
        if (place.kind == Place::kRegister)
            used_[static_cast<size_t>(cls)] |= uint64_t{1} << place.index;
    };
    auto noteMoves = [&](const std::vector<Move>& moves) {
        for (const Move& move : moves) {
            note(move.cls, move.from);
            note(move.cls, move.to);
        }
    };
    for (const auto& block : fn_.blocks) {
        const regalloc::BlockPlaces& places = allocation_.blocks[block->id];
        noteMoves(places.atEnd);
        for (size_t i = 0; i < block->instrs.size(); ++i) {
            noteMoves(places.instrs[i].before);
            const Instr& instr = block->instrs[i];
            if (instr.result != lir::kNoReg)
                note(fn_.classes[instr.result], places.instrs[i].result);
        }
    }
}

// --- listing

namespace {

std::string describe(const Instr& instr) {
    std::string text = "; ";
    auto reg = [](lir::VReg r) { return "v" + std::to_string(r); };
    if (instr.result != lir::kNoReg)
        text += reg(instr.result) + " = ";
    text += instr.info().name;
    if (instr.has(lir::kCompare))
        text += "." + std::string(lir::name(instr.cc));
    const char* separator = " ";
    for (const lir::Operand& operand : instr.operands) {
        text += separator + (operand.isImm ? std::to_string(operand.imm) : reg(operand.reg));
        separator = ", ";
    }
    if (instr.disp != 0)
        text += " disp " + std::to_string(instr.disp);
    for (const Block* target : instr.targets)
        if (target)
            text += " b" + std::to_string(target->id);
    if (instr.exit >= 0)
        text += " exit " + std::to_string(instr.exit);
    return text;
}

} // namespace

void Emitter::comment(const Block& block) {
    std::string text = "; b" + std::to_string(block.id);
    if (block.entryOffset >= 0)
        text += " entry " + std::to_string(block.entryOffset);
    if (block.cold)
        text += " cold";
    asm_->comment((text + "\n").c_str());
}

void Emitter::comment(const Instr& instr) {
    asm_->comment((describe(instr) + "\n").c_str());
}

} // namespace pyston::cpu
